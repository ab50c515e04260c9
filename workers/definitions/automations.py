"""The automations of a worker: a folder of definitions, read again when its files have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from activities.action import Action
from workers.definitions.checking.calls import check_calls
from workers.definitions.environments import DEVELOPMENT
from workers.definitions.folder import File, Folder
from workers.definitions.loading import Source
from workers.definitions.matching import Match, judged
from workers.definitions.problems import Problem, listed, nearest, problem, serious
from workers.definitions.runnable import Definition, load
from workers.definitions.settling import Patience
from workflows.plan import Plan

log = logging.getLogger(__name__)

T = TypeVar("T")

SHOWN = 10
"""Most problems that one sentence lists."""

AS_IT_IS = Patience()
"""Read what is there, for those who look once: people ask about the file that they have just saved."""


class UnknownAutomationError(LookupError):  # it is said as it is: there is no such automation
    """No file carries an automation of that name; the message names those there are."""


class BadAutomationError(ValueError):  # the definition is bad, which is no error of this program
    """An automation cannot run for now: its file was never good on this worker, or several define it."""

    def __init__(self, message: str, problems: list[Problem]) -> None:
        super().__init__(message)
        self.problems = problems


class UnsettledError(LookupError):  # the file is unsettled, which is no error of this program
    """Nobody can say yet what an automation is: a file has just changed, or the folder cannot be read."""


class _Served(NamedTuple):
    """What runs under a name, and why that is an old version, if it is one."""

    definition: Definition
    outdated: str | None = None


class Automations:
    """The automations of one folder. Every question looks first whether a file has changed (one scan).

    Reading what has changed may take a while: a process that has other things to do asks through `aside`.

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
        self._silent = frozenset(silent)
        self._tells = tells
        self._files = Folder(folder, catalog, patience, environment)
        self._serving: dict[str, _Served] = {}
        self._waiting: dict[str, BadAutomationError] = {}
        self._clashes: dict[str, list[Problem]] = {}
        self.reads = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="automations")

    async def aside(self, question: Callable[[], T]) -> T:
        """Return the answer to a question, found in the one thread that looks at this folder."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)

    def look(self) -> bool:
        """Look whether files have changed, and say whether all that were there at first have settled."""
        loaded = self._files.loaded
        if counted := self._files.look():
            self._decide()
            self.reads += 1
            if self._tells:
                self._tell(counted, begun=loaded)
        return self._files.loaded

    def changing(self) -> list[str]:
        """Return the files whose change does not count yet."""
        return [str(path) for path in self._files.changing().values()]

    def names(self) -> list[str]:
        """Return the names of all automations that can run, sorted."""
        self.look()
        return sorted(self._serving)

    def loaded(self) -> list[Definition]:
        """Return every definition that can run, by name."""
        self.look()
        return [self._serving[name].definition for name in sorted(self._serving)]

    def problems(self) -> list[Problem]:
        """Return what is wrong with the folder as it is now, warnings included."""
        self.look()
        if self._files.lost is not None:
            return [problem("unreadable-file", self._files.lost, file=str(self.folder))]
        found = [one for file in self._files.files.values() for one in self._news(file.problems)]
        found += [one for clash in self._clashes.values() for one in clash]
        calls = {name: served.definition.calls for name, served in self._serving.items() if served.outdated is None}
        return [*found, *check_calls(calls, {*self._serving, *self._waiting})]

    def unknown(self) -> tuple[dict[str, str], list[str]]:
        """Return why nobody can say what an automation is, by its name, and the bad files that do not say a name.

        Raises:
            UnsettledError: the folder cannot be read.
        """
        self.look()
        if self._files.lost is not None:
            raise UnsettledError(self._files.lost)
        nameless = [str(file.path) for file in self._files.files.values() if not file.named]
        return {name: str(error) for name, error in self._waiting.items()}, nameless

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
        self.look()
        self._refuse_unsettled(name)
        if name in self._serving:
            return self._serving[name].definition.plan_for(event)
        if name in self._waiting:
            raise self._waiting[name]
        hint = nearest(name, self._serving)
        known = listed(sorted(self._serving), most=30) or "none at all"
        did = f" {hint}" if hint else ""
        raise UnknownAutomationError(f"There is no automation {name[:100]!r}.{did} This worker has {known}.")

    def identity(self, name: str, event: Mapping[str, Any]) -> str | None:
        """Return what an automation's `trigger.once` makes of an event, or None where it has none.

        Raises:
            UnknownAutomationError: nothing can run under that name.
            NoIdentityError: it comes to nothing.
        """
        self.look()
        if name not in self._serving:
            raise UnknownAutomationError(f"There is no automation {name[:100]!r} in {self.folder} that can run.")
        return self._serving[name].definition.identity(event)

    def outdated(self, name: str) -> str | None:
        """Return why the last good version of an automation runs and not what its files hold, where that is so."""
        served = self._serving.get(name)
        return served.outdated if served else None

    def _refuse_unsettled(self, name: str) -> None:
        changing = self._files.changing()
        about = [path for file, path in changing.items() if name in self._files.names(file)]
        known = name in self._serving or name in self._waiting
        if known and not about:
            return
        if not known and self._files.lost is not None:
            raise UnsettledError(f"The automation {name[:100]!r} is not known. {self._files.lost}")
        if not known and not about:
            about = list(changing.values())
        if about:
            files = listed(map(str, about), most=SHOWN)
            raise UnsettledError(f"The automation {name[:100]!r} waits until nobody writes {files} any more.")

    def inline(self, definition: Any, event: Mapping[str, Any] | None = None) -> Plan:
        """Return the plan of a definition that came with its run.

        Raises:
            BadAutomationError: it has problems.
            UnfitEventError: the event's data is not what the trigger declares.
        """
        self.look()
        made, problems = load(definition, Source(), self.catalog, self._files.environments)
        if made is None:
            wrong = serious(problems)
            raise BadAutomationError(
                f"The inline automation has problems: {'; '.join(map(_place_and_sentence, wrong[:SHOWN]))}", wrong
            )
        return made.plan_for(event)

    def matching(self, event: Mapping[str, Any]) -> Iterator[Match]:
        """Yield for every automation, by name, whether an event (see `workflows.event.read_event`) concerns it.

        Of one that several files define nobody can say.
        """
        definitions = {definition.name: definition for definition in self.loaded()}
        for name in sorted({*definitions, *(self._clashes.keys() & self._waiting.keys())}):
            if name in definitions:
                yield judged(definitions[name], event)
            else:
                yield Match(name, matches=False, reason=str(self._waiting[name]))

    def _decide(self) -> None:
        """Decide what runs under which name: what exactly one good file defines, else its last good version."""
        last = self._serving
        self._serving, self._waiting, self._clashes = {}, {}, {}
        files = [self._files.files[name] for name in sorted(self._files.files)]
        for name in sorted({name for file in files for name in file.names()}):
            about = [file for file in files if name in file.names()]
            good = [file for file in about if file.good is not None]
            if len(good) == 1 and good[0].good is not None:
                self._serving[name] = _Served(good[0].good)
                continue
            why, problems = _clash(name, good) if good else _flaws(about)
            if good:
                self._clashes[name] = problems
            if name in last:
                outdated = f"The last good version of {name!r} runs, not the present one: {why}"
                self._serving[name] = _Served(last[name].definition, outdated)
            else:
                right = "one file alone defines it" if good else "its file is right"
                sentence = f"The automation {name!r} cannot run before {right}: {why}"
                self._waiting[name] = BadAutomationError(sentence, problems)

    def _tell(self, counted: Iterable[str], *, begun: bool) -> None:
        """Log what was read; at first only what is wrong, because the worker says what it has when it is ready."""
        for name in counted:
            path, file = self.folder / name, self._files.files.get(name)
            if file is None:
                log.info("%s is gone.", path)
            elif file.good is None:
                log.error("%s cannot be used.%s%s", path, self._kept(file.names()), _lines(serious(file.problems)))
            elif begun:
                log.info("%s was read: automation %s.%s", path, file.good.name, _lines(self._news(file.problems)))
        touched = {name for file in counted if file in self._files.files for name in self._files.names(file)}
        for name in sorted(touched & self._clashes.keys()):
            log.error("%s%s", "; ".join(map(str, self._clashes[name])), self._kept([name]))
        if begun:
            log.info("Automations now: %s.", listed(sorted(self._serving), most=30) or "none")

    def _news(self, problems: Iterable[Problem]) -> list[Problem]:
        return [one for one in problems if one.code not in self._silent]

    def _kept(self, names: Iterable[str]) -> str:
        kept = [name for name in names if self.outdated(name)]
        return f" Its last good version ({listed(kept)}) stays in use." if kept else ""


def _lines(problems: Iterable[Problem]) -> str:
    return "".join(f"\n  {one}" for one in problems)


def _clash(name: str, files: list[File]) -> tuple[str, list[Problem]]:
    """Return why several files of one name run nothing, as a sentence and as problems."""
    sentence = f"The automation {name!r} is defined in {listed([str(file.path) for file in files])}."
    clashes = [
        problem("duplicate-name", sentence, file=str(file.path), line=1, hint="rename one of them")
        for file in files[1:]
    ]
    return sentence, clashes


def _flaws(files: Iterable[File]) -> tuple[str, list[Problem]]:
    """Return why bad files run nothing, as a sentence and as problems."""
    wrong = [one for file in files for one in serious(file.problems)]
    more = f" (and {len(wrong) - SHOWN} more)" if len(wrong) > SHOWN else ""
    return f"{'; '.join(map(str, wrong[:SHOWN]))}{more}", wrong


def _place_and_sentence(one: Problem) -> str:
    return f"{f'step {one.step}: ' if one.step else ''}{one.code}: {one.message}{f' ({one.hint})' if one.hint else ''}"
