"""Reads `connections.yaml`: the credentials and addresses that a worker's actions use."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from activities.connections import Connection, Connections
from activities.http_client.bindings import SECTION, BindingError
from workers.definitions.loading import Source, UnreadableFileError, read
from workers.settings import SettingsError

DESCRIPTION = "description"
FILE = "file://"


def load_connections(
    path: Path | None,
    kinds: Iterable[type[Connection]],
    environment: Mapping[str, str] = os.environ,
) -> Connections:
    """Read the connections file; without one, or with an empty one, there are no connections.

    Raises:
        SettingsError: the file cannot be read or is not what it should be; the sentence says where.
    """
    entries, source = _read(path) if path else ({}, Source())
    try:
        return Connections(entries, kinds, environment)
    except BindingError as bad:
        line, _ = source.place(bad.pointer)
        raise _error(path, line, str(bad)) from None


def _read(path: Path) -> tuple[dict[str, Any], Source]:
    try:
        entries, source = read(path)
    except UnreadableFileError as unreadable:
        found = unreadable.problem
        if found.code != "not-an-automation":
            raise _error(path, found.line, found.message) from None
        if found.line is None:  # the file is empty
            return {}, Source()
        right = "The file must map names of connections to their fields, as `team: {kind: slack, …}`."
        raise _error(path, found.line, right) from None
    for name, entry in entries.items():
        _check(path, source, name, entry)
    return {name: _placed(path, entry) for name, entry in entries.items()}, source


def _placed(path: Path, entry: Any) -> Any:
    """Return an entry whose description, if it is a file, is found beside the file that names it."""
    described = entry.get(DESCRIPTION) if isinstance(entry, dict) else None
    if isinstance(described, str) and described.startswith(FILE):
        return {**entry, DESCRIPTION: url2pathname(urlsplit(described).path)}
    if not isinstance(described, str) or "://" in described or described.startswith(("$", "~")):
        return entry
    return {**entry, DESCRIPTION: str(path.absolute().parent / described)}


def _check(path: Path, source: Source, name: str, entry: Any) -> None:
    if isinstance(entry, dict) or name == SECTION or (name == "defaults" and entry is None):
        return
    right = "map actions to names of connections" if name == "defaults" else "have fields, at least `kind`"
    line, _ = source.place(f"/{name.replace('~', '~0').replace('/', '~1')}", key=True)
    raise _error(path, line, f"{name!r} must {right}.")


def _error(path: Path | None, line: int | None, message: str) -> SettingsError:
    return SettingsError(f"{path}{f', line {line}' if line else ''}: {message}")
