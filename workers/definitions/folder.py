"""The folder of definitions: its files, each as it was when it last counted."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from activities.action import Action
from activities.bounds import regular
from workers.definitions.environments import FOLDER, Environment, Environments
from workers.definitions.loading import MAX_FILE_BYTES, SUFFIXES, TESTS, Source, UnreadableFileError, read
from workers.definitions.problems import Problem
from workers.definitions.runnable import Definition, load
from workers.definitions.settling import Patience, Settling, Stamp

log = logging.getLogger(__name__)

ENVIRONMENTS = f"{FOLDER}/"
"""What the names of the files of environments begin with here."""

_NAME = re.compile(r"""^[\s{]*["']?name["']?\s*:\s*["']?([A-Za-z0-9][A-Za-z0-9._-]{0,99})""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """One file of the folder, as it was when it last counted.

    Attributes:
        path: where it is.
        good: what it defines; None where it has problems.
        problems: what is wrong with it, warnings included.
        claimed: the name of its automation, or the one that a bad file seems to carry.
        former: the name of its last good version, if it ever had one.
        named: whether it says a name; of one that does not, `claimed` is its own name.
        content: its data and where its values stand, where it takes values from its environment.
    """

    path: Path
    good: Definition | None
    problems: list[Problem]
    claimed: str
    former: str | None
    named: bool = True
    content: tuple[Any, Source] | None = None

    def names(self) -> list[str]:
        """Return the automations that this file is about."""
        return [self.claimed] if self.former in (None, self.claimed) else [self.claimed, self.former]


class Folder:
    """The definition files of one folder: `*.yaml`, `*.yml` and `*.json`, but no hidden ones.

    Args:
        path: the folder.
        catalog: every action by name.
        patience: how long a file must be the same before it counts.
        environment: the name of the environment that counts.

    Attributes:
        environments: those of the folder.
        files: those that count, by file name.
        loaded: whether all that were there at first have counted: at once, so that no order decides anything.
        lost: why the folder could not be read when it was last looked at, or None where it could.
    """

    def __init__(self, path: Path, catalog: Mapping[str, Action], patience: Patience, environment: str) -> None:
        self.path = path
        self.catalog = catalog
        self.environments = Environments(path / FOLDER, environment)
        self.files: dict[str, DefinitionFile] = {}
        self.loaded = False
        self.lost: str | None = None
        self._settling = Settling(patience)
        self._found: dict[str, Stamp] | None = None

    def look(self) -> list[str]:
        """Look at the folder (one scan), read what has settled since, and return the names of these files."""
        try:
            found = {**dict(_scan_environments(self.path)), **dict(_scan(self.path))}
        except OSError as error:
            lost = f"The folder of automations cannot be read: {error.strerror or error}."
            if lost != self.lost:
                self.lost = lost
                log.error("%s: %s", self.path, lost)  # noqa: TRY400 - the sentence says it all
            return []
        self.lost = None
        if found == self._found:
            return []
        self._found = None
        self._settling.look(found)
        due = sorted(self._due())
        values = [name for name in due if name.startswith(ENVIRONMENTS) and self._count_environment(name)]
        counted = [name for name in due if not name.startswith(ENVIRONMENTS) and self._count(name)]
        counted += self._fill_in_anew(counted) if values else []
        if not self._settling.pending():
            self.loaded, self._found = True, found
        return counted

    def changing(self) -> dict[str, Path]:
        """Return the path of every file whose change does not count yet, by the file's name."""
        return {name: self.path / name for name in self._settling.pending()}

    def names(self, name: str) -> list[str]:
        """Return the automations that a file is about as it counts now."""
        return self.files[name].names() if name in self.files else []

    def has_changed(self, name: str) -> bool:
        """Say whether a file is another than at the last look, by one question to the file system."""
        return _stamp(self.path / name) != self._settling.stamp(name)

    def _due(self) -> list[str]:
        """Return the files whose change counts now.

        A file waits for another one that is still changing and carries the same name: whether two files define one
        automation must not hang on which of them a worker looked at first.
        """
        settled = self._settling.settled()
        changing = [name for name in self._settling.pending() if name not in settled]
        if not changing:
            return settled
        if not self.loaded:
            return []
        taken = {claimed for name in changing for claimed in self._claims(name)}
        return [name for name in settled if taken.isdisjoint(self._claims(name))]

    def _claims(self, name: str) -> set[str]:
        """Return the automations that a file defines, and those that it will as soon as it counts."""
        if name.startswith(ENVIRONMENTS):
            return set()
        claimed = _claimed(self.path / name) if self._settling.stamp(name) is not None else None
        return {*self.names(name), *((claimed,) if claimed else ())}

    def _count(self, name: str) -> bool:
        """Let a file count as it is now, unless it changes while it is being read."""
        stamp, path = self._settling.stamp(name), self.path / name
        if stamp is None:
            self.files.pop(name, None)
        else:
            file = self._read(name, path)
            if self._settling.patience.quiet and _stamp(path) != stamp:
                return False
            self.files[name] = file
        self._settling.count(name)
        return True

    def _count_environment(self, name: str) -> bool:
        """Let an environment count as its file is now, unless that changes while it is being read."""
        stamp, path = self._settling.stamp(name), self.path / name
        known = {one: kept for one, kept in self.environments.known.items() if one != path.stem}
        if stamp is not None:
            known[path.stem] = Environment.read(path)
            if self._settling.patience.quiet and _stamp(path) != stamp:
                return False
        self.environments = replace(self.environments, known=known)
        self._settling.count(name)
        return True

    def _fill_in_anew(self, counted: Collection[str]) -> list[str]:
        """Make all others anew that take values, as they last counted, and return the names of their files."""
        others = [name for name, file in self.files.items() if name not in counted and file.content is not None]
        for name in others:
            self.files[name] = self._made(name, self.files[name].path, self.files[name].content)
        return others

    def _read(self, name: str, path: Path) -> DefinitionFile:
        try:
            return self._made(name, path, read(path))
        except UnreadableFileError as unreadable:
            return self._made(name, path, None, [unreadable.problem])

    def _made(
        self, name: str, path: Path, content: tuple[Any, Source] | None, problems: list[Problem] | None = None
    ) -> DefinitionFile:
        data, good, kept = None, None, None
        if content is not None:
            data, source = content
            good, problems = load(data, source, self.catalog, self.environments)
            kept = content if data.get("environment") else None
        problems = problems or []
        if good is not None:
            return DefinitionFile(path, good, problems, good.name, good.name, content=kept)
        given = data.get("name") if isinstance(data, dict) else None
        claimed = given if isinstance(given, str) else _claimed(path)
        before = self.files.get(name)
        former = before.former if before else None
        named = claimed is not None or former is not None
        return DefinitionFile(path, None, problems, claimed or path.stem, former, named=named, content=kept)


def definition_files(folder: Path) -> list[Path]:
    """Return the definition files of a folder, sorted by name.

    Raises:
        OSError: the folder cannot be read.
    """
    return [folder / name for name in sorted(name for name, _ in _scan(folder))]


def _scan(folder: Path) -> Iterator[tuple[str, Stamp]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _is_definition(entry.name):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:  # removed since, or a link that leads nowhere
                continue
            except OSError:
                if entry.is_symlink():  # it leads in a circle, or where nobody may look: no reason to lose the others
                    continue
                raise
            if stat.S_ISREG(status.st_mode):
                yield entry.name, Stamp.of(status)


def _scan_environments(folder: Path) -> Iterator[tuple[str, Stamp]]:
    if (folder / FOLDER).is_dir():
        yield from ((f"{ENVIRONMENTS}{name}", stamp) for name, stamp in _scan(folder / FOLDER))


def _stamp(path: Path) -> Stamp | None:
    try:
        return Stamp.of(path.stat())
    except OSError:
        return None


def _is_definition(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.lower().endswith(TESTS) and not name.startswith(".")


def _claimed(path: Path) -> str | None:
    """Return the name that a file seems to carry, so that runs of that name wait for it instead of being lost."""
    try:
        with regular(path) as file:
            match = _NAME.search(file.read(MAX_FILE_BYTES).decode("utf-8-sig", errors="replace"))
    except OSError:
        return None
    return match[1] if match else None
