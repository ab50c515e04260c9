"""Reading a history: which requests were sent and answered, what people decided, and which events were brought."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from activities.action import Action
from trunkline.keyed import ARRIVE
from trunkline.wire import CHECK, LOOK, PLAN
from workers.errors import TrunklineError, UnreachableError, UsageError
from workers.rehearsal.attempts import NOTICE
from workers.rehearsal.kept_values import keeps
from workers.rehearsal.recorded.answers import answered, failed, repeated
from workers.rehearsal.recorded.history import History, marked, moment
from workers.rehearsal.recorded.run import Decided, Recording, Sent
from workflows.view.memo import PREFIX

if TYPE_CHECKING:
    from temporalio.api.failure.v1 import Failure
    from temporalio.api.history.v1 import HistoryEvent

INLINE = "inline"
CALL = "run_automation"


async def recorded(history: History, actions: Mapping[str, Action]) -> Recording:
    """Return what a history tells.

    Raises:
        UsageError: it is no history of an automation's run, or cannot be read.
    """
    return await _Reader(history, actions).whole()


class _Reader:
    def __init__(self, history: History, actions: Mapping[str, Action]) -> None:
        self.history = history
        self.actions = actions
        self.scheduled: dict[tuple[int, int], Sent] = {}
        self.calls: dict[str, Sent] = {}
        self.updates: dict[str, tuple[dict[str, Any], datetime]] = {}
        self.touched: set[str] = set()
        self.number = 0

    async def whole(self) -> Recording:
        self.found = await self._begun()
        for event in self.history.events:
            name = event.WhichOneof("attributes") or ""
            if name == "workflow_execution_started_event_attributes":
                self.number += 1
            read = getattr(self, f"_{name.removesuffix('_event_attributes')}", None)
            if read is not None:
                await read(event, getattr(event, name))
        self.found.report = await self._report()
        return self.found

    async def _begun(self) -> Recording:
        first = self.history.events[0]
        started = first.workflow_execution_started_event_attributes
        given = await self.history.value(started.input.payloads)
        if started.workflow_type.name == INLINE and isinstance(given, dict):
            given = given.get("event")
        for event in self.history.events:
            if event.HasField("marker_recorded_event_attributes"):
                name, result = marked(event.marker_recorded_event_attributes.details)
                answer = await self.history.packed(result) if name == PLAN and result else {}
                if "plan" in answer and isinstance(given, dict):
                    until = moment(self.history.events[-1])
                    return Recording(
                        run=self.history.run, event=given, began=moment(first), until=until, plan=answer["plan"]
                    )
        raise UsageError(f"{self.history.run} is no run of an automation, or ended before it had its plan.")

    async def _report(self) -> dict[str, Any] | None:
        from workers.client.runs import report

        with contextlib.suppress(UnreachableError):
            try:
                return await report(self.history.client, self.history.run)
            except UnreachableError:
                raise
            except TrunklineError as error:
                raise UsageError(str(error)) from None
        return None

    # Requests.

    async def _activity_task_scheduled(self, event: HistoryEvent, scheduled: Any) -> None:
        name, step = scheduled.activity_type.name, scheduled.activity_id
        action = self.actions.get(name)
        if action is None or name.endswith(LOOK) or NOTICE.fullmatch(step) is not None:
            return
        call = await self.history.value(scheduled.input.payloads)
        for place in call.get("secrets", ()):
            self._secret(place["name"])
            self._secret(place.get("password"))
        sent = Sent(step=step.partition("~")[0], action=name, config=call["config"], pick=call.get("pick"))
        self.scheduled[self.number, event.event_id] = sent
        if not keeps(action):
            self.found.sent.append(sent)

    def _secret(self, name: str | None) -> None:
        if name is not None and name not in self.found.secrets:
            self.found.secrets.append(name)

    def _of(self, attributes: Any) -> Sent | None:
        return self.scheduled.get((self.number, attributes.scheduled_event_id))

    async def _activity_task_started(self, _event: HistoryEvent, started: Any) -> None:
        if (sent := self._of(started)) is not None:
            sent.attempts = max(started.attempt, 1)
            if started.HasField("last_failure"):
                sent.last = started.last_failure

    async def _activity_task_completed(self, event: HistoryEvent, completed: Any) -> None:
        sent = self._of(completed)
        if sent is None:
            return
        answer = await self.history.value(completed.result.payloads)
        if keeps(self.actions[sent.action]):
            self._remember(sent, answer["result"])
            return
        sent.closed = moment(event)
        if sent.attempts > 1 and sent.last is not None:
            failure = await failed(self.history, self.actions[sent.action], sent.last)
            sent.answers.append(repeated(failure, sent.attempts - 1))
        sent.answers.append(answered(answer["result"], sent.pick))

    async def _activity_task_failed(self, event: HistoryEvent, failing: Any) -> None:
        await self._failed(event, self._of(failing), failing.failure)

    async def _activity_task_timed_out(self, event: HistoryEvent, failing: Any) -> None:
        from temporalio.api.enums.v1 import TimeoutType

        sent = self._of(failing)
        failure = failing.failure
        over = failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
        if sent is not None and sent.last is not None and over:
            failure = sent.last  # no attempt was under way: the time for all of them was over
        await self._failed(event, sent, failure)

    async def _failed(self, event: HistoryEvent, sent: Sent | None, failure: Failure) -> None:
        if sent is not None:
            sent.closed = moment(event)
            sent.answers.append(repeated(await failed(self.history, self.actions[sent.action], failure), sent.attempts))
            if keeps(self.actions[sent.action]):
                self.found.sent.append(sent)

    def _remember(self, sent: Sent, result: Any) -> None:
        key = str(sent.config.get("key"))
        if key in self.touched or sent.pick is not None:
            return
        self.touched.add(key)
        if result.get("found"):
            self.found.remembered[key] = result["value"]
        elif result.get("first") is False:
            self.found.remembered[key] = result["before"]

    # Runs of other automations.

    async def _start_child_workflow_execution_initiated(self, _event: HistoryEvent, begun: Any) -> None:
        event = await self.history.value(begun.input.payloads)
        config = {"automation": begun.workflow_type.name, "data": event["data"]}
        sent = self.calls[begun.workflow_id] = Sent(step=begun.workflow_id, action=CALL, config=config)
        self.found.sent.append(sent)

    async def _child_workflow_execution_completed(self, event: HistoryEvent, done: Any) -> None:
        if (sent := self.calls.get(done.workflow_execution.workflow_id)) is not None:
            report = await self.history.value(done.result.payloads)
            sent.closed = moment(event)
            sent.answers.append({"outcome": report["outcome"], "result": report.get("result")})

    async def _child_workflow_execution_failed(self, event: HistoryEvent, done: Any) -> None:
        if (sent := self.calls.get(done.workflow_execution.workflow_id)) is not None:
            sent.closed = moment(event)
            sent.answers.append({"fails": "refused"})

    # What came from outside.

    async def _workflow_execution_update_accepted(self, event: HistoryEvent, accepted: Any) -> None:
        request = accepted.accepted_request
        says = await self.history.value(request.input.args.payloads)
        if request.input.name == "decide" and isinstance(says, dict):
            self.updates[request.meta.update_id] = says, moment(event)

    async def _workflow_execution_update_completed(self, _event: HistoryEvent, completed: Any) -> None:
        if completed.meta.update_id in self.updates:
            says, at = self.updates[completed.meta.update_id]
            receipt = await self.history.value(completed.outcome.success.payloads)
            result = receipt.get("result") if isinstance(receipt, dict) else None
            self.found.decided.append(Decided(says=says, at=at, receipt=result))

    async def _workflow_execution_signaled(self, event: HistoryEvent, signaled: Any) -> None:
        value = await self.history.value(signaled.input.payloads)
        if not isinstance(value, dict):
            return
        if signaled.signal_name == ARRIVE:
            self.found.arrived.append((moment(event), value))
        elif signaled.signal_name in ("approve", "reject"):
            says = {**value, "decision": signaled.signal_name}
            self.found.decided.append(Decided(says=says, at=moment(event), receipt=None))

    async def _workflow_properties_modified(self, _event: HistoryEvent, modified: Any) -> None:
        for name, payload in modified.upserted_memo.fields.items():
            if name.startswith(PREFIX) and (told := await self.history.value([payload])) is not None:
                self.found.opened.setdefault(told["hold"], datetime.fromisoformat(told["openedAt"]))

    async def _marker_recorded(self, _event: HistoryEvent, marker: Any) -> None:
        name, result = marked(marker.details)
        if name != CHECK or not result:
            return
        for role, names in (await self.history.value(result)).get("people", {}).items():
            known = self.found.people.setdefault(role, [])
            known += [one for one in names if one not in known]
