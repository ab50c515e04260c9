"""The interpreter without a server: its walk, its holds and the approvals, in a time that tests move."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self, cast

from temporalio.api.enums.v1 import RetryState
from temporalio.exceptions import ActivityError, ApplicationError

from activities.attempt.contracts import Contracts
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import Secrets
from activities.catalog import catalog
from tests.engine import JSON
from workers.approvals.groups import Groups
from workers.approvals.signing import SigningKeys
from workers.definitions.loading import Source
from workers.definitions.runnable import load
from workers.process.approval_activities import ApprovalActivities
from workflows.compiled import program
from workflows.host import Host, hosted
from workflows.plan import Plan
from workflows.run.resets import RESET_UNSEEN, RESETS
from workflows.run.state import State
from workflows.run.walk import Walk
from workflows.steps.decisions import decide
from workflows.steps.interpreter import walk_whole

BEGINNING = datetime(2030, 1, 7, 9, tzinfo=UTC)
ROUNDS = 12
"""Turns of the event loop after which nothing moves any more."""

ACTIONS = catalog()
DESK = ApprovalActivities(Contracts(ACTIONS, Secrets(None, {}), Scrubber(()), 256 * 1024), Groups({}), SigningKeys({}))
ASKED = {activity.__temporal_activity_definition.name: activity for activity in DESK.activities()}  # type: ignore[attr-defined] # the SDK's own mark

INFO = SimpleNamespace(
    workflow_id="refund/simulated",
    run_id="run-1",
    workflow_start_time=BEGINNING,
    first_execution_run_id="run-1",
    is_continue_as_new_suggested=lambda: False,
)


def plan_of(definition: JSON) -> Plan:
    """Return the plan of a definition without problems."""
    made, problems = load(definition, Source(), ACTIONS)
    assert made is not None, problems
    return made.plan


class Simulation:
    """One run.

    Attributes:
        time: what the run takes for the time.
        sent: the configs that were sent, with their digests.
        answers: whether the receiver takes each request; afterwards it takes them all.
    """

    logger = logging.getLogger("simulated")

    def __init__(self, plan: Plan, event: JSON, answers: list[bool]) -> None:
        self.plan, self.event, self.answers = plan, event, list(answers)
        self.time = BEGINNING
        self.sent: list[JSON] = []
        self.activity_ids: list[str] = []
        self.waiting: list[tuple[Callable[[], bool], datetime | None, asyncio.Future[None]]] = []
        self._hosted = contextlib.ExitStack()
        self.walk: Walk
        self.task: asyncio.Task[Any]

    async def __aenter__(self) -> Self:
        self._hosted.enter_context(hosted(cast("Host", self)))
        await self.begin()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.end()
        self._hosted.close()

    async def begin(self, state: State | None = None) -> None:
        """Begin, or go on from a state."""
        compiled = program(self.plan)
        state = state or State(compiled, self.event, limit=1024 * 1024)
        self.walk = Walk(compiled, state, {"id": "simulated", "automation": "refund", "url": None}, lambda: None)
        self.task = asyncio.create_task(walk_whole(self.walk))
        await self.settle()

    async def end(self) -> None:
        """Drop the walk as it stands."""
        self.task.cancel()
        await asyncio.wait([self.task])

    async def continue_as_new(self) -> None:
        """Hand the state over as JSON to a walk that knows nothing else."""
        carried = json.loads(json.dumps(self.walk.state.carry(0)))
        await self.end()
        self.waiting.clear()
        await self.begin(State.carried(program(self.plan), self.event, carried, limit=1024 * 1024))

    async def decide(self, said: Any) -> str:
        """Send the update `decide`, and return the receipt's result."""
        judging = asyncio.create_task(decide(self.walk, (said,), at=self.time, via="update"))
        await self.settle()
        assert judging.done(), f"nobody answers {said}"
        return judging.result().result

    async def advance(self, time: timedelta) -> None:
        """Let time pass, from one timer to the next."""
        end = self.time + time
        while True:
            due = [at for _, at, waits in self.waiting if at is not None and at <= end and not waits.done()]
            if not due:
                break
            self.time = max(self.time, min(due))
            for _, at, waits in list(self.waiting):
                if at is not None and at <= self.time and not waits.done():
                    waits.set_exception(TimeoutError())
            await self.settle()
        self.time = end

    async def settle(self) -> None:
        """Let everything happen that can happen now."""
        quiet = 0
        while quiet < ROUNDS:
            await asyncio.sleep(0)
            quiet += 1
            for holds, _, waits in list(self.waiting):
                if not waits.done() and holds():
                    waits.set_result(None)
                    quiet = 0
            self.waiting = [one for one in self.waiting if not one[2].done()]

    # What the interpreter asks of its host.

    def now(self) -> datetime:
        return self.time

    def info(self) -> Any:
        return INFO

    def set_signal_handler(self, name: str, handler: Callable[..., Any]) -> None:
        """Nobody signals a simulation but through `decide`."""

    def memo_value(self, key: str, default: Any, **_: Any) -> Any:
        return default

    def extern_functions(self) -> dict[str, Callable[[], Any]]:
        return {RESETS: lambda: 0, RESET_UNSEEN: lambda: False}

    async def wait(self, tasks: Iterable[asyncio.Future[Any]], **options: Any) -> Any:
        return await asyncio.wait(list(tasks), **options)

    async def wait_condition(self, holds: Callable[[], bool], *, timeout: timedelta | None = None, **_: Any) -> None:  # noqa: ASYNC109 # as the SDK has it
        if holds():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((holds, None if timeout is None else self.time + timeout, future))
        await future

    async def sleep(self, time: timedelta, **_: Any) -> None:
        with contextlib.suppress(TimeoutError):
            await self.wait_condition(lambda: False, timeout=time)

    async def execute_local_activity(self, name: str, asked: Any = None, **_: Any) -> Any:
        await asyncio.sleep(0)
        return await ASKED[name](json.loads(json.dumps(asked)))

    async def execute_activity(self, name: str, asked: Any, **_: Any) -> Any:
        return await self.execute_local_activity(name, asked)

    def start_activity(self, *asked: Any, activity_id: str, **_: Any) -> asyncio.Task[Any]:
        self.activity_ids.append(activity_id)
        return asyncio.create_task(self._activity(*asked))

    async def _activity(self, action: str, argument: JSON) -> Any:
        await asyncio.sleep(0)
        self.sent.append(argument)
        if self.answers.pop(0) if self.answers else True:
            return {"result": {"status": 200, "headers": {}, "body": {}}}
        error = ActivityError(
            "Activity task failed",
            scheduled_event_id=1,
            started_event_id=2,
            identity="",
            activity_type=action,
            activity_id="refund",
            retry_state=RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE,  # type: ignore[arg-type] # as the SDK itself does
        )
        raise error from ApplicationError("It says no.", {"status": 400}, type="Refused", non_retryable=True)
