"""Registers that operators keep for workers: inline in a setting, or in a file that is read again when it changes."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from workers.definitions.loading import Source, UnreadableFileError, parse, read
from workers.definitions.model.steps import escape
from workers.settings import NAME, SettingsError
from workflows.language.people import group, hidden_in, person

log = logging.getLogger(__name__)

INLINE = re.compile(r"\s*(\{|[A-Za-z0-9._-]+\s*:(\s|$))|.*\n")
"""How a mapping begins that stands in the setting itself, on one line or several; anything else names a file."""

LONGEST_PERSON = 256

Stamp = tuple[int, int, int]
T = TypeVar("T")


class Register(Generic[T]):
    """Entries by name, as they are now. A file that has become bad keeps its last good version in use.

    Args:
        given: the setting: a file's name, or the mapping itself, as text or ready-made; None: an empty register.
        variable: the setting's name.
        right: says what the mapping must be.
        entry: reads one entry; its ValueError says what the entry must be.

    Raises:
        SettingsError: it cannot be used as it stands; the sentence says where and what would be right.
    """

    def __init__(
        self, given: str | Mapping[str, Any] | None, variable: str, right: str, entry: Callable[[Any], T]
    ) -> None:
        self.variable = variable
        self.right = right
        self._entry = entry
        self._path = Path(given).expanduser() if isinstance(given, str) and not INLINE.match(given) else None
        self._stamp = self._stamped()
        if self._path is not None:
            self._entries = self._file(self._path)
        elif isinstance(given, str):
            self._entries = self._text(given)
        else:
            self._entries = self._read(given or {}, None)

    def entries(self) -> Mapping[str, T]:
        """Return the entries as they are now."""
        stamp = self._stamped()
        if self._path is not None and stamp != self._stamp:
            self._stamp = stamp
            try:
                self._entries = self._file(self._path)
            except SettingsError as error:
                log.error("%s The last good version of the file stays in use.", error)  # noqa: TRY400 # a sentence
            else:
                log.info("%s was read again.", self._path)
        return self._entries

    def _stamped(self) -> Stamp | None:
        if self._path is None:
            return None
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _file(self, path: Path) -> dict[str, T]:
        try:
            return self._read(*read(path))
        except UnreadableFileError as unreadable:
            raise self._unreadable(unreadable, str(path)) from None

    def _text(self, text: str) -> dict[str, T]:
        kind = "json" if text.lstrip().startswith('{"') else "yaml"
        try:
            data, _ = parse(text.encode("utf-8", "surrogateescape"), f"{self.variable}.{kind}")
        except UnreadableFileError as unreadable:
            raise self._unreadable(unreadable, None) from None
        return self._read(data, None)

    def _read(self, data: Mapping[str, Any], source: Source | None) -> dict[str, T]:
        found = {}
        for name, value in data.items():
            try:
                found[_name(name)] = self._entry(value)
            except ValueError as error:
                line = None if source is None else source.place(f"/{escape(name)}", key=True)[0]
                raise self._error(source.file if source else None, line, f"{name[:100]!r} {error}.") from None
        return found

    def _unreadable(self, unreadable: UnreadableFileError, file: str | None) -> SettingsError:
        found = unreadable.problem
        message = self.right if found.code == "not-an-automation" else f"{found.message} {self.right}"
        return self._error(file, found.line, message)

    def _error(self, file: str | None, line: int | None, message: str) -> SettingsError:
        place = f" names {file}{f', line {line}' if line else ''}" if file else ""
        return SettingsError(f"{self.variable}{place}: {message}")


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("is no name: use 1 to 100 letters, digits, dots, underscores and hyphens")
    return name


def people(value: Any) -> tuple[str, ...]:
    """Return a list of people, trimmed.

    Raises:
        ValueError: it is none; the message goes on from the name of the entry that it belongs to.
    """
    if not isinstance(value, list):
        raise ValueError("must be a list of people, as [ann@example.com, bob@example.com]")  # noqa: TRY004 # a sentence
    for name in value:
        if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_PERSON:
            raise ValueError(f"must hold texts of 1 to {LONGEST_PERSON} characters, one for each person")
        if hidden := hidden_in(name):
            raise ValueError(f"holds {name!a}, with {hidden} in it, which nobody sees: write the id without it")
        if group(person(name)) is not None:
            raise ValueError(f"holds {name.strip()}: a list of people has no groups in it, name the people")
    return tuple(name.strip() for name in value)
