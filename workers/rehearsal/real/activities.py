"""The activities of a case on the test server: the rehearsal's attempts, repeated by the server itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from temporalio import activity
from temporalio.client import Client
from temporalio.common import RawValue

from trunkline.step_key import keyed
from trunkline.wire import LOOK, PLAN, YIELD, Call
from workers.definitions.loading import Source
from workers.definitions.runnable import load
from workers.payloads.keyed_hash import KeyedHash
from workers.process.event_activities import EventActivities
from workers.process.kept_values import TemporalKeptValues
from workers.rehearsal.answers import Answers
from workers.rehearsal.attempts import NOTICE, RehearsedActivities, RehearsedAttempt
from workers.rehearsal.loop import VirtualLoop
from workers.rehearsal.performance import STATE_LIMIT, Stage
from workers.rehearsal.real.clock import ShiftedClock
from workers.rehearsal.record import RehearsalRecord, RequestAttempt, base_id
from workflows.run.payload import pack

FOREVER = "366d"
"""How long a called run lasts that is to take too long."""


class _Now:
    """Stands where attempts look for the time: that at which the server has begun them."""

    def __init__(self, clock: ShiftedClock) -> None:
        self.clock = clock

    def now(self) -> datetime:
        if activity.in_activity():
            return self.clock.of(activity.info().started_time)
        return self.clock.of(datetime.now(UTC))


class RealActivities:
    """The activities of one case.

    Args:
        stage: what runs, and with what.
        answers: what receivers answer.
        clock: the clock of its runs.
        packed: what a run's question for its plan is answered with.
        client: connected to the server of the case.

    Attributes:
        calls: which step runs another automation, by the key under which it does.
    """

    def __init__(self, stage: Stage, answers: Answers, clock: ShiftedClock, packed: RawValue, client: Client) -> None:
        self.stage = stage
        self.now = _Now(clock)
        self.keyed = KeyedHash()
        self.kept_values = TemporalKeptValues(client, self.keyed)
        self.events = EventActivities(client, self.keyed)
        loop, automation = cast("VirtualLoop", self.now), stage.plan["automation"]
        self.attempts = RehearsedActivities(
            loop, stage.actions, answers, stage.approvals, packed, self.kept_values, automation
        )
        self.calls: dict[str, str] = {}
        self._begun: dict[tuple[str, str], RehearsedAttempt] = {}

    @property
    def record(self) -> RehearsalRecord:
        """What was sent so far."""
        return self.attempts.record

    def all(self) -> list[Callable[..., Any]]:
        """Return every activity to register."""
        actions = [self._action(name) for name in self.stage.actions]
        looks = [self._look(f"{name}{LOOK}") for name, action in self.stage.actions.items() if action.look is not None]
        waits = [self.events.subscribe, self.events.unsubscribe]
        return [*actions, *looks, *waits, *self.stage.approvals.activities(), self.plan, self.rest]

    @activity.defn(name=YIELD)
    async def rest(self) -> None:
        """Do nothing."""

    @activity.defn(name=PLAN)
    async def plan(self, question: dict[str, Any]) -> RawValue:
        """Return the plan; of an automation that is called, one that ends as the case says."""
        if (
            question.get("automation") == self.stage.plan["automation"]
            and question["event"]["type"] != "automation.called"
        ):
            return self.attempts.plan
        return self._called(question["automation"], question["event"])

    def _called(self, name: str, event: Mapping[str, Any]) -> RawValue:
        step = self.calls.get(event["id"], name)
        found, answer = self.attempts.answers.next(base_id(step), None)
        config = {"automation": name, "data": dict(event["data"])}
        requested = RequestAttempt(step, "run_automation", self.now.now(), 1, event["id"], config, answer)
        self.record.requests.append(requested)
        if not found:
            self.record.unanswered.append(requested)
        made, problems = load(_ending(name, answer if found else {"fails": "refused"}), Source(), self.stage.actions)
        if made is None:
            raise AssertionError(f"What stands in for a called automation has problems: {problems}")
        settings = {"attributes": False, "webUi": None, "pages": None, "stateLimit": STATE_LIMIT}
        return pack({"plan": made.plan, **settings})

    def _action(self, name: str) -> Callable[..., Any]:
        @activity.defn(name=name)
        async def run(given: dict[str, Any]) -> Any:
            info = activity.info()
            call = keyed(cast("Call", given), info.workflow_id or "", info.activity_id)
            if (notice := NOTICE.fullmatch(info.activity_id)) is not None:
                return self.attempts.notice(name, notice, call)
            key = info.activity_id, call["key"]
            attempt = self._begun.get(key)
            if attempt is None or info.attempt == 1:
                action = self.stage.actions[name]
                attempt = self._begun[key] = RehearsedAttempt(
                    self.attempts, action, info.activity_id, call, info.retry_policy
                )
            return await attempt.run(info.attempt)

        return run

    def _look(self, name: str) -> Callable[..., Any]:
        @activity.defn(name=name)
        async def run(_call: dict[str, Any]) -> Any:
            return await self.attempts.look(activity.info().attempt)

        return run


def _ending(name: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition whose run ends as an answer says."""
    failing, outcome = answer.get("fails"), answer.get("outcome") or "completed"
    step: dict[str, Any] = {"set": {"done": True}}
    if failing == "timeout":
        step = {"wait": FOREVER}
    elif failing is not None:
        step = {"stop": "failed", "reason": answer.get("message", "It failed.")}
    elif outcome in ("rejected", "failed"):
        step = {"stop": outcome, "reason": outcome}
    definition: dict[str, Any] = {"name": name, "trigger": {"event": "automation.called"}, "actions": [step]}
    if isinstance(answer.get("result"), dict) and answer["result"]:
        definition["result"] = answer["result"]
    return definition
