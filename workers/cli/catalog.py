"""The actions that a command knows: ours, and those of the modules that `TRUNKLINE_ACTIONS` names."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from activities.action import Action
from activities.catalog import CatalogAsNeeded, CatalogError, catalog, connection_kinds
from activities.descriptions.store import Store
from workers.definitions.checking.operations import Services
from workers.errors import TrunklineError
from workers.process.connections_file import load_connections
from workers.settings import Settings


def services_at_hand(actions: Mapping[str, Action]) -> Services | None:
    """Return what is known of described services; None where there is no file of connections.

    Raises:
        SettingsError: that file is not what it should be.
    """
    settings = Settings.from_environment()
    if settings.connections is None:
        return None
    connections = load_connections(settings.connections, connection_kinds(actions))
    return Services(connections=connections, store=Store(settings.cache))


def actions_at_hand() -> Mapping[str, Action]:
    """Return every action by name; ours are loaded as far as they are asked for, where there are no others.

    Raises:
        TrunklineError: a module of `TRUNKLINE_ACTIONS` cannot join.
    """
    modules = Settings.from_environment().actions
    if not modules:
        return CatalogAsNeeded()
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return catalog(modules)
    except CatalogError as error:
        raise TrunklineError(str(error)) from None
