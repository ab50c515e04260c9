"""Recordings: what Temporal's history keeps of a run, read without a worker: its event, plan, answers and decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from trunkline.keyed import ARRIVE
from trunkline.wire import CHECK, MATCH, PLAN, UsedHeaders
from workers.errors import NotFoundError, UsageError
from workflows.event import BY_HAND, EventError, read_event
from workflows.run.encrypted import MissingKeyError

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp
    from temporalio.api.common.v1 import Payloads
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client

    from workflows.plan import Plan

INLINE = "inline"
DECIDE = "decide"
SIGNALS = ("approve", "reject")
COUNTED = ("accepted", "needs_more")


class Answered(NamedTuple):
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


class Called(NamedTuple):
    """What a run of another automation, which a step started, came to."""

    automation: str
    data: Any
    answer: Any
    failure: BaseException | None


class Arrived(NamedTuple):
    """An event that was brought to the run, and when."""

    event: Any
    at: datetime


class Made(NamedTuple):
    """A decision that counted: what was sent, and when."""

    says: dict[str, Any]
    at: datetime


@dataclass(slots=True, kw_only=True)
class Recording:
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
    answers: list[Answered] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    decisions: list[Made] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    opened: list[tuple[datetime, Any]] = field(default_factory=list)
    matches: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False

    def after(self, made: Made) -> float:
        """Return how many seconds after its hold had opened a decision was made."""
        step = str(made.says.get("hold")).partition("#")[0]
        configs = [one.config for one in self.answers if one.step == step]
        before = [one for one in self.opened if one[0] <= made.at]
        own = [at for at, config in before if config in configs] or [at for at, _ in before]
        return max((made.at - max(own, default=made.at)).total_seconds(), 0.0)


async def recording(client: Client, run: str, run_id: str | None = None) -> Recording:
    """Read the history of a run, of all runs of its chain.

    Args:
        client: a connected client, with the keys that the history needs.
        run: workflow id.
        run_id: one run of the chain's, the last unless it says so.

    Raises:
        NotFoundError: there is no such run.
        UsageError: its history is encrypted under a key that is not at hand, or is no run's of ours.
    """
    from temporalio.service import RPCError, RPCStatusCode

    from workers.client.local_steps import with_local_steps

    chain: list[list[HistoryEvent]] = []
    try:
        while run_id is not None or not chain:
            handle = client.get_workflow_handle(run, run_id=run_id)
            chain.append([one async for one in handle.fetch_history_events()])
            started = chain[-1][0].workflow_execution_started_event_attributes
            run_id = started.continued_execution_run_id or None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
            raise NotFoundError(f"There is no run {run!r} in namespace {client.namespace!r}.") from error
        raise
    try:
        events = await with_local_steps(client, [one for part in reversed(chain) for one in part])
        return await _Reading(client, run, events).whole()
    except MissingKeyError as error:
        raise UsageError(f"The history of {run} cannot be read: {error}") from error


class _Reading:
    def __init__(self, client: Client, run: str, events: Sequence[HistoryEvent]) -> None:
        self.client = client
        self.events = events
        started = events[0].workflow_execution_started_event_attributes
        self.found = Recording(run=run, automation=started.workflow_type.name, began=_instant(events[0].event_time))
        self.scheduled: dict[int, int] = {}
        self.initiated: dict[int, int] = {}
        self.updates: dict[int, Made] = {}

    async def whole(self) -> Recording:
        """Read every event."""
        await self._started()
        for event in self.events:
            kind = str(event.WhichOneof("attributes"))
            reader = getattr(self, f"_{kind.removesuffix('_event_attributes')}", None)
            if reader is not None:
                await reader(event, getattr(event, kind))
        return self.found

    async def _decoded(self, payloads: Payloads) -> list[Any]:
        from temporalio.common import RawValue

        from workflows.run.payload import PayloadError, read

        raw = [RawValue] * len(payloads.payloads)
        values = await self.client.data_converter.decode(payloads.payloads, raw)  # type: ignore[arg-type] # raw values
        try:
            return [read(value) for value in values]
        except PayloadError as error:
            raise UsageError(f"The history of {self.found.run} cannot be read: {error}") from None

    async def _started(self) -> None:
        from temporalio.api.common.v1 import Payloads

        attributes = self.events[0].workflow_execution_started_event_attributes
        given = await self._decoded(Payloads(payloads=attributes.input.payloads[:1]))  # the others carry a state over
        event = given[0] if given else None
        if self.found.automation == INLINE and isinstance(event, dict) and "automation" in event:
            self.found.automation = str(event["automation"].get("name"))
            event = event.get("event")
        try:
            self.found.event = read_event(event, default_id=self.found.run.partition("/")[2] or self.found.run)
        except EventError:
            self.found.event = None

    async def _marker_recorded(self, _: HistoryEvent, attributes: Any) -> None:
        from temporalio.common import RawValue

        from workflows.run.payload import read, unpack

        if attributes.marker_name != "core_local_activity" or "result" not in attributes.details:
            return
        about = json.loads(attributes.details["data"].payloads[0].data)
        if about["activity_type"] not in {PLAN, MATCH, CHECK}:
            return
        payloads = attributes.details["result"].payloads
        [value] = await self.client.data_converter.decode(payloads, [RawValue])
        if about["activity_type"] == PLAN:
            self.found.plan = unpack(value).get("plan") or self.found.plan
            return
        answer = read(value)
        if about["activity_type"] == MATCH:
            self.found.matches = answer
        elif "keep" in answer:
            kept = answer["keep"]
            self.found.opened.append((datetime.fromisoformat(kept["at"]), kept["request"]["config"]))

    async def _activity_task_scheduled(self, event: HistoryEvent, attributes: Any) -> None:
        given = await self._decoded(attributes.input)
        call = given[0] if given and isinstance(given[0], dict) else {}
        if "config" in call and "since" not in call:  # a look-up sends nothing
            self.scheduled[event.event_id] = len(self.found.answers)
            name = attributes.activity_type.name
            one = Answered(
                attributes.activity_id, name, call["config"], call.get("pick"), None, None, call.get("headers", ())
            )
            self.found.answers.append(one)

    async def _activity_task_completed(self, _: HistoryEvent, attributes: Any) -> None:
        number = self.scheduled.get(attributes.scheduled_event_id)
        if number is not None:
            [answer] = await self._decoded(attributes.result) or [None]
            self.found.answers[number] = self.found.answers[number]._replace(answer=answer)

    async def _activity_task_failed(self, _: HistoryEvent, attributes: Any) -> None:
        await self._failed(attributes)

    async def _activity_task_timed_out(self, _: HistoryEvent, attributes: Any) -> None:
        await self._failed(attributes)

    async def _failed(self, attributes: Any) -> None:
        number = self.scheduled.get(attributes.scheduled_event_id)
        if number is not None:
            error = await self.client.data_converter.decode_failure(attributes.failure)
            self.found.answers[number] = self.found.answers[number]._replace(failure=error)

    async def _start_child_workflow_execution_initiated(self, event: HistoryEvent, attributes: Any) -> None:
        given = await self._decoded(attributes.input)
        data = given[0].get("data") if given and isinstance(given[0], dict) else None
        self.initiated[event.event_id] = len(self.found.calls)
        self.found.calls.append(Called(attributes.workflow_type.name, data, None, None))

    async def _child_workflow_execution_completed(self, _: HistoryEvent, attributes: Any) -> None:
        number = self.initiated.get(attributes.initiated_event_id)
        if number is not None:
            [answer] = await self._decoded(attributes.result) or [None]
            self.found.calls[number] = self.found.calls[number]._replace(answer=answer)

    async def _child_workflow_execution_failed(self, _: HistoryEvent, attributes: Any) -> None:
        number = self.initiated.get(attributes.initiated_event_id)
        if number is not None:
            error = await self.client.data_converter.decode_failure(attributes.failure)
            self.found.calls[number] = self.found.calls[number]._replace(failure=error)

    async def _workflow_execution_update_accepted(self, event: HistoryEvent, attributes: Any) -> None:
        sent = attributes.accepted_request.input
        given = await self._decoded(sent.args)
        if sent.name == DECIDE and given and isinstance(given[0], dict):
            self.updates[event.event_id] = Made(given[0], _instant(event.event_time))

    async def _workflow_execution_update_completed(self, _: HistoryEvent, attributes: Any) -> None:
        made = self.updates.pop(attributes.accepted_event_id, None)
        outcome = await self._decoded(attributes.outcome.success)
        if made is not None and outcome and isinstance(outcome[0], Mapping) and outcome[0].get("result") in COUNTED:
            self.found.decisions.append(made)

    async def _workflow_execution_signaled(self, event: HistoryEvent, attributes: Any) -> None:
        given = await self._decoded(attributes.input) if attributes.signal_name in {*SIGNALS, ARRIVE} else []
        if attributes.signal_name == ARRIVE and given:
            self.found.arrived.append(Arrived(given[0], _instant(event.event_time)))
        elif attributes.signal_name in SIGNALS and len(given) == 1 and isinstance(given[0], dict):
            says = {**given[0], "decision": attributes.signal_name}
            self.found.decisions.append(Made(says, _instant(event.event_time)))

    async def _workflow_execution_completed(self, _: HistoryEvent, __: Any) -> None:
        self.found.closed = True

    async def _workflow_execution_failed(self, _: HistoryEvent, __: Any) -> None:
        self.found.closed = True


def source_of(event: Mapping[str, Any]) -> str:
    """Return the source of an event."""
    return str(event.get("source") or BY_HAND)


def _instant(at: Timestamp) -> datetime:
    exact = at.ToDatetime(tzinfo=UTC)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)  # as reports tell instants
