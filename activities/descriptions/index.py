"""The index of one description: a SQLite file that is written once and from then on only read.

Whoever reads it parses no more of the description than one operation and the parts that its request refers to.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import to_json

TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE head (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE operation (
    id TEXT NOT NULL UNIQUE, method TEXT NOT NULL, path TEXT NOT NULL, summary TEXT NOT NULL,
    deprecated INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE part (reference TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""


class OperationRow(NamedTuple):
    """One operation as it is indexed.

    Attributes:
        id: unique in the description, never normalised.
        method: GET, POST, …
        path: below the service's address, with its places in braces.
        summary: one line.
        deprecated: whether the service discourages its use.
        body: all that a request to it needs, as JSON.
    """

    id: str
    method: str
    path: str
    summary: str
    deprecated: bool
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOperation:
    """An operation as lists show it."""

    id: str
    method: str
    path: str
    summary: str
    deprecated: bool


def write(
    target: Path, head: Mapping[str, Any], operations: Iterable[OperationRow], parts: Iterable[tuple[str, Any]]
) -> None:
    """Write an index; it is there as a whole or not at all.

    Args:
        target: the file.
        head: what concerns the whole description, by name.
        operations: every operation.
        parts: what operations refer to, by its reference.
    """
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(unfinished)) as base:
            base.executescript(TABLES)
            base.executemany("INSERT INTO head VALUES (?, ?)", ((name, _text(value)) for name, value in head.items()))
            base.executemany(
                "INSERT INTO operation VALUES (?, ?, ?, ?, ?, ?)",
                ((*row[:4], int(row.deprecated), _text(row.body)) for row in operations),
            )
            base.executemany("INSERT INTO part VALUES (?, ?)", ((name, _text(value)) for name, value in parts))
            base.commit()
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


class Index:
    """Reads an index; safe for any number of processes and threads.

    Args:
        path: the file, which nobody changes any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._base = sqlite3.connect(address, uri=True, check_same_thread=False)
        self.head: dict[str, Any] = {
            name: json.loads(value) for name, value in self._base.execute("SELECT name, value FROM head")
        }

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def listed(self, search: str = "") -> list[ListedOperation]:
        """Return every operation in the description's order, or those of which every word stands somewhere in a row.

        Args:
            search: words, in upper or lower case.
        """
        rows = self._base.execute("SELECT id, method, path, summary, deprecated FROM operation ORDER BY rowid")
        words = search.lower().split()
        return [
            ListedOperation(id=id_, method=method, path=path, summary=summary, deprecated=bool(deprecated))
            for id_, method, path, summary, deprecated in rows
            if all(word in f"{id_} {method} {path} {summary}".lower() for word in words)
        ]

    def ids(self) -> list[str]:
        """Return the id of every operation."""
        return [id_ for (id_,) in self._base.execute("SELECT id FROM operation ORDER BY rowid")]

    def operation(self, id_: str) -> OperationRow | None:
        """Return an operation, or None where there is none of that id."""
        row = self._base.execute("SELECT * FROM operation WHERE id = ?", (id_,)).fetchone()
        return None if row is None else _row(*row)

    def part(self, reference: str) -> Any:
        """Return what a reference stands for.

        Raises:
            KeyError: the description has no such part.
        """
        row = self._base.execute("SELECT body FROM part WHERE reference = ?", (reference,)).fetchone()
        if row is None:
            raise KeyError(reference)
        return json.loads(row[0])


def _row(  # noqa: PLR0913, PLR0917 # a row has its columns
    id_: str, method: str, path: str, summary: str, deprecated: int, body: str
) -> OperationRow:
    return OperationRow(id_, method, path, summary, bool(deprecated), json.loads(body))


def _text(value: Any) -> str:
    return to_json(value).decode()
