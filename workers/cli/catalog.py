"""The actions that a command knows: ours, and those of the modules that `TRUNKLINE_ACTIONS` names."""

from __future__ import annotations

import sys
from pathlib import Path

from activities.action import Action
from activities.catalog import CatalogError, catalog
from workers.errors import TrunklineError
from workers.settings import Settings


def actions_at_hand() -> dict[str, Action]:
    """Return every action by name.

    Raises:
        TrunklineError: a module of `TRUNKLINE_ACTIONS` cannot join.
    """
    modules = Settings.from_environment().actions
    here = str(Path.cwd())
    if modules and here not in sys.path:
        sys.path.append(here)
    try:
        return catalog(modules)
    except CatalogError as error:
        raise TrunklineError(str(error)) from None
