"""What is logged of a folder whose files have changed: what was read, and what is wrong with it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from workers.definitions.folder import Folder
from workers.definitions.problems import Problem, listed, serious
from workers.definitions.roster import Roster

log = logging.getLogger(__name__)

NAMED = 30
"""Most names of automations that one line lists."""


@dataclass(frozen=True, slots=True)
class Reloads:
    """Logs what was read of a folder.

    Attributes:
        folder: what was read.
        silent: codes of warnings that do not matter here.
    """

    folder: Folder
    silent: Collection[str]

    def tell(self, counted: Iterable[str], roster: Roster, *, begun: bool) -> None:
        """Log what was read; at first only what is wrong, because the worker says what it has when it is ready.

        Args:
            counted: the files that count anew.
            roster: what runs now.
            begun: whether files have counted before.
        """
        files = self.folder.files
        for name in counted:
            path, file = self.folder.path / name, files.get(name)
            if file is None:
                log.info("%s is gone.", path)
            elif file.good is None:
                log.error("%s cannot be used.%s%s", path, _kept(file.names(), roster), _lines(serious(file.problems)))
            elif begun:
                log.info("%s was read: automation %s.%s", path, file.good.name, _lines(self.news(file.problems)))
        touched = {name for file in counted if file in files for name in files[file].names()}
        for name in sorted(touched & roster.clashes.keys()):
            log.error("%s%s", "; ".join(map(str, roster.clashes[name])), _kept([name], roster))
        if begun:
            log.info("Automations now: %s.", listed(sorted(roster.serving), most=NAMED) or "none")

    def news(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return the problems that matter here."""
        return [one for one in problems if one.code not in self.silent]


def _lines(problems: Iterable[Problem]) -> str:
    return "".join(f"\n  {one}" for one in problems)


def _kept(names: Iterable[str], roster: Roster) -> str:
    kept = [name for name in names if name in roster.serving and roster.serving[name].outdated]
    return f" Its last good version ({listed(kept)}) stays in use." if kept else ""
