"""Playing test files: every case of each, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.common import RawValue

from activities.action import Action
from workers.rehearsal.answers import Answers
from workers.rehearsal.approvals import rehearsal_approvals
from workers.rehearsal.performance import Performance, Stage
from workers.rehearsal.play import play
from workers.rehearsal.suite.cases import Case, cases_of
from workers.rehearsal.suite.faults import Deviation, faults_of
from workers.rehearsal.suite.files import TestFile
from workflows.host import Watcher
from workflows.plan import Plan
from workflows.run.payload import pack


@dataclass(slots=True, kw_only=True)
class CaseResult:
    """What came of one case.

    Attributes:
        case: the case.
        seen: what its run did.
        faults: what is wrong with that.
        seconds: how long it took.
    """

    case: Case
    seen: Performance
    faults: list[Deviation]
    seconds: float

    @property
    def passed(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults

    def to_json(self) -> dict[str, Any]:
        """Return it as `trunkline test --json` prints it."""
        return {
            "name": self.case.name,
            "line": self.case.line(),
            "passed": self.passed,
            "faults": [fault.to_json(self.case) for fault in self.faults],
            "requests": [one.to_json() for one in self.seen.requests],
            "notices": [one.to_json() for one in self.seen.notices],
            "receipts": [made.receipt for made in self.seen.made],
            "report": self.seen.report,
        }


@dataclass(slots=True, kw_only=True)
class FileResult:
    """What came of one test file.

    Attributes:
        file: the test file.
        actions: every action by name.
        results: what came of its cases; none where the file is wrong.
        seconds: how long it took.
    """

    file: TestFile
    actions: Mapping[str, Action]
    results: list[CaseResult] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> list[CaseResult]:
        """The cases with faults."""
        return [result for result in self.results if not result.passed]


def stage_of(file: TestFile, plan: Plan, actions: Mapping[str, Action]) -> Stage:
    """Return the stage on which the cases of a file play a plan of its automation, or of a mutant."""
    people: Mapping[str, Sequence[str]] = file.data.get("people") or {}
    return Stage.of(plan, actions, rehearsal_approvals(actions, people, file.data.get("secrets") or ()))


def play_file(file: TestFile, actions: Mapping[str, Action], watcher: Watcher | None = None) -> FileResult:
    """Play every case of a file without problems."""
    began = time.perf_counter()
    result = FileResult(file=file, actions=actions)
    if file.automation is None or file.problems:
        return result
    stage = stage_of(file, file.automation.plan, actions)
    result.results = [play_case(case, stage, watcher) for case in cases_of(file)]
    result.seconds = time.perf_counter() - began
    return result


def play_case(case: Case, stage: Stage, watcher: Watcher | None = None) -> CaseResult:
    """Play a case and judge it."""
    began = time.perf_counter()
    answers = Answers(case.answers)
    seen = play(
        stage,
        case.event,
        clock=case.clock,
        answers=answers,
        decisions=case.decisions,
        arriving=case.arriving,
        remembered=case.remembered,
        until=case.until,
        watcher=watcher,
        packed=plan_answer(case, stage),
    )
    unused = {given.key: given.left() for given in answers.unused()}
    faults = faults_of(case, seen, unused, stage.actions)
    return CaseResult(case=case, seen=seen, faults=faults, seconds=time.perf_counter() - began)


def plan_answer(case: Case, stage: Stage) -> RawValue:
    """Return what a run of the case is answered that asks for its plan: the plan, or why the event does not fit it."""
    automation = case.file.automation
    if automation is None or automation.judge is None or (why := automation.judge(case.event["data"])) is None:
        return stage.packed
    return pack({"refused": why, "type": "InvalidEvent"})
