"""The automations of a worker: a folder of definitions, as they were when somebody last looked at it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from activities.action import Action
from workers.definitions.checking.calls import check_calls
from workers.definitions.defaults import DEVELOPMENT
from workers.definitions.folder import Folder
from workers.definitions.loading import Source
from workers.definitions.matching import Match, judged, unconcerned
from workers.definitions.problems import Problem, listed, nearest, problem, serious
from workers.definitions.reloads import NAMED, Reloads
from workers.definitions.roster import SHOWN, BadAutomationError, Roster
from workers.definitions.runnable import Definition, load
from workers.definitions.settling import Patience
from workflows.plan import Plan

T = TypeVar("T")

AS_IT_IS = Patience()
"""Read what is there, for those who look once: people ask about the file that they have just saved."""


class UnknownAutomationError(LookupError):  # it is said as it is: there is no such automation
    """No file carries an automation of that name; the message names those there are."""


class UnsettledError(LookupError):  # the file is unsettled, which is no error of this program
    """Nobody can say yet what an automation is: a file has just changed, or the folder cannot be read."""


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """What did not count at the last look.

    Attributes:
        files: those whose change does not count yet.
        names: the same by the names of the automations that they are about.
        lost: why the folder could not be read, if it could not.
    """

    files: tuple[Path, ...] = ()
    names: Mapping[str, list[Path]] = field(default_factory=dict)
    lost: str | None = None

    @classmethod
    def of(cls, folder: Folder) -> Self:
        changing = folder.changing()
        names: dict[str, list[Path]] = {}
        for file, path in changing.items():
            for name in folder.names(file):
                names.setdefault(name, []).append(path)
        return cls(tuple(changing.values()), names, folder.lost)


class Automations:
    """The automations of one folder, as they were at the last look, which the first question takes if nobody has.

    Who runs for longer looks now and then, in a thread of its own: no question waits for that, or for a scan. Only
    where nothing runs under a name, or a file that is about it has changed since, is looked once more at once.

    What runs under a name hangs on the files alone, and on which version was the last good one where they define
    none or several: never on the order in which they were read.

    Args:
        folder: holds `*.yaml`, `*.yml` and `*.json` files, each an automation; hidden files and folders
            inside are left alone.
        catalog: every action by name.
        patience: how long a file must be the same before it counts.
        silent: codes of warnings that do not matter here.
        tells: whether it logs what it reads, and what is wrong with that.
        environment: the name of the environment whose values the definitions take.

    Attributes:
        reads: how often files were read since the start, so that who asks can tell that something has changed.
    """

    def __init__(  # noqa: PLR0913 # what to read, and how, by name
        self,
        folder: Path,
        catalog: Mapping[str, Action],
        patience: Patience = AS_IT_IS,
        *,
        silent: Collection[str] = (),
        tells: bool = True,
        environment: str = DEVELOPMENT,
    ) -> None:
        self.folder = folder
        self.catalog = catalog
        self._patience = patience
        self._files = Folder(folder, catalog, patience, environment)
        self._reloads = Reloads(self._files, frozenset(silent))
        self._tells = tells
        self._untold: list[str] = []
        self._roster = Roster()
        self._unsettled = _Unsettled()
        self._looked = False
        self._looking = threading.RLock()
        self.reads = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="automations")

    async def aside(self, question: Callable[[], T]) -> T:
        """Return the answer to a question, found in a thread of its own, one question after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)

    def look(self) -> bool:
        """Look whether files have changed, and say whether all that were there at first have settled.

        With patience, what has changed is logged at the next look, so that by then all processes that look as often
        have it.
        """
        with self._looking:
            loaded = self._files.loaded
            names, self._untold = self._untold, []
            if counted := self._files.look():
                self._roster = Roster.of(self._files.files, self._roster)
                self.reads += 1
                if loaded and self._patience.quiet:
                    self._untold = counted
                else:
                    names += counted
            self._unsettled = _Unsettled.of(self._files)
            self._looked = True
            if names and self._tells:
                self._reloads.tell(names, self._roster, begun=loaded)
            return self._files.loaded

    @property
    def files(self) -> int:
        """How many files count."""
        return len(self._files.files)

    def changing(self) -> list[str]:
        """Return the files whose change does not count yet."""
        return [str(path) for path in self._unsettled.files]

    def names(self) -> list[str]:
        """Return the names of all automations that can run, sorted."""
        return sorted(self._known().serving)

    def loaded(self) -> list[Definition]:
        """Return every definition that can run, by name."""
        serving = self._known().serving
        return [serving[name].definition for name in sorted(serving)]

    def problems(self) -> list[Problem]:
        """Return what is wrong with the folder as it was at the last look, warnings included."""
        with self._looking:
            roster = self._known()
            if self._files.lost is not None:
                return [problem("unreadable-file", self._files.lost, file=str(self.folder))]
            found = [one for file in self._files.files.values() for one in self._reloads.news(file.problems)]
        found += [one for clash in roster.clashes.values() for one in clash]
        calls = {name: served.definition.calls for name, served in roster.serving.items() if served.outdated is None}
        return [*found, *check_calls(calls, {*roster.serving, *roster.waiting})]

    def unknown(self) -> tuple[dict[str, str], list[str]]:
        """Return why nobody can say what an automation is, by its name, and the bad files that do not say a name.

        Raises:
            UnsettledError: the folder cannot be read.
        """
        with self._looking:
            roster = self._known()
            if self._files.lost is not None:
                raise UnsettledError(self._files.lost)
            nameless = [str(file.path) for file in self._files.files.values() if not file.named]
        return {name: str(error) for name, error in roster.waiting.items()}, nameless

    def secrets(self) -> set[str]:
        """Return the names of all secrets that the definitions use."""
        return {name for definition in self.loaded() for name in definition.secrets}

    def groups(self) -> set[str]:
        """Return the names of all groups of people that the definitions use."""
        return {name for definition in self.loaded() for name in definition.groups}

    def plan(self, name: str, event: Mapping[str, Any] | None = None) -> Plan:
        """Return the plan of an automation: of the last good version where its files define none or several.

        Args:
            name: the automation's name.
            event: the event that starts it, judged by the trigger's schema if there is one; its type may be any.

        Raises:
            UnknownAutomationError: no file carries that name.
            UnsettledError: a file that may carry it has just changed.
            BadAutomationError: a file does, and was never good on this worker, or several do.
            UnfitEventError: the event's data is not what the trigger declares.
        """
        served = self._known().serving.get(name)
        if served is None or any(map(self._files.has_changed, served.files)):
            self.look()
        roster = self._roster
        self._refuse_unsettled(name, roster)
        if name in roster.serving:
            return roster.serving[name].definition.plan_for(event)
        if name in roster.waiting:
            raise roster.waiting[name]
        hint = nearest(name, roster.serving)
        known = listed(sorted(roster.serving), most=NAMED) or "none at all"
        did = f" {hint}" if hint else ""
        raise UnknownAutomationError(f"There is no automation {name[:100]!r}.{did} This worker has {known}.")

    def identity(self, name: str, event: Mapping[str, Any]) -> str | None:
        """Return what an automation's `trigger.once` makes of an event, or None where it has none.

        Raises:
            UnknownAutomationError: nothing can run under that name.
            NoIdentityError: it comes to nothing.
        """
        served = self._known().serving.get(name)
        if served is None:
            raise UnknownAutomationError(f"There is no automation {name[:100]!r} in {self.folder} that can run.")
        return served.definition.identity(event)

    def outdated(self, name: str) -> str | None:
        """Return why the last good version of an automation runs and not what its files hold, where that is so."""
        served = self._roster.serving.get(name)
        return served.outdated if served else None

    def _known(self) -> Roster:
        """Return what runs, after a first look if there was none."""
        if not self._looked:
            self.look()
        return self._roster

    def _refuse_unsettled(self, name: str, roster: Roster) -> None:
        unsettled = self._unsettled
        about: Collection[Path] = unsettled.names.get(name, ())
        known = name in roster.serving or name in roster.waiting
        if not known and unsettled.lost is not None:
            raise UnsettledError(f"The automation {name[:100]!r} is not known. {unsettled.lost}")
        if not known and not about:
            about = unsettled.files
        if about:
            files = listed(map(str, about), most=SHOWN)
            raise UnsettledError(f"The automation {name[:100]!r} waits until nobody writes {files} any more.")

    def inline(self, definition: Any, event: Mapping[str, Any] | None = None) -> Plan:
        """Return the plan of a definition that came with its run.

        Raises:
            BadAutomationError: it has problems.
            UnfitEventError: the event's data is not what the trigger declares.
        """
        self._known()  # its environments
        made, problems = load(definition, Source(), self.catalog, self._files.environments)
        if made is None:
            wrong = serious(problems)
            raise BadAutomationError(
                f"The inline automation has problems: {'; '.join(map(_place_and_sentence, wrong[:SHOWN]))}", wrong
            )
        return made.plan_for(event)

    def concerns(self, event_type: str) -> bool:
        """Say whether any trigger takes events of a type; where nobody has looked yet, one may."""
        return not self._looked or bool(self._roster.concerned(event_type))

    def matching(self, event: Mapping[str, Any]) -> Iterator[Match]:
        """Yield for every automation whose trigger takes an event (see `workflows.event.read_event`) whether it starts.

        They come by name. Of one that several files define nobody can say.
        """
        roster = self._known()
        for name in roster.concerned(event["type"]):
            served = roster.serving.get(name)
            if served is not None:
                yield judged(served.definition, event)
            else:
                yield Match(name, matches=False, reason=str(roster.waiting[name]))

    def others(self, event_type: str) -> Iterator[Match]:
        """Yield for every other automation, by name, why no event of a type starts it."""
        roster = self._known()
        concerned = {*roster.concerned(event_type)}
        for definition in self.loaded():
            if definition.name not in concerned:
                yield unconcerned(definition, event_type)


def _place_and_sentence(one: Problem) -> str:
    return f"{f'step {one.step}: ' if one.step else ''}{one.code}: {one.message}{f' ({one.hint})' if one.hint else ''}"
