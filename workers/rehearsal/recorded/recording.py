"""Reading a history: which requests were sent and answered, what people decided, and which events were brought."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from activities.action import Action
from trunkline.keyed import ARRIVE
from trunkline.wire import CHECK, LOOK, RunReport
from workers.client.history.called import RUN_AUTOMATION, CalledRun, called_runs
from workers.client.history.chain import History
from workers.client.history.picks import unpicked
from workers.client.history.rows import Activity, Run
from workers.client.history.values import given
from workers.client.pinned import plan_of
from workers.client.recordings import DECIDE, SIGNALS
from workers.errors import TrunklineError, UnreachableError, UsageError
from workers.rehearsal.attempts import NOTICE
from workers.rehearsal.kept_values import keeps
from workers.rehearsal.recorded.answers import failed, repeated
from workers.rehearsal.recorded.run import RecordedDecision, RecordedRequest, RecordedRun
from workflows.run.encrypted import MissingKeyError
from workflows.run.payload import PayloadError
from workflows.view.memo import PREFIX

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.failure.v1 import Failure
    from temporalio.client import Client


async def recorded(client: Client, history: History, actions: Mapping[str, Action]) -> RecordedRun:
    """Return what a history tells, with the report that its run has.

    Raises:
        UsageError: it is no history of an automation's run, or cannot be read.
    """
    try:
        found = await _begun(history)
        reader = _Reader(history, actions, found, await called_runs(history))
        for run in history.runs:
            await reader.read(run)
    except (MissingKeyError, PayloadError) as error:
        raise UsageError(f"The history of {history.run} cannot be read: {error}") from None
    found.report = await _report(client, history.run)
    return found


async def _begun(history: History) -> RecordedRun:
    _, event = await given(history.start, history.values)
    plan = await plan_of(history)
    if plan is None or not isinstance(event, dict):
        raise UsageError(f"{history.run} is no run of an automation, or ended before it had its plan.")
    return RecordedRun(run=history.run, event=event, began=history.start.at, until=history.runs[-1].last, plan=plan)


async def _report(client: Client, run: str) -> RunReport | None:
    from workers.client.runs import report

    with contextlib.suppress(UnreachableError):
        try:
            return await report(client, run)
        except UnreachableError:
            raise
        except TrunklineError as error:
            raise UsageError(str(error)) from None
    return None


class _Reader:
    def __init__(
        self, history: History, actions: Mapping[str, Action], found: RecordedRun, called: dict[str, CalledRun]
    ) -> None:
        self.values = history.values
        self.actions = actions
        self.found = found
        self.called = called
        self.touched: set[str] = set()

    async def read(self, run: Run) -> None:
        """Add what one run of the chain tells."""
        await self._requests(run)
        await self._decisions(run)
        for signal in run.signals:
            if signal.name == ARRIVE and isinstance(event := await self.values.value(signal.input), dict):
                self.found.arrived.append((signal.at, event))
        for activity in run.local_activities:
            if activity.name == CHECK and activity.result is not None:
                self._people((await self.values.value([activity.result])).get("people", {}))
        for fields in run.memos:
            await self._shown(fields)

    # Requests.

    async def _requests(self, run: Run) -> None:
        sent: list[tuple[int, RecordedRequest]] = []
        remembering: list[tuple[int, RecordedRequest, Any]] = []
        for one in run.activities:
            action = self.actions.get(one.name)
            if (
                action is None
                or one.name == RUN_AUTOMATION
                or one.name.endswith(LOOK)
                or NOTICE.fullmatch(one.id) is not None
            ):
                continue
            request = await self._sent(one)
            if not keeps(action):
                await self._answer(request, one, action)
                sent.append((one.event, request))
            elif one.end is not None and one.end.kind == "completed":
                answer = await self.values.value(one.end.result)
                remembering.append((one.end.event, request, answer["result"]))
            elif await self._answer(request, one, action):
                sent.append((one.event, request))
        sent += [(one.event, _of_call(self.called.pop(one.run))) for one in run.calls if one.run in self.called]
        self.found.sent += [request for _, request in sorted(sent, key=itemgetter(0))]
        for _, request, result in sorted(remembering, key=itemgetter(0)):
            self._remember(request, result)

    async def _sent(self, one: Activity) -> RecordedRequest:
        call = await self.values.value(one.input)
        for place in call.get("secrets", ()):
            self._secret(place["name"])
            self._secret(place.get("password"))
        step = one.id.partition("~")[0]
        return RecordedRequest(
            step=step, action=one.name, config=call["config"], pick=call.get("pick"), attempts=one.attempts
        )

    def _secret(self, name: str | None) -> None:
        if name is not None and name not in self.found.secrets:
            self.found.secrets.append(name)

    async def _answer(self, sent: RecordedRequest, one: Activity, action: Action) -> bool:
        """Add what was answered to a request, if anything was, and say whether it was."""
        end = one.end
        if end is None or end.kind == "canceled":
            return False
        sent.closed = end.at
        if end.failure is not None:
            failure = end.failure if one.last_failure is None or not _over(end.failure) else one.last_failure
            sent.answers.append(repeated(await failed(failure, action, self.values), one.attempts))
            return True
        if one.attempts > 1 and one.last_failure is not None:
            sent.answers.append(repeated(await failed(one.last_failure, action, self.values), one.attempts - 1))
        answer = await self.values.value(end.result)
        sent.answers.append(unpicked(answer["result"], sent.pick))
        return True

    def _remember(self, sent: RecordedRequest, result: Any) -> None:
        key = str(sent.config.get("key"))
        if key in self.touched or sent.pick is not None:
            return
        self.touched.add(key)
        if result.get("found"):
            self.found.remembered[key] = result["value"]
        elif result.get("first") is False:
            self.found.remembered[key] = result["before"]

    # What came from outside.

    async def _decisions(self, run: Run) -> None:
        decided: list[tuple[int, RecordedDecision]] = []
        for update in run.updates:
            if update.name != DECIDE or update.completed is None:
                continue
            says, receipt = await self.values.value(update.input), await self.values.value(update.result)
            if isinstance(says, dict):
                result = receipt.get("result") if isinstance(receipt, dict) else None
                decided.append((update.completed, RecordedDecision(says=says, at=update.at, receipt=result)))
        for signal in run.signals:
            if signal.name in SIGNALS and isinstance(says := await self.values.value(signal.input), dict):
                says = {**says, "decision": signal.name}
                decided.append((signal.event, RecordedDecision(says=says, at=signal.at, receipt=None)))
        self.found.decided += [one for _, one in sorted(decided, key=itemgetter(0))]

    def _people(self, people: Mapping[str, list[str]]) -> None:
        for role, names in people.items():
            known = self.found.people.setdefault(role, [])
            known += [one for one in names if one not in known]

    async def _shown(self, fields: Mapping[str, Payload]) -> None:
        for name, payload in fields.items():
            if name.startswith(PREFIX) and (hold := await self.values.value([payload])) is not None:
                self.found.opened.setdefault(hold["hold"], datetime.fromisoformat(hold["openedAt"]))


def _of_call(called: CalledRun) -> RecordedRequest:
    """Return a call as a request; its step stands in the report, by the workflow id."""
    config = {"automation": called.automation, "data": called.data}
    sent = RecordedRequest(step=called.run, action=RUN_AUTOMATION, config=config, closed=called.ended)
    if called.answer is not None:
        sent.answers.append(called.answer)
    elif called.failure is not None:
        sent.answers.append({"fails": "refused"})
    return sent


def _over(failure: Failure) -> bool:
    """Say whether the time for all attempts was over while none was under way."""
    from temporalio.api.enums.v1 import TimeoutType

    return failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
