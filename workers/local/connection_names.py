"""Which connections the definitions of a folder name: where no file has any, the sandbox stands in for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from activities.action import CONNECTION, Action, spellings
from workers.definitions.environments import DEVELOPMENT, Environments
from workers.definitions.loading import SUFFIXES, TESTS, UnreadableFileError, read


def connection_names(
    folder: Path, actions: Mapping[str, Action], environment: str = DEVELOPMENT
) -> dict[str, tuple[Action, str]]:
    """Return the names that steps give to their connections, each with the action that uses it and the field."""
    environments = Environments.read(folder, environment)
    return {name: use for data in definitions(folder) for name, use in _named(environments.filled(data), actions)}


def definitions(folder: Path) -> Iterator[Any]:
    """Yield what the files of a folder say, those that cannot be read left out."""
    for path in sorted(folder.glob("*")):
        if path.suffix in SUFFIXES and not path.name.endswith(TESTS) and path.is_file():
            try:
                yield read(path)[0]
            except UnreadableFileError:  # the worker says what is wrong with it
                continue


def _named(value: Any, actions: Mapping[str, Action]) -> Iterator[tuple[str, tuple[Action, str]]]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item, actions)
    if not isinstance(value, dict):
        return
    kind, config = value.get("actionType"), value.get("config")
    action = actions.get(kind) if isinstance(kind, str) else None
    if action is not None and isinstance(config, dict) and CONNECTION in action.config.model_fields:
        for field in dict.fromkeys((*action.beside, CONNECTION)):
            given = (config.get(key) for key in spellings(action.config, field))
            yield from ((name, (action, field)) for name in given if isinstance(name, str) and name)
    for item in value.values():
        yield from _named(item, actions)
