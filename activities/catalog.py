"""The catalog: every action by name. A family joins by its line here."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping

from activities import http, slack, sms, speech
from activities.action import Action
from activities.connections import Connection

FAMILIES: tuple[tuple[Action, ...], ...] = (
    http.ACTIONS,
    slack.ACTIONS,
    sms.ACTIONS,
    speech.ACTIONS,
)


class CatalogError(Exception):
    """A module of a user's own actions cannot join; the message says why."""


def catalog(modules: Iterable[str] = ()) -> dict[str, Action]:
    """Return every action by name: ours, and those in the tuple `ACTIONS` of each module named.

    Raises:
        CatalogError: a module cannot be imported, has no such tuple, or names an action that exists already.
    """
    found = {action.name: action for family in FAMILIES for action in family}
    for module in modules:
        for action in _actions(module):
            if action.name in found:
                raise CatalogError(f"{module} has an action named {action.name}, which exists already: rename it.")
            found[action.name] = action
    return found


def connection_kinds(actions: Mapping[str, Action]) -> list[type[Connection]]:
    """Return every kind of connection that these actions can use, once each."""
    return list(dict.fromkeys(kind for action in actions.values() for kind in action.connections))


def _actions(module: str) -> tuple[Action, ...]:
    try:
        actions = importlib.import_module(module).ACTIONS
    except ImportError as error:
        raise CatalogError(f"TRUNKLINE_ACTIONS names {module}, which cannot be imported: {error}.") from None
    except AttributeError:
        raise CatalogError(f"{module} has no tuple ACTIONS with its actions.") from None
    if not all(isinstance(action, Action) for action in actions):
        raise CatalogError(f"ACTIONS of {module} must hold only what @action returns.")
    return tuple(actions)
