"""Playing a run: a plan, an event, answers and decisions in; what the run did, and what it would have sent, out.

`play` needs no server and no network, takes milliseconds, and may be called from anywhere, also while another event
loop runs; runs played in several threads do not meet. What happens at one virtual instant happens before time goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from trunkline.keyed import ARRIVE
from workers.rehearsal.answers import Answers
from workers.rehearsal.approvals import PROOF
from workers.rehearsal.arrivals import Arriving, RehearsedArrivals
from workers.rehearsal.attempts import RehearsedActivities
from workers.rehearsal.host import ContinuedAsNewError, RehearsalHost
from workers.rehearsal.kept_values import RehearsedValues
from workers.rehearsal.loop import VirtualLoop
from workers.rehearsal.performance import DecisionOutcome, Performance, PlayedDecision, Stage
from workers.rehearsal.record import RehearsalRecord
from workflows.automation import Automation
from workflows.host import Watcher, hosted, watched

LONGEST = timedelta(days=366 * 11)
"""Virtual time after which a run that goes on and on is looked at as it is; no step waits longer than ten years."""

HELD = "held"
"""The outcome of a run that only people could move on, or that was looked at before its end."""

NOT_FOUND = "not_found"

A = TypeVar("A", bound=RehearsedActivities)


def play(  # noqa: PLR0913 # what a rehearsal is made of, by name
    stage: Stage,
    event: Mapping[str, Any],
    *,
    clock: datetime,
    answers: Answers | None = None,
    decisions: Sequence[PlayedDecision] = (),
    arriving: Sequence[Arriving] = (),
    remembered: Mapping[str, Any] | None = None,
    until: timedelta | None = None,
    watcher: Watcher | None = None,
    packed: RawValue | None = None,
) -> Performance:
    """Play a run from its event to its end, or to where only people could move it on.

    Args:
        stage: what runs, and with what.
        event: the event, whole, with `id`.
        clock: when it arrives.
        answers: what receivers answer; they are used up.
        decisions: what people decide, in order.
        arriving: events that arrive while it runs.
        remembered: what automations remember when the event arrives, by key.
        until: looks at the run after so much time, instead of at its end.
        watcher: is told what the interpreter tells its host besides (`workflows/host.py`).
        packed: what the run is answered that asks for its plan, instead of the stage's: why it cannot begin.
    """
    arrivals = RehearsedArrivals(arriving, clock, watcher)
    given = answers or Answers()
    played = Play(stage, event, clock, given, decisions, arrivals, remembered or {}, until, packed or stage.packed)
    return played.whole()


@dataclass
class Play:
    """One play, as `play` is asked for it; `whole` plays it."""

    stage: Stage
    event: Mapping[str, Any]
    clock: datetime
    answers: Answers
    decisions: Sequence[PlayedDecision]
    arrivals: RehearsedArrivals
    remembered: Mapping[str, Any]
    until: timedelta | None
    packed: RawValue
    opened: dict[str, datetime] = field(default_factory=dict)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    ticks: list[datetime] = field(default_factory=list)
    defect: str | None = None

    def __post_init__(self) -> None:
        self.loop = VirtualLoop(self.clock)  # type: ignore[abstract] # it has what a run uses
        self.kept_values = RehearsedValues(self.loop.now, self.remembered)
        self.attempts = self._carrier()
        self.attempts.caller = self._caller
        self.made = [DecisionOutcome() for _ in self.decisions]
        self.left = list(range(len(self.decisions)))

    def _carrier(self) -> RehearsedActivities:
        """Return what carries out activities."""
        return self._carrying(RehearsedActivities)

    def _carrying(self, kind: type[A]) -> A:
        """Return one of a kind of what carries out activities."""
        stage, automation = self.stage, self.stage.plan["automation"]
        return kind(self.loop, stage.actions, self.answers, stage.approvals, self.packed, self.kept_values, automation)

    def whole(self) -> Performance:
        """Play the run and every run that follows it in its chain."""
        self._begin([RawValue(_payload(self.event))], None)
        end = None if self.until is None else self.clock + self.until
        try:
            self._play(end)
        except Exception as error:  # noqa: BLE001 # a defect must not keep other cases from being played
            self.loop.faults.clear()
            self.defect = f"{type(error).__name__}: {error}"
        return self._finish(self.attempts.record, end)

    def _play(self, end: datetime | None) -> None:
        while self._settled():
            self._note_holds()
            if self._decide(end) or self._deliver(end):
                continue
            timer = None if self._only_reminders() else self.loop.next_timer()
            times = [self._next_decision(end), self.arrivals.next(end), timer]
            due = min((time for time in times if time is not None), default=None)
            if due is None or due > self.clock + LONGEST:
                break
            if end is not None and due > end:
                self.loop.advance(end)
                break
            if self.loop.next_timer() == due:
                self.ticks.append(due)
            self.loop.advance(due)
            while (self._decide(end) or self._deliver(end)) and self._settled(strike=False):  # quicker than a timer
                self._note_holds()

    def _begin(self, arguments: Sequence[Any], continued: str | None) -> None:
        run = f"{self.stage.plan['automation']}/{self.event['id']}"
        self.host = RehearsalHost(
            self.loop,
            self.attempts,
            workflow_id=run,
            workflow_type=self.stage.plan["automation"],
            continued_run_id=continued,
        )
        self.automation = Automation()
        with self._hosted():
            self.task = self.loop.create_task(self.automation.run(arguments))

    @contextmanager
    def _hosted(self) -> Iterator[None]:
        with hosted(self.host), watched(self.arrivals.watcher):
            yield

    def _settled(self, *, strike: bool = True) -> bool:
        """Let everything happen that can happen now, with or without timers; say whether the run goes on."""
        while True:
            with self._hosted():  # what is waited for is looked at here, and not in a task
                self.loop.settle(strike=strike)
            if not self.task.done():
                return True
            error = self.task.exception() if not self.task.cancelled() else None
            if not isinstance(error, ContinuedAsNewError):
                return False
            arguments = [one if isinstance(one, RawValue) else RawValue(_payload(one)) for one in error.arguments]
            self._begin(arguments, "rehearsal")

    def _caller(self, run: str) -> str:
        state = self.automation.state
        for instance, memory in ({} if state is None else state.memory).items():
            if memory.get("call", {}).get("run") == run:
                return instance
        return run

    def _note_holds(self) -> None:
        """Keep every hold as it is shown when it has opened."""
        if self.automation.state is None:
            return
        for hold in self.automation.state.holds.open():
            if hold.hold not in self.opened:
                self.opened[hold.hold] = self.loop.now()
                self.holds[hold.hold] = json.loads(json.dumps(hold.to_json()))

    # Decisions.

    def _due(self, number: int) -> datetime | None:
        decision = self.decisions[number]
        opened = self.opened.get(decision.hold)
        return None if opened is None else opened + decision.after

    def _next_decision(self, end: datetime | None) -> datetime | None:
        due = [time for number in self.left if (time := self._due(number)) is not None]
        return min((time for time in due if end is None or time <= end), default=None)

    def _decide(self, end: datetime | None) -> bool:
        """Make the first decision that is due, and say whether there was one."""
        now = self.loop.now()
        for number in self.left:
            due = self._due(number)
            if due is not None and due <= now and (end is None or due <= end):
                self.left.remove(number)
                self._make(number)
                return True
        return False

    def _make(self, number: int) -> None:
        decision, made = self.decisions[number], self.made[number]
        made.at, made.opened = self.loop.now(), self.opened[decision.hold]
        says: dict[str, Any] = {"proof": PROOF, **decision.says, "hold": decision.hold}
        state = self.automation.state
        held = None if state is None else state.holds.all.get(decision.hold)
        if held is not None and "digest" not in says:
            says["digest"] = held.digest
        handler: Callable[..., Any] = self.automation.decide
        self.host.handling += 1
        with self._hosted():
            judging = self.loop.create_task(handler(says))
        judging.add_done_callback(lambda _: self._handled(judging, made))

    def _handled(self, judging: Any, made: DecisionOutcome) -> None:
        self.host.handling -= 1
        if not judging.cancelled() and judging.exception() is None:
            made.receipt, made.message = judging.result()["result"], judging.result()["message"]

    def _deliver(self, end: datetime | None) -> bool:
        """Bring the run the next event that is due, and say whether there was one that it waits for."""
        event = self.arrivals.take(self.automation.state, self.loop.now(), end)
        if event is None:
            return False
        with self._hosted():
            self.loop.create_task(self.host.signals[ARRIVE](json.loads(json.dumps(event))))
        return True

    def _only_reminders(self) -> bool:
        """Say whether nothing but reminders would happen any more, and each hold that has any got its first."""
        state = self.automation.state
        if state is None or self.until is not None or self._next_decision(None) is not None:
            return False
        if self.arrivals.next() is not None:
            return False
        holds = state.holds.open()
        if not holds or any(hold.deadline or hold.escalateAt for hold in holds):
            return False
        reminding = [hold for hold in holds if hold.remindAt is not None]
        if not reminding or any(not state.recall(hold.step).get("reminders") for hold in reminding):
            return False
        return self.loop.timers() <= len(reminding)

    def _finish(self, record: RehearsalRecord, end: datetime | None) -> Performance:
        ended = self.task.done()
        if ended:
            self._after_the_end(end)
        for number in self.left:
            self.made[number].opened = self.opened.get(self.decisions[number].hold)
        outcome, report, fault = self._ending(ended=ended)
        if not ended:
            with self._hosted():
                self.loop.end()
        return Performance(
            outcome=outcome,
            ended=ended,
            report=report,
            requests=record.requests,
            notices=record.notices,
            unanswered=record.unanswered,
            lacking=record.lacking,
            made=self.made,
            holds=self.holds,
            began=self.clock,
            now=self.loop.now(),
            ticks=self.ticks,
            fault=fault,
            brought=self.arrivals.brought,
            remembered=self.kept_values.all(end or self.loop.now()),
            owners=self.kept_values.owners,
        )

    def _after_the_end(self, end: datetime | None) -> None:
        """Make the decisions that come too late: a run that has ended takes none."""
        for number in self.left:
            due = self._due(number)
            if due is not None and (end is None or due <= end):
                made = self.made[number]
                made.receipt, made.at = NOT_FOUND, due
                made.message = "The run has ended."

    def _ending(self, *, ended: bool) -> tuple[str | None, dict[str, Any], str | None]:
        with hosted(self.host):
            report = json.loads(json.dumps(self.automation.report()))
        if self.defect is not None:
            return None, report, self.defect
        if not ended:
            return HELD, report, None
        error = None if self.task.cancelled() else self.task.exception()
        if error is None or self.automation.outcome is not None:
            why = str(error) if isinstance(error, ApplicationError) and self.automation.state is None else None
            return self.automation.outcome, report, why
        return None, report, f"{type(error).__name__}: {error}"


def _payload(value: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())
