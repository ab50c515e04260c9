"""The walk over a plan: which step runs when, and what the end of one means for the next.

A walk that starts from a state skips what is finished and reopens what was waiting, so that a run continues after
continue-as-new exactly where it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from temporalio import workflow

from workflows.act import UNKNOWN, act
from workflows.condition import Condition
from workflows.fault import Fault, MissingVariable, fault_error
from workflows.flow import STATUS, Flow, gravest
from workflows.lane import Lane
from workflows.language.instants import instant
from workflows.loop import loop
from workflows.pace import Pace
from workflows.parallel import run_parallel
from workflows.program import (
    ActionStep,
    Block,
    BranchStep,
    LoopStep,
    Path,
    PathsStep,
    Program,
    Step,
    StopStep,
    WaitStep,
)
from workflows.report import ENDED, FAILED, REFUSED, Entry, cut, timestamp
from workflows.resets import resets
from workflows.state import Frame, State
from workflows.template import Rendered, Template, TemplateError
from workflows.terms import Held

LONGEST_WAIT = timedelta(days=3650)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why the run ends before its plan does."""

    outcome: Literal["completed", "failed", "rejected", "canceled"]
    reason: str


class Walk:
    """One walk over (plan, state).

    Attributes:
        stop: set once the run is to end; nothing more starts then.
        handing_over: no new step starts, so that the run can continue as new.
        in_flight: activities that have not ended, and what follows from them at once.
        desk: held while a hold opens or a decision is judged, one after the other, as a replay gets the answers of
            several local activities at once.
        held: the steps that wait, by hold.
        notices: what tells people about holds.
        pace: how much was done at a stretch.
        lane: where activities queue, and which go first there.
        background: steps whose path went on without them.
        unsettled: action and config of what may have been sent and could be looked for, by instance id.
    """

    def __init__(self, program: Program, state: State, run: dict[str, Any], holds_changed: Callable[[], None]) -> None:
        self.program = program
        self.state = state
        self.holds_changed = holds_changed
        self.stop: Stop | None = None
        self.handing_over = False
        self.in_flight = 0
        self.desk = asyncio.Lock()
        self.held: dict[str, Held] = {}
        self.notices: list[asyncio.Task[None]] = []
        self.background: list[asyncio.Task[Flow]] = []
        self.unsettled: dict[str, tuple[str, dict[str, Any]]] = {}
        self.outermost = Frame(variables=state.variables)
        self.lane = Lane()
        self.pace = Pace()
        state.began = state.began or timestamp(workflow.info().workflow_start_time)
        self._roots = {**state.event["data"], "event": state.event, "run": run}

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let the run not continue as new meanwhile."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    @property
    def resets(self) -> int:
        """How often the run, or an earlier one of its chain, was reset, so that what follows may have run before."""
        return self.state.resets + resets()

    async def whole(self) -> Flow:
        """Walk the whole plan, and wait for what runs in the background."""
        flow = await self.block(self.program.block, self.outermost, None)
        behind = await run_parallel(self._result(task) for task in self.background)
        await run_parallel(self._result(task) for task in self.notices)
        return gravest([flow, *behind])

    @staticmethod
    async def _result(task: asyncio.Task[T]) -> T:
        return await task

    def must_hand_over(self) -> bool:
        """Say whether the history is so long that the run should continue as new."""
        return self.handing_over or workflow.info().is_continue_as_new_suggested()

    def roots(self, frame: Frame) -> dict[str, Any]:
        """Return everything that a template in this frame sees."""
        return {**self._roots, **frame.visible()}

    def holds(self, condition: Condition, frame: Frame) -> bool:
        """Say whether a condition holds now."""
        return condition.holds(self.roots(frame), workflow.now(), self.pace.spend)

    def render(self, template: Template, entry: Entry, frame: Frame) -> Rendered:
        """Fill in a step's template, and write down what it did not find.

        Raises:
            MissingVariable: something was not found, and the automation says that this is a failure.
        """
        rendered = template.render(self.roots(frame), workflow.now(), self.pace.spend)
        self.state.report.miss(entry, rendered.missing)
        if rendered.missing and self.program.missing_fails:
            raise MissingVariable(f"This run has no {', '.join(rendered.missing)}.")
        return rendered

    def end(self, step: Step, entry: Entry, status: str, error: dict[str, str] | None = None) -> Flow:
        """Write down how a step ended, and say what that means for its block."""
        self.state.report.end(entry, status, workflow.now(), error)
        self.state.memory.pop(entry["id"], None)
        return self._flow(step, entry)

    @staticmethod
    def _flow(step: Step, entry: Entry) -> Flow:
        status = entry["status"]
        if status == "canceled":
            return "halted"
        if status in FAILED:
            return "done" if step.goes_on or "onFailure" in entry else "failed"
        if status in REFUSED:
            return "done" if step.goes_on and not isinstance(step, ActionStep) else "rejected"
        return "done"

    async def block(self, block: Block, frame: Frame, parent: str | None) -> Flow:
        """Run the steps of a block in order, as far as they go."""
        for step in block:
            flow = await self._step(step, frame, parent)
            if flow != "done":
                return flow
        return "done"

    async def _step(self, step: Step, frame: Frame, parent: str | None) -> Flow:
        instance = frame.prefix + step.id
        entry = self.state.report.entries.get(instance)
        if entry is not None and entry["status"] in ENDED:
            return self._flow(step, entry)
        await self.pace.step(self)
        if self.must_hand_over():
            self.handing_over = True
            await workflow.wait_condition(lambda: self.stop is not None)
        if self.stop is not None:
            return "halted"
        fresh = entry is None
        if entry is None:
            entry = self.state.report.begin(instance, step, parent, workflow.now())
        started = self._guarded(step, entry, frame, fresh=fresh)
        if isinstance(step, ActionStep) and step.background:
            self.background.append(asyncio.create_task(started))
            return "done"
        return await started

    async def _guarded(self, step: Step, entry: Entry, frame: Frame, *, fresh: bool) -> Flow:
        try:
            if fresh and step.condition is not None and not self.holds(step.condition, frame):
                return self.end(step, entry, "skipped")
            return await self._carry_out(step, entry, frame)
        except asyncio.CancelledError:
            unknown = self.state.recall(entry["id"]).get(UNKNOWN)
            self.end(step, entry, "canceled" if unknown is None else "unknown", unknown)
            raise
        except (TemplateError, Fault) as error:
            return self.end(step, entry, "failed", fault_error(error))

    async def _carry_out(  # noqa: PLR0911 # one return per kind of step
        self, step: Step, entry: Entry, frame: Frame
    ) -> Flow:
        match step:
            case ActionStep():
                return await act(self, step, entry, frame)
            case PathsStep():
                flows = await run_parallel(self._step(path, frame, entry["id"]) for path in step.paths)
                return self.end(step, entry, STATUS[gravest(flows)])
            case Path():
                return self.end(step, entry, STATUS[await self.block(step.block, frame, entry["id"])])
            case BranchStep():
                return await self._branch(step, entry, frame)
            case WaitStep():
                return await self._wait(step, entry, frame)
            case LoopStep():
                return await loop(self, step, entry, frame)
            case StopStep():
                return self._stop(step, entry, frame)
        raise TypeError(f"no such step: {step!r}")

    async def _branch(self, step: BranchStep, entry: Entry, frame: Frame) -> Flow:
        memory = self.state.remember(entry["id"])
        if "case" not in memory:
            matching = (n for n, (condition, _) in enumerate(step.cases) if self.holds(condition, frame))
            memory["case"] = next(matching, len(step.cases))
        blocks = [block for _, block in step.cases] + [step.otherwise]
        block = blocks[memory["case"]]
        if not block:
            return self.end(step, entry, "skipped")
        return self.end(step, entry, STATUS[await self.block(block, frame, entry["id"])])

    async def _wait(self, step: WaitStep, entry: Entry, frame: Frame) -> Flow:
        memory = self.state.remember(entry["id"])
        if "until" not in memory:
            memory["until"] = timestamp(self._until(step, entry, frame))
        remaining = datetime.fromisoformat(memory["until"]) - workflow.now()
        if remaining > timedelta(0):
            await workflow.sleep(remaining, summary=step.label)
        return self.end(step, entry, "succeeded")

    def _until(self, step: WaitStep, entry: Entry, frame: Frame) -> datetime:
        now = workflow.now()
        if step.until is None:
            return now + (step.duration or timedelta(0))
        value = self.render(step.until, entry, frame).value
        until = instant(value) if isinstance(value, str) else None
        if until is None:
            raise Fault(f"`until` must be an instant such as 2030-01-31T09:00:00Z; it is {value!r:.100}.")
        if until > now + LONGEST_WAIT:
            raise Fault(f"`until` is {timestamp(until)}, more than ten years from now.")
        return until

    def _stop(self, step: StopStep, entry: Entry, frame: Frame) -> Flow:
        reason = self.render(step.reason, entry, frame).value
        if reason and not isinstance(reason, str):
            reason = json.dumps(reason, ensure_ascii=False, separators=(",", ":"))
        self.end(step, entry, "succeeded")
        self.stop = self.stop or Stop(outcome=step.outcome, reason=cut(reason or step.label))
        return "stopped"
