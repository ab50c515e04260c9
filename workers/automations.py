"""The automations of a worker: a folder of definitions, re-read when its files change."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from activities.action import Action
from workers.checking.arrival import Judge, judge
from workers.checking.loading import SUFFIXES, Source, Unreadable, read
from workers.planning import inspect, make_plan
from workers.problems import Problem, listed, nearest, problem, serious
from workflows.condition import Condition, compile_condition
from workflows.event import matches
from workflows.plan import Plan
from workflows.template import TemplateError

log = logging.getLogger(__name__)

SHOWN = 10
"""Most problems that one sentence lists."""

Stamp = tuple[int, int, int]

_NAME = re.compile(r"""^\s*["']?name["']?\s*:\s*["']?([A-Za-z0-9][A-Za-z0-9._-]{0,99})""", re.MULTILINE)


class UnknownAutomation(LookupError):  # noqa: N818  # it is said as it is: there is no such automation
    """No file carries an automation of that name; the message names those there are."""


class UnfitEvent(ValueError):  # noqa: N818  # the event is unfit, which is no error of this program
    """An event's data is not what the trigger's schema declares; the message says where."""


class BadAutomation(ValueError):  # noqa: N818  # the definition is bad, which is no error of this program
    """A definition has problems and was never good on this worker; the message lists them."""

    def __init__(self, message: str, problems: list[Problem]) -> None:
        super().__init__(message)
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition that can run.

    Attributes:
        name: the automation's name.
        event: type of the events that start it.
        plan: what its runs execute.
        condition: its conditions, if any.
        judge: judges events' data by the trigger's schema, if there is one.
        secrets: names of the secrets that it uses.
        groups: names of the groups of people that it uses.
        warnings: what is likely wrong with it.
    """

    name: str
    event: str
    plan: Plan
    condition: Condition | None
    judge: Judge | None
    secrets: frozenset[str]
    groups: frozenset[str]
    warnings: list[Problem]

    def plan_for(self, event: Mapping[str, Any] | None) -> Plan:
        """Return the plan, if the event (where one is given) is what the trigger declares.

        Raises:
            UnfitEvent: it is not.
        """
        if event is not None and self.judge is not None and (reason := self.judge(event["data"])) is not None:
            raise UnfitEvent(reason)
        return self.plan


@dataclass(frozen=True, slots=True)
class Match:
    """Whether an event concerns an automation; where not, `reason` says in a sentence what was expected and found."""

    automation: str
    matches: bool
    reason: str | None = None
    priority: Mapping[str, Any] = field(default_factory=dict)
    """What its run is started with: Temporal's `priority_key` and `fairness_key`, where the automation says so."""


@dataclass(slots=True)
class File:
    """One file of the folder: its last good definition, and what is wrong with it now."""

    path: Path
    stamp: Stamp
    good: Definition | None = None
    problems: list[Problem] = field(default_factory=list)
    claimed: str | None = None
    """The name that a file which was never good seems to carry."""


def load(data: Any, source: Source, catalog: Mapping[str, Action]) -> tuple[Definition | None, list[Problem]]:
    """Return a definition ready to run, or None and its problems."""
    automation, problems, secrets, groups = inspect(data, source, catalog)
    if automation is None:
        return None, problems
    declared = automation.trigger.data
    definition = Definition(
        name=automation.name,
        event=automation.trigger.event,
        plan=make_plan(automation, data, catalog),
        condition=None if automation.conditions is None else compile_condition(automation.conditions),
        judge=judge(declared) if isinstance(declared, dict) else None,
        secrets=secrets,
        groups=groups,
        warnings=problems,
    )
    return definition, problems


class Automations:
    """The automations of one folder. Every question looks first whether a file has changed (one scan, no threads).

    Args:
        folder: holds `*.yaml`, `*.yml` and `*.json` files, each an automation; hidden files and folders
            inside are left alone.
        catalog: every action by name.
    """

    def __init__(self, folder: Path, catalog: Mapping[str, Action]) -> None:
        self.folder = folder
        self.catalog = catalog
        self._files: dict[str, File] = {}
        self._serving: dict[str, Definition] = {}
        self._problems: list[Problem] = []
        self._unreadable: str | None = None

    def names(self) -> list[str]:
        """Return the names of all automations that can run, sorted."""
        self._refresh()
        return sorted(self._serving)

    def loaded(self) -> list[Definition]:
        """Return every definition that can run, by name."""
        self._refresh()
        return [self._serving[name] for name in sorted(self._serving)]

    def problems(self) -> list[Problem]:
        """Return what is wrong with the folder as it is now, warnings included."""
        self._refresh()
        return list(self._problems)

    def secrets(self) -> set[str]:
        """Return the names of all secrets that the definitions use."""
        self._refresh()
        return {name for definition in self._serving.values() for name in definition.secrets}

    def groups(self) -> set[str]:
        """Return the names of all groups of people that the definitions use."""
        self._refresh()
        return {name for definition in self._serving.values() for name in definition.groups}

    def plan(self, name: str, event: Mapping[str, Any] | None = None) -> Plan:
        """Return the plan of an automation: of its file's last good version.

        Args:
            name: the automation's name.
            event: the event that starts it, judged by the trigger's schema if there is one; its type may be any.

        Raises:
            UnknownAutomation: no file carries that name.
            BadAutomation: a file does, and was never good on this worker.
            UnfitEvent: the event's data is not what the trigger declares.
        """
        self._refresh()
        if name in self._serving:
            return self._serving[name].plan_for(event)
        for file in self._files.values():
            if file.claimed == name:
                wrong = serious(file.problems)
                more = f" (and {len(wrong) - SHOWN} more)" if len(wrong) > SHOWN else ""
                shown = "; ".join(map(str, wrong[:SHOWN]))
                sentence = f"The automation {name!r} cannot run before its file is right: {shown}{more}"
                raise BadAutomation(sentence, wrong)
        hint = nearest(name, self._serving)
        known = listed(sorted(self._serving), most=30) or "none at all"
        did = f" {hint}" if hint else ""
        raise UnknownAutomation(f"There is no automation {name[:100]!r}.{did} This worker has {known}.")

    def inline(self, definition: Any, event: Mapping[str, Any] | None = None) -> Plan:
        """Return the plan of a definition that came with its run.

        Raises:
            BadAutomation: it has problems.
            UnfitEvent: the event's data is not what the trigger declares.
        """
        made, problems = load(definition, Source(), self.catalog)
        if made is None:
            wrong = serious(problems)
            raise BadAutomation(
                f"The inline automation has problems: {'; '.join(map(_place_and_sentence, wrong[:SHOWN]))}", wrong
            )
        return made.plan_for(event)

    def matching(self, event: Mapping[str, Any]) -> Iterator[Match]:
        """Yield for every automation, by name, whether an event (see `workflows.event.read_event`) concerns it."""
        return (self._match(definition, event) for definition in self.loaded())

    @staticmethod
    def _match(definition: Definition, event: Mapping[str, Any]) -> Match:
        name = definition.name
        if not matches(definition.event, event["type"]):
            return Match(
                name, matches=False, reason=f"Its trigger is {definition.event}; the event is {event['type']}."
            )
        if definition.judge is not None and (reason := definition.judge(event["data"])) is not None:
            return Match(name, matches=False, reason=reason)
        run = {"id": f"{name}/{event['id']}", "automation": name, "url": None}
        roots = {**event["data"], "event": event, "run": run, "variables": {}}
        now = datetime.now(UTC)
        try:
            if definition.condition is None or definition.condition.holds(roots, now):
                return Match(name, matches=True, priority=_priority(definition.plan, roots, now))
            reason = " ".join(failure.sentence for failure in definition.condition.explain(roots, now))
        except TemplateError as error:
            reason = f"Its conditions cannot be judged: {error}"
        return Match(name, matches=False, reason=reason)

    def _refresh(self) -> None:
        try:
            found = dict(_scan(self.folder))
        except OSError as error:
            self._lose_folder(error)
            return
        back, self._unreadable = self._unreadable is not None, None
        changed = [name for name in found if name not in self._files or self._files[name].stamp != found[name]]
        gone = [name for name in self._files if name not in found]
        if not changed and not gone and not back:
            return
        for name in gone:
            log.info("%s is gone.", self.folder / name)
            del self._files[name]
        for name in changed:
            self._read(name, found[name])
        self._serve()

    def _lose_folder(self, error: OSError) -> None:
        sentence = f"The folder of automations cannot be read: {error.strerror or error}."
        if sentence != self._unreadable:
            self._unreadable = sentence
            log.error("%s: %s", self.folder, sentence)
        self._problems = [problem("unreadable-file", sentence, file=str(self.folder))]

    def _read(self, name: str, stamp: Stamp) -> None:
        path = self.folder / name
        file = self._files.get(name) or File(path, stamp)
        file.stamp = stamp
        try:
            data, source = read(path)
            made, file.problems = load(data, source, self.catalog)
        except Unreadable as unreadable:
            data, made, file.problems = None, None, [unreadable.problem]
        file.claimed = None
        if made is not None:
            file.good = made
            log.debug("%s: automation %s is good.", path, made.name)
        else:
            file.claimed = _claimed(path, data)
            kept = f" Its last good version ({file.good.name}) stays in use." if file.good else ""
            found = "\n".join(f"  {one}" for one in serious(file.problems))
            log.error("%s cannot be used.%s\n%s", path, kept, found)
        self._files[name] = file

    def _serve(self) -> None:
        """Decide which file serves which name: the one that came first, where several carry it."""
        self._serving, self._problems, first = {}, [], {}
        for file in self._files.values():
            self._problems += file.problems
            if file.good is None:
                continue
            name = file.good.name
            if name not in self._serving:
                self._serving[name] = file.good
                first[name] = file
            else:
                sentence = f"The automation {name!r} is defined in {first[name].path} already; this file is not used."
                clash = problem("duplicate-name", sentence, file=str(file.path), line=1, hint="rename one of them")
                self._problems.append(clash)
                log.error("%s", clash)


def _priority(plan: Plan, roots: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    from workflows.lane import fairness_key  # these load Temporal, which reading definitions must not
    from workflows.program import program

    compiled = program(plan)
    key: str | None = None
    with contextlib.suppress(TemplateError):  # the run itself says what is wrong
        key = fairness_key(compiled, roots, now)
    given = {"priority_key": compiled.priority, "fairness_key": key}
    return {name: value for name, value in given.items() if value is not None}


def _scan(folder: Path) -> Iterator[tuple[str, Stamp]]:
    with os.scandir(folder) as entries:
        files = sorted((entry for entry in entries if _is_definition(entry.name)), key=lambda entry: entry.name)
        for entry in files:
            try:
                status = entry.stat()
            except FileNotFoundError:  # removed since, or a link that leads nowhere
                continue
            if entry.is_file():
                yield entry.name, (status.st_mtime_ns, status.st_size, status.st_ino)


def _is_definition(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def definition_files(folder: Path) -> list[Path]:
    """Return the definition files of a folder, sorted by name.

    Raises:
        OSError: the folder cannot be read.
    """
    return [folder / name for name, _ in _scan(folder)]


def _claimed(path: Path, data: Any) -> str:
    """Return the name that a bad file seems to carry, so that runs of that name wait for it instead of being lost."""
    if isinstance(data, dict) and isinstance(data.get("name"), str):
        return str(data["name"])
    try:
        match = _NAME.search(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        match = None
    return match[1] if match else path.stem


def _place_and_sentence(one: Problem) -> str:
    return f"{f'step {one.step}: ' if one.step else ''}{one.code}: {one.message}{f' ({one.hint})' if one.hint else ''}"
