"""Activities of a rehearsal: attempts that take no time, repeated and given up as Temporal does."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError, CancelledError, ChildWorkflowError

from activities.action import Action
from activities.attempt.contracts import Contracts, configured
from activities.attempt.failures import failed
from activities.attempt.temporal import LOOKS
from activities.errors import ActionError, NotSent, Unavailable
from activities.kept_values import KeptValues
from activities.slack.approval import content
from trunkline.keyed import SUBSCRIBE, UNSUBSCRIBE
from trunkline.wire import LOOK, PLAN, TURN, YIELD
from workers.process.approval_activities import ApprovalActivities
from workers.rehearsal.answers import Answers, request_line
from workers.rehearsal.failures import activity_error, fail_child
from workers.rehearsal.kept_values import keeps
from workers.rehearsal.loop import VirtualLoop
from workers.rehearsal.receivers import carried_out, kept_answer
from workers.rehearsal.record import RehearsalRecord, RehearsedNotice, RequestAttempt, base_id
from workers.rehearsal.results import completed

UNANSWERED = "Unanswered"
"""The type of the error with which an attempt fails to whose request no answer is given."""

MANY, SHORTEST = 100, timedelta(seconds=1)
"""From so many attempts on none follows the last one quicker: a server's timers are no quicker either."""

NOTICE = re.compile(
    r"(?P<hold>.+)\.notify-\d+\.(?P<on>opened|reminder|escalated|decided)(-\d+)?"
    r"(\.(changed|decided|withdrawn)-\d+)?(~[0-9a-f-]{36})?",
    re.DOTALL,
)
"""The activity id of a notice about a hold, or of one that renews what a notice has posted."""


class RehearsedActivities:
    """Carries out the activities of one run and of what follows it in its chain.

    Args:
        loop: the virtual time.
        actions: every action by name.
        answers: what receivers answer.
        approvals: answers what runs ask their worker about holds.
        plan: what the run's question for its plan is answered with.
        kept_values: what automations remember.
        automation: name of the run's automation.

    Attributes:
        caller: says which step has started a run, by that run's workflow id.
        known: answers that are known before, by step, key and attempt; what is not among them `answers` has.
    """

    def __init__(  # noqa: PLR0913, PLR0917 # what a run's activities need
        self,
        loop: VirtualLoop,
        actions: Mapping[str, Action],
        answers: Answers,
        approvals: ApprovalActivities,
        plan: RawValue,
        kept_values: KeptValues,
        automation: str,
    ) -> None:
        self.loop = loop
        self.actions = actions
        self.answers = answers
        self.record = RehearsalRecord()
        self.approvals = approvals
        self.contracts: Contracts = approvals.contracts
        self.plan = plan
        self.kept_values = kept_values
        self.automation = automation
        self._activities = {_name(one): one for one in approvals.activities()}
        self._children: dict[str, asyncio.Future[Any]] = {}
        self.caller: Callable[[str], str] = str
        self.known: Mapping[tuple[str, str, int], Any] = {}

    async def local(self, activity: str, argument: Any) -> Any:
        """Return what the run's worker answers."""
        if activity == PLAN:
            return self.plan
        if activity == YIELD:
            return None
        return _plain(await self._activities[activity](_plain(argument)))

    async def activity(self, activity: str, argument: Any, options: Mapping[str, Any]) -> Any:
        """Return the result of an activity.

        Raises:
            ActivityError: it failed, and is not tried again.
        """
        name = options.get("activity_id")
        if activity in (TURN, UNSUBSCRIBE):
            return None
        if activity == SUBSCRIBE:
            return json.dumps([argument["event"], argument.get("field"), argument.get("value")])
        if activity.endswith(LOOK):
            return await self._repeated(activity, options, self.look)
        if name is None:
            return await (self.local if activity in self._activities else self._child_asked)(activity, argument)
        if (notice := NOTICE.fullmatch(name)) is not None:
            return self.notice(activity, notice, argument)
        attempt = RehearsedAttempt(self, self.actions[activity], name, argument, options.get("retry_policy"))
        return await self._repeated(activity, options, attempt.run)

    def notice(self, activity: str, named: re.Match[str], call: Mapping[str, Any]) -> Any:
        """Write a notice down, and return what its action gives; one that renews another's message is none."""
        action, config = self.actions[activity], _plain(call["config"])
        if "posted" not in call.get("notice", {}):
            text = content(call["notice"])["text"] if "notice" in call else None
            self.record.notices.append(
                RehearsedNotice(named["hold"], named["on"], self.loop.now(), activity, config, text)
            )
        result = None if action.result is None else completed(action, {}).model_dump(mode="json", by_alias=True)
        return {"result": result}

    async def look(self, attempt: int) -> Any:
        """Find nothing, as often as a look-up looks."""
        if attempt < LOOKS:
            error = Unavailable("Nothing is found yet.")
            raise failed(error, str(error), attempt=attempt)
        return {"found": [], "attempts": attempt}

    async def _repeated(self, activity: str, options: Mapping[str, Any], attempt: Any) -> Any:
        """Make attempts until one succeeds or Temporal would make no more."""
        policy: RetryPolicy = options.get("retry_policy") or RetryPolicy()
        bound = options.get("schedule_to_close_timeout")
        end = None if bound is None else self.loop.now() + bound
        number = 0
        try:
            while True:
                await asyncio.sleep(0)
                number += 1
                try:
                    return await attempt(number)
                except ApplicationError as error:
                    pause = _pause(policy, error, number)
                    if pause is None or (end is not None and self.loop.now() + pause > end):
                        raise activity_error(activity, options.get("activity_id")) from error
                await asyncio.sleep(pause.total_seconds())
        except asyncio.CancelledError:
            raise activity_error(activity, options.get("activity_id")) from CancelledError("Canceled")

    # Runs of other automations.

    def child(self, automation: str, event: Mapping[str, Any], run: str) -> asyncio.Future[Any]:
        """Return how a run that a step starts ends: by the answer of that step."""
        future = self.begin_child(run)
        step = self.caller(run)
        config = {"automation": automation, "data": dict(event["data"])}
        found, answer = self.answers.next(base_id(step), None)
        requested = RequestAttempt(step, "run_automation", self.loop.now(), 1, event["id"], config, answer)
        self.record.requests.append(requested)
        if not found:
            self.record.unanswered.append(requested)
            fail_child(future, run, ApplicationError("There is no answer for this call.", type=UNANSWERED))
        elif isinstance(answer, dict) and "fails" in answer:
            if answer["fails"] != "timeout":  # else it runs for ever
                fail_child(future, run, ApplicationError(answer.get("message", "It failed."), type="AutomationFailed"))
        else:
            report = {"outcome": "completed", "result": None, **answer}
            future.set_result(self.ended(report))
        return future

    def begin_child(self, run: str) -> asyncio.Future[Any]:
        """Return what is done once a run that a step starts has ended."""
        future = self._children[run] = self.loop.create_future()
        future.add_done_callback(_looked_at)
        return future

    @staticmethod
    def ended(report: Mapping[str, Any]) -> RawValue:
        """Return what a run that was started gives whoever waits for it."""
        return RawValue(_payload({key: report[key] for key in ("outcome", "result")}))

    async def _child_asked(self, activity: str, argument: Mapping[str, Any]) -> Any:
        """Answer a run that asks how the run that it called has ended."""
        run = f"{argument['config']['automation']}/{argument['key']}"
        try:
            report = json.loads((await self._children[run]).payload.data)
        except ChildWorkflowError as error:
            why = error.cause.message if isinstance(error.cause, ApplicationError) else "it was canceled"
            sentence = f"The run {run} failed: {why}"
            raise activity_error(activity, None) from ApplicationError(sentence, type="Refused", non_retryable=True)
        return {"result": {**report, "workflowId": run}}


class RehearsedAttempt:
    """The attempts at one request."""

    def __init__(
        self,
        attempts: RehearsedActivities,
        action: Action,
        step: str,
        call: Mapping[str, Any],
        policy: RetryPolicy | None,
    ) -> None:
        self.attempts = attempts
        self.action = action
        self.step = step
        self.call: Any = call
        self.uncertain = False
        self.once = policy is not None and "OutcomeUnknown" in (policy.non_retryable_error_types or ())

    async def run(self, number: int) -> Any:
        """Make one attempt.

        Raises:
            ApplicationError: it failed.
        """
        attempts, call, now = self.attempts, self.call, self.attempts.loop.now()
        config = _plain(call["config"])
        try:
            parsed = configured(self.action, call, attempts.contracts.secrets, attempts.contracts.scrubber)
        except ActionError as error:  # nothing is sent
            raise failed(error, str(error), attempt=number) from None
        known = (self.step, call["key"], number)
        if known in attempts.known:
            found, answer = True, attempts.known[known]
        else:
            found, answer = attempts.answers.next(base_id(self.step), request_line(self.action, config))
        requested = RequestAttempt(self.step, self.action.name, now, number, call["key"], config, answer)
        own = keeps(self.action)
        if not found and own:
            return await self._kept_value(parsed, number)
        if not found:
            attempts.record.requests.append(requested)
            attempts.record.unanswered.append(requested)
            sentence = "The test has no answer for this request."
            raise ApplicationError(sentence, {"attempts": number}, type=UNANSWERED, non_retryable=True)
        try:
            result: Any = await carried_out(
                self.action,
                parsed,
                answer,
                now=now,
                key=call["key"],
                attempt=number,
                pick=call.get("pick"),
                headers=call.get("headers", ()),
                sent=lambda: None if own else attempts.record.requests.append(requested),
            )
        except ActionError as error:
            raise self._failed(error, number, answer) from None
        if number > 1:
            result["attempts"] = number
        return result

    async def _kept_value(self, config: Any, number: int) -> Any:
        """Return what a kept value comes to."""
        attempts = self.attempts
        try:
            result: Any = await kept_answer(
                self.action, config, self.call, number, attempts.automation, attempts.kept_values
            )
        except ActionError as error:
            raise self._failed(error, number, None) from None
        return {**result, "attempts": number} if number > 1 else result

    def _failed(self, error: ActionError, number: int, answer: Any) -> ApplicationError:
        uncertain = not self.once and self.uncertain
        if not isinstance(error, Unavailable | NotSent):
            self.uncertain = True
        return failed(
            error,
            str(error),
            attempt=number,
            uncertain=uncertain,
            timed_out=isinstance(answer, dict) and answer.get("fails") == "timeout",
            retry_after=error.retry_after if isinstance(error, Unavailable) else None,
        )


def step_sent(activity: str, options: Mapping[str, Any]) -> str | None:
    """Return the step whose request an activity sends; None where it is something else, such as a notice."""
    step: str | None = options.get("activity_id")
    if step is None or activity == TURN or activity.endswith(LOOK) or NOTICE.fullmatch(step) is not None:
        return None
    return step


def _looked_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _pause(policy: RetryPolicy, error: ApplicationError, attempt: int) -> timedelta | None:
    """Return the pause before the next attempt; None where Temporal makes none."""
    if error.non_retryable or error.type in (policy.non_retryable_error_types or ()):
        return None
    if policy.maximum_attempts and attempt >= policy.maximum_attempts:
        return None
    shortest = SHORTEST if attempt >= MANY else timedelta()
    if error.next_retry_delay is not None:
        return max(error.next_retry_delay, shortest)
    longest = policy.maximum_interval or policy.initial_interval * 100
    try:
        pause = min(policy.initial_interval * policy.backoff_coefficient ** (attempt - 1), longest)
    except OverflowError:
        pause = longest
    return max(pause, shortest)


def _name(activity: Any) -> str:
    name: str = activity.__temporal_activity_definition.name  # noqa: SLF001 # the SDK's own mark
    return name


def _payload(value: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())


def _plain(value: Any) -> Any:
    """Return a value as it comes out of a history: a copy that nobody else changes."""
    return json.loads(json.dumps(value))
