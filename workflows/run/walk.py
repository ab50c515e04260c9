"""One walk over (plan, state): what every step of a run needs, and nothing about any kind of step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from trunkline.keyed import GateAnswer
from trunkline.wire import Entry, ErrorEntry, Flow, HoldNotice, Status
from workflows import host
from workflows.errors import MissingVariableError
from workflows.event import roots_of
from workflows.holds.hold import Hold
from workflows.language.condition import Condition, Verdict
from workflows.language.template import Rendering, Template
from workflows.plan import STATUSES, constants_of
from workflows.program import ActionStep, Notice, Program, Step
from workflows.report import ENDED, FAILED, flow_after, timestamp
from workflows.run.local_steps import LocalSteps
from workflows.run.records import RecordQueues
from workflows.run.resets import resets
from workflows.run.routing import Routing
from workflows.run.state import Frame, State
from workflows.run.yielding import WorkBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why the run ends before its plan does."""

    outcome: Literal["completed", "failed", "rejected", "skipped", "canceled"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A hold that is closed, as its messages have to say.

    Attributes:
        held: the step that waited.
        hold: its hold.
        notice: the notice that posted the messages.
        content: what they say.
    """

    held: HeldStep
    hold: Hold
    notice: Notice
    content: HoldNotice


class Messages:
    """What is under way for messages in which holds can be decided.

    Attributes:
        posting: what posts messages, by hold.
        updating: what updates them.
        closings: closed holds whose messages may not say so yet.
    """

    def __init__(self) -> None:
        self.posting: dict[str, list[asyncio.Task[None]]] = {}
        self.updating: list[asyncio.Task[None]] = []
        self.closings: list[Closing] = []


@dataclass(frozen=True, slots=True)
class HeldStep:
    """A step that waits, as the walk knows it: what a decision may need to judge it anew.

    Attributes:
        step: the step.
        entry: its entry in the report.
        frame: the names that it sees.
    """

    step: ActionStep
    entry: Entry
    frame: Frame


class Walk:
    """One walk over (plan, state).

    Attributes:
        pages: address of the pages on which people decide, where there are any.
        passed: what the gate of its key has told the run.
        gate: what the run waits for at the gate of its key, as a sentence; None where it does not.
        replaced: why a later run for the same key has it canceled.
        stop: set once the run is to end; nothing more starts then.
        continuing_as_new: no new step starts, so that the run can continue as new.
        in_flight: activities that have not ended, and what follows from them at once.
        decision_lock: held while a hold opens or a decision is judged, one after the other, as a replay gets the
            answers of several local activities at once.
        held: the steps that wait, by hold.
        notices: what tells people about holds.
        messages: messages in which holds can be decided.
        work_budget: how much was done at a stretch.
        routing: where activities queue, and which go first there.
        local_steps: how much was done without a round trip.
        record_queues: which steps write which records at vendors, and which wait for that.
        background: steps whose path went on without them; each task has the name of its step.
        lost: paths that another one has beaten, by instance id.
        resumed: after how many resets the run's failed steps last began again.
        unsettled: action and config of what may have been sent and could be looked for, by instance id.
    """

    def __init__(self, program: Program, state: State, run: dict[str, Any], holds_changed: Callable[[], None]) -> None:
        self.program = program
        self.state = state
        self.holds_changed = holds_changed
        self.pages: str | None = None
        self.passed: GateAnswer | None = None
        self.gate: str | None = None
        self.replaced: str | None = None
        self.stop: Stop | None = None
        self.continuing_as_new = False
        self.in_flight = 0
        self.decision_lock = asyncio.Lock()
        self.held: dict[str, HeldStep] = {}
        self.notices: list[asyncio.Task[None]] = []
        self.messages = Messages()
        self.background: list[asyncio.Task[Flow]] = []
        self.lost: dict[str, None] = {}
        self.resumed = 0
        self.unsettled: dict[str, tuple[str, dict[str, Any]]] = {}
        self.outermost = Frame(variables=state.variables)
        self.routing = Routing()
        self.record_queues = RecordQueues()
        self.local_steps = LocalSteps()
        self.work_budget = WorkBudget()
        state.began = state.began or timestamp(host.info().workflow_start_time)
        own = roots_of(state.event, program.plan.get("inputs"))
        self._roots = {**own, "event": state.event, "run": run, **constants_of(program.plan)}

    def halted(self, instance: str | None) -> bool:
        """Say whether nothing more of a step may start: the run is to end, or a path around it has lost."""
        if self.stop is not None:
            return True
        while self.lost and instance is not None:
            if instance in self.lost:
                return True
            instance = self.state.report.entries.get(instance, {}).get("parent")
        return False

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let the run not continue as new meanwhile."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Let the run continue as new although the step is busy: what it waits for is found again."""
        self.in_flight -= 1
        try:
            yield
        finally:
            self.in_flight += 1

    @property
    def resets(self) -> int:
        """How often the run, or an earlier one of its chain, was reset, so that what follows may have run before."""
        return self.state.resets + resets()

    def must_continue_as_new(self) -> bool:
        """Say whether the history is so long that the run should continue as new."""
        return self.continuing_as_new or host.info().is_continue_as_new_suggested()

    def roots(self, frame: Frame) -> dict[str, Any]:
        """Return everything that a template in this frame sees."""
        statuses = {
            step: {"status": self._status(step, around, frame)} for step, around in self.program.status_readers.items()
        }
        return {**self._roots, STATUSES: statuses, **frame.visible()}

    def _status(self, step: str, around: tuple[str, ...], frame: Frame) -> Status:
        """Return how a step stands, seen from a frame; what an ended step around it has left out is skipped."""
        entries = self.state.report.entries
        for name in (step, *around):
            for prefix in frame.prefixes():
                entry = entries.get(prefix + name)
                if entry is not None and name == step:
                    return entry["status"]
                if entry is not None:
                    over = entry["status"] in ENDED and prefix + name not in self.state.report.reacting
                    return "skipped" if over else "pending"
        return "pending"

    def seen(self, condition: Condition, frame: Frame) -> dict[str, Any]:
        """Return what a condition that is about to be judged sees, and tell whoever watches."""
        roots = self.roots(frame)
        host.tell(host.JUDGED, condition=condition, roots=roots)
        return roots

    def judge(self, condition: Condition, entry: Entry, frame: Frame) -> Verdict:
        """Say whether a step's condition holds now, and write down what it could not compare."""
        roots, reader = self.seen(condition, frame), host.reader()
        verdict = None if reader is None else reader.judge(condition, roots, entry["id"])
        verdict = verdict or condition.judge(roots, host.now(), self.work_budget.spend)
        self.state.report.miss(entry, verdict.missing)
        return verdict

    def render(self, template: Template, entry: Entry, frame: Frame) -> Rendering:
        """Fill in a step's template, and write down what it did not find.

        Raises:
            MissingVariableError: something was not found, and the automation says that this is a failure.
        """
        roots, reader = self.roots(frame), host.reader()
        rendered = None if reader is None else reader.render(template, roots, entry["id"])
        rendered = rendered or template.render(roots, host.now(), self.work_budget.spend)
        self.state.report.miss(entry, rendered.missing)
        if rendered.missing and self.program.missing_fails:
            raise MissingVariableError(f"This run has no {', '.join(rendered.missing)}.")
        return rendered

    def skip(self, step: Step, entry: Entry, why: str) -> Flow:
        """Write down that a step is skipped, and why."""
        self.state.report.skip(entry, why)
        return self.end(step, entry, "skipped")

    def end(self, step: Step, entry: Entry, status: Status, error: ErrorEntry | None = None) -> Flow:
        """Write down how a step ended, and say what that means for its block."""
        self.state.report.end(entry, status, host.now(), error)
        return self.settle(step, entry)

    def settle(self, step: Step, entry: Entry) -> Flow:
        """Say what the end of a step means for its block; what has failed remembers, as it may begin again."""
        host.tell(host.ENDED, step=step, entry=entry)
        flow = flow_after(step, entry)
        if entry["status"] in FAILED and flow == "done":
            entry["onFailure"] = "continue"
        self.state.report.reacting.pop(entry["id"], None)
        if flow == "failed":
            self.state.recall(entry["id"]).pop("reaction", None)
        else:
            self.state.memory.pop(entry["id"], None)
        return flow
