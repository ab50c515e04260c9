"""Recordings: what Temporal's history keeps of a run, read without a worker: its event, plan, answers and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from trunkline.keyed import ARRIVE
from trunkline.wire import CHECK, MATCH, MatchAnswer, UsedHeaders
from workers.client.history.called import RUN_AUTOMATION, CalledRun, called_runs
from workers.client.history.chain import History, history_of
from workers.client.history.rows import Activity, Run
from workers.client.history.values import HistoryValues, given
from workers.client.pinned import plan_of
from workers.errors import UsageError
from workflows.event import BY_HAND, EventError, read_event
from workflows.run.beginning import DISPATCH
from workflows.run.encrypted import MissingKeyError
from workflows.run.payload import PayloadError

if TYPE_CHECKING:
    from temporalio.client import Client

    from workflows.plan import Plan

DECIDE = "decide"
SIGNALS = ("approve", "reject")
COUNTED = ("accepted", "needs_more")
ENDED = ("completed", "failed")


class ActivityOutcome(NamedTuple):
    """What one activity of a step came to.

    Attributes:
        step: instance id of the step.
        action: the action's name.
        config: the config that was sent, with secrets as placeholders.
        pick: what was kept of the result.
        headers: headers of the answer that were kept because the run used them.
        answer: what the run got for it; None where it failed.
        failure: why it failed, as the run was told; None where it did not.
    """

    step: str
    action: str
    config: Any
    pick: Any
    answer: Any
    failure: BaseException | None
    headers: UsedHeaders = ()


class RecordedArrival(NamedTuple):
    """An event that was brought to the run, and when."""

    event: Any
    at: datetime


class CountedDecision(NamedTuple):
    """A decision that counted: what was sent, and when."""

    says: dict[str, Any]
    at: datetime


@dataclass(slots=True, kw_only=True)
class HistoryRecording:
    """What the history of a run keeps.

    Attributes:
        run: workflow id.
        automation: the automation's name; `event` for the run that dispatched an event.
        event: the event; None where the run was started with none.
        began: when the first run of the chain was started.
        plan: the plan that it was pinned to; None where it never had one.
        answers: what its activities came to, in the order in which they were scheduled.
        calls: what the runs came to that it started.
        decisions: the decisions that counted.
        arrived: the events that were brought to it while it waited.
        opened: when it asked who may decide about a hold, and with which config.
        matches: of the run that dispatched an event: what it said of each automation.
        closed: whether it has ended.
    """

    run: str
    automation: str
    event: dict[str, Any] | None = None
    began: datetime
    plan: Plan | None = None
    answers: list[ActivityOutcome] = field(default_factory=list)
    calls: list[CalledRun] = field(default_factory=list)
    decisions: list[CountedDecision] = field(default_factory=list)
    arrived: list[RecordedArrival] = field(default_factory=list)
    opened: list[tuple[datetime, Any]] = field(default_factory=list)
    matches: list[MatchAnswer] = field(default_factory=list)
    closed: bool = False

    def after(self, made: CountedDecision) -> float:
        """Return how many seconds after its hold had opened a decision was made."""
        step = str(made.says.get("hold")).partition("#")[0]
        configs = [one.config for one in self.answers if one.step == step]
        before = [one for one in self.opened if one[0] <= made.at]
        own = [at for at, config in before if config in configs] or [at for at, _ in before]
        return max((made.at - max(own, default=made.at)).total_seconds(), 0.0)


async def recording(client: Client, run: str, run_id: str | None = None) -> HistoryRecording:
    """Read the history of a run, of all runs of its chain.

    Args:
        client: a connected client, with the keys that the history needs.
        run: workflow id.
        run_id: one run of the chain's, the last unless it says so.

    Raises:
        NotFoundError: there is no such run.
        UsageError: its history is encrypted under a key that is not at hand, or is no run's of ours.
    """
    try:
        return await _recording(await history_of(client, run, run_id))
    except (MissingKeyError, PayloadError) as error:
        raise UsageError(f"The history of {run} cannot be read: {error}") from error


async def _recording(history: History) -> HistoryRecording:
    automation, event = await given(history.start, history.values)
    found = HistoryRecording(
        run=history.run,
        automation=automation,
        event=_event(event, history.run),
        began=_instant(history.start.at),
        plan=await plan_of(history),
        closed=history.runs[-1].closed in ENDED,
    )
    if automation == DISPATCH and len(history.start.input) > 1:  # what emitted the event has judged it already
        found.matches = (await history.values.value(history.start.input[1:]))["matches"]
    for activity in history.activities():
        if activity.name != CHECK:
            await _add_answer(found, activity, history.values)
        elif activity.end is not None and activity.end.kind == "completed":  # a decision asked it
            _add_asked(found, CHECK, await history.values.value(activity.end.result))
    found.calls += (await called_runs(history)).values()
    for question in history.local_activities():
        if question.result is not None and question.name in {MATCH, CHECK}:
            _add_asked(found, question.name, await history.values.value([question.result]))
    found.opened.sort(key=itemgetter(0))
    for run in history.runs:
        await _add_brought(found, run, history.values)
    return found


def _event(given: Any, run: str) -> dict[str, Any] | None:
    try:
        return read_event(given, default_id=run.partition("/")[2] or run)
    except EventError:
        return None


async def _add_answer(found: HistoryRecording, activity: Activity, values: HistoryValues) -> None:
    call = await values.value(activity.input)
    if activity.name == RUN_AUTOMATION or not isinstance(call, dict) or "config" not in call:
        return
    if "since" in call:  # a look-up sends nothing
        return
    answer, failure = None, None
    if activity.end is not None:
        answer = await values.value(activity.end.result)
        failure = None if activity.end.failure is None else await values.failure(activity.end.failure)
    config, pick, headers = call["config"], call.get("pick"), call.get("headers", ())
    found.answers.append(ActivityOutcome(activity.id, activity.name, config, pick, answer, failure, headers))


def _add_asked(found: HistoryRecording, name: str, answer: Any) -> None:
    if name == MATCH:
        found.matches = answer["matches"]
    elif "keep" in answer:
        kept = answer["keep"]
        found.opened.append((datetime.fromisoformat(kept["at"]), kept["request"]["config"]))


async def _add_brought(found: HistoryRecording, run: Run, values: HistoryValues) -> None:
    """Add the events that a run was brought, and what people decided, in the order in which it counted."""
    made: list[tuple[int, CountedDecision]] = []
    for update in run.updates:
        receipt = await values.value(update.result)
        if update.name == DECIDE and isinstance(receipt, Mapping) and receipt.get("result") in COUNTED:
            says = await values.value(update.input)
            if isinstance(says, dict):
                made.append((update.completed or 0, CountedDecision(says, _instant(update.at))))
    for signal in run.signals:
        if signal.name == ARRIVE and signal.input:
            found.arrived.append(RecordedArrival(await values.value(signal.input), _instant(signal.at)))
        elif signal.name in SIGNALS and len(signal.input) == 1:
            says = await values.value(signal.input)
            if isinstance(says, dict):
                made.append((signal.event, CountedDecision({**says, "decision": signal.name}, _instant(signal.at))))
    found.decisions += [one for _, one in sorted(made, key=itemgetter(0))]


def source_of(event: Mapping[str, Any]) -> str:
    """Return the source of an event."""
    return str(event.get("source") or BY_HAND)


def _instant(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)  # as reports tell instants
