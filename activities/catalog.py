"""The catalog: every action by name. A family joins by its line here."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from activities.action import Action
from activities.connections import Connection

FAMILIES = (
    "http",
    "slack",
    "sms",
    "values",
    "automations",
    "teams",
    "tickets",
    "talkdesk",
    "facebook",
    "aircall",
    "speech",
    "email",
    "connectors",
    "ai",
    "kustomer",
)
"""The packages of the families, with those first that take little time to load: names are looked for in this order."""


class CatalogError(Exception):
    """A module of a user's own actions cannot join; the message says why."""


def catalog(modules: Iterable[str] = ()) -> dict[str, Action]:
    """Return every action by name: ours, and those in the tuple `ACTIONS` of each module or file named.

    Raises:
        CatalogError: a module cannot be imported, has no such tuple, or names an action that exists already.
    """
    found = dict(CatalogAsNeeded())
    for module in modules:
        for action in _actions(module):
            if action.name in found:
                raise CatalogError(f"{module} has an action named {action.name}, which exists already: rename it.")
            found[action.name] = action
    return found


class CatalogAsNeeded(Mapping[str, Action]):
    """Every action of ours by name; a family is loaded when a name is looked for that those before it do not have."""

    def __init__(self) -> None:
        self._found: dict[str, Action] = {}
        self._left = list(FAMILIES)

    def __getitem__(self, name: str) -> Action:
        while name not in self._found and self._left:
            self._load()
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        while self._left:
            self._load()
        return iter(self._found)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _load(self) -> None:
        family: tuple[Action, ...] = importlib.import_module(f"activities.{self._left.pop(0)}").ACTIONS
        self._found |= {action.name: action for action in family}


def connection_kinds(actions: Mapping[str, Action]) -> list[type[Connection]]:
    """Return every kind of connection that these actions can use, once each.

    Of several classes of one kind it is the one that is all of the others, so that all of their actions can use it.
    """
    found: dict[str, type[Connection]] = {}
    for kind in (kind for action in actions.values() for kind in action.kinds()):
        if kind.kind not in found or issubclass(kind, found[kind.kind]):
            found[kind.kind] = kind
    return list(found.values())


def _actions(name: str) -> tuple[Action, ...]:
    path = name.endswith(".py") or "/" in name
    try:
        module = _file(Path(name).expanduser()) if path else importlib.import_module(name)
    except (ImportError, SyntaxError, ValueError) as error:  # also what @action and endpoint() refuse
        raise CatalogError(
            f"TRUNKLINE_ACTIONS names {name}, which cannot be imported: {str(error).rstrip('.')}."
        ) from error
    actions = getattr(module, "ACTIONS", None)
    if not isinstance(actions, tuple | list):
        raise CatalogError(f"{name} has no tuple ACTIONS with its actions.")
    if not all(isinstance(action, Action) for action in actions):
        raise CatalogError(f"ACTIONS of {name} must hold only what @action and endpoint() return.")
    return tuple(actions)


def _file(path: Path) -> ModuleType:
    """Return a file as a module; what it imports may stand beside it.

    Raises:
        ImportError: there is no such file, or it is no Python.
    """
    path = path.resolve()
    name = "own_actions_" + re.sub(r"\W", "_", str(path))
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no file of Python")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # last, so that it hides nothing
    module = sys.modules[name] = module_from_spec(spec)  # pydantic looks there for the names of annotations
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
