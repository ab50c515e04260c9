"""Runs that cannot be asked what they hold: they are listed as such, and no list takes for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    QueryWorkflowInput,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from tests.engine import Engine
from tests.workers.command import on
from tests.workers.definitions.documents import HELD
from workers.client import asking, holds
from workers.client.listing import ListedRun
from workers.errors import TrunklineError, UnreachableError
from workers.payloads.converter import data_converter
from workflows.view.attributes import AUTOMATION, HOLDS

LEAD = {"TRUNKLINE_USER": "lead@example.com"}
KEY = "k1:" + "A" * 43 + "="

Fails = Callable[[str, int], Awaitable[None]]


class Flaky(Interceptor):
    """A connection on which queries fail: `fails` is told the run and how often it was asked, and may raise."""

    def __init__(self, fails: Fails) -> None:
        self.fails = fails
        self.asked: list[str] = []

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002  # the SDK's name
        flaky = self

        class Outbound(OutboundInterceptor):
            async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002  # the SDK's name
                flaky.asked.append(input.id)
                await flaky.fails(input.id, flaky.asked.count(input.id))
                return await super().query_workflow(input)

        return Outbound(next)

    def on(self, engine: Engine) -> Client:
        options = engine.client.config()
        options["interceptors"] = [self]
        return Client(**options)


def rpc_error(status: RPCStatusCode) -> RPCError:
    return RPCError(f"it is {status.name.lower()}", status, b"")


async def hold(engine: Engine, count: int) -> list[WorkflowHandle[Any, Any]]:
    engine.define(HELD)
    handles = [await engine.start("held", engine.event({"order": {"total": total}})) for total in range(count)]
    for handle in handles:
        await engine.held(handle)
    await listed(engine, count)
    return handles


async def listed(engine: Engine, count: int) -> None:
    query = f"TrunklineHolds IS NOT NULL AND TaskQueue = '{engine.task_queue}' AND ExecutionStatus = 'Running'"
    async with asyncio.timeout(10):
        while len([run async for run in engine.client.list_workflows(query)]) < count:
            await asyncio.sleep(0.05)


async def release(engine: Engine, handles: list[WorkflowHandle[Any, Any]]) -> None:
    for handle in handles:
        await engine.decide(handle, hold="refund", decision="approve", by="lead@example.com")
        await engine.finish(handle)


async def test_a_run_whose_query_fails_is_listed_and_left(engine: Engine) -> None:
    handles = await hold(engine, 2)
    options = engine.client.config()
    options["data_converter"] = data_converter((KEY,))
    foreign = Client(**options)
    unreadable = await foreign.start_workflow(
        "held",
        engine.event({"order": {"total": 9}}),
        id=f"held/unreadable/{engine.task_queue}",
        task_queue=engine.task_queue,
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(AUTOMATION, "held"), SearchAttributePair(HOLDS, ["refund"])]
        ),
    )
    await listed(engine, 3)
    scripted = await on(engine, "holds", "--json")
    assert scripted.code == 3
    assert "1 run could not be asked: more may wait than is shown." in scripted.err
    (left,) = (row for row in scripted.json if "error" in row)
    assert (left["run"], left["hold"]) == (unreadable.id, "refund")
    assert left["error"]
    assert {row["run"] for row in scripted.json if "error" not in row} == {handle.id for handle in handles}
    shown = await on(engine, "holds")
    assert (shown.code, unreadable.id in shown.out) == (3, True)
    decided = await on(engine, "approve", "--all", "--yes", "2", "--json", environment=LEAD)
    assert decided.code == 3
    assert [row["result"] for row in decided.json] == ["accepted", "accepted"]
    assert unreadable.id in decided.err
    assert "1 run was left out: what they hold is not decided." in decided.err
    for handle in handles:
        assert (await engine.finish(handle))["outcome"] == "completed"
    await unreadable.terminate()


PASSING = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.DEADLINE_EXCEEDED)


@pytest.mark.parametrize("status", PASSING)
async def test_a_failure_that_passes_loses_no_run(engine: Engine, status: RPCStatusCode) -> None:
    handles = await hold(engine, 3)

    async def fails(run: str, times: int) -> None:
        if run == handles[1].id and times == 1:
            await asyncio.sleep(0.3)  # another one has been answered by then
            raise rpc_error(status)

    found = await holds.find(Flaky(fails).on(engine), engine.task_queue)
    assert {hold["run"] for hold in found.holds} == {handle.id for handle in handles}
    assert found.left == []
    await release(engine, handles)


async def test_a_failure_that_stays_is_listed_with_its_reason(engine: Engine) -> None:
    handles = await hold(engine, 2)

    async def fails(run: str, _times: int) -> None:
        if run == handles[0].id:
            raise rpc_error(RPCStatusCode.UNAVAILABLE)

    flaky = Flaky(fails)
    found = await holds.find(flaky.on(engine), engine.task_queue)
    assert [hold["run"] for hold in found.holds] == [handles[1].id]
    (left,) = found.failed
    assert (left.run, left.holds, "it is unavailable" in left.error) == (handles[0].id, ["refund"], True)
    assert flaky.asked.count(handles[0].id) == 3
    with pytest.raises(TrunklineError, match="could not be asked what it holds: it is unavailable"):
        await holds.one(flaky.on(engine), handles[0].id, "refund")
    await release(engine, handles)


async def test_a_run_that_ends_before_it_is_asked_holds_nothing(engine: Engine) -> None:
    handles = await hold(engine, 2)

    async def fails(run: str, _times: int) -> None:
        if run == handles[0].id:
            await release(engine, handles[:1])
            raise rpc_error(RPCStatusCode.NOT_FOUND)

    found = await holds.find(Flaky(fails).on(engine), engine.task_queue)
    assert [hold["run"] for hold in found.holds] == [handles[1].id]
    assert found.left == []
    assert (await handles[0].describe()).status is WorkflowExecutionStatus.COMPLETED
    await release(engine, handles[1:])


async def test_waiting_in_vain_has_an_end_however_many_do_not_answer(engine: Engine) -> None:
    handles = await hold(engine, 2)

    async def fails(run: str, _times: int) -> None:
        if run == handles[0].id:
            await asyncio.sleep(0.2)
            raise rpc_error(RPCStatusCode.DEADLINE_EXCEEDED)

    flaky = Flaky(fails)
    rows = [ListedRun(run=handle.id, automation="held") for handle in [handles[1], *[handles[0]] * 500]]
    begun = time.monotonic()
    client = flaky.on(engine)
    answers = await asking.ask_all(rows, lambda run: holds.of_run(client, run.run))
    assert time.monotonic() - begun < 10
    assert flaky.asked.count(handles[0].id) <= asking.VAIN_WAITS + asking.QUERIES_AT_ONCE
    assert len(answers) == 501
    held = [answer for _, answer in answers if not isinstance(answer, TrunklineError)]
    assert [[hold["hold"] for hold in answer] for answer in held] == [["refund"]]
    reasons = {str(answer) for _, answer in answers if isinstance(answer, TrunklineError)}
    assert asking.NOT_ASKED in reasons
    assert any(isinstance(answer, UnreachableError) for _, answer in answers)
    await release(engine, handles)
