from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.engine import Engine
from tests.workers.definitions.documents import HELD, PARKS
from workers.client import asking, holds, runs
from workers.client.holds import OpenHolds
from workers.client.wanted import HoldQuery
from workers.errors import NotFoundError, UnreachableError

KEY = "k1:" + "A" * 43 + "="


async def found(engine: Engine, count: int, wanted: HoldQuery | None = None, keys: tuple[str, ...] = ()) -> OpenHolds:
    """Return what is found once Temporal's list has so many."""
    async with asyncio.timeout(10):
        while True:
            open_holds = await holds.find(engine.client, engine.task_queue, wanted, keys)
            if len(open_holds.holds) == count:
                return open_holds
            await asyncio.sleep(0.05)


async def hold_two(engine: Engine) -> list[Any]:
    """Hold an approval of `held` and a failure of `parks`."""
    engine.define(HELD)
    engine.define(PARKS)
    engine.receiver.answer("/missing", 404)
    handles = [
        await engine.start("held", engine.event({"order": {"total": 1}})),
        await engine.start("parks", engine.event({"order": {}})),
    ]
    for handle in handles:
        await engine.held(handle)
    await found(engine, 2)
    return handles


async def release(engine: Engine, handle: Any) -> None:
    (hold,) = await handle.query("holds")
    decision = "approve" if hold["kind"] == "approval" else "skip"
    await engine.decide(handle, hold=hold["hold"], decision=decision, by="lead@example.com")
    await engine.finish(handle)


async def test_open_holds_are_found_over_all_runs_the_oldest_first(engine: Engine) -> None:
    engine.define(HELD)
    handles = [await engine.start("held", engine.event({"order": {"total": total}})) for total in (1, 2)]
    for handle in handles:
        await engine.held(handle)
    open_holds = await found(engine, 2)
    assert {hold["run"]: hold["request"]["config"]["body"]["total"] for hold in open_holds.holds} == {
        handles[0].id: 1,
        handles[1].id: 2,
    }
    assert {hold["automation"] for hold in open_holds.holds} == {"held"}
    opened = [hold["openedAt"] for hold in open_holds.holds]
    assert opened == sorted(opened)
    assert open_holds.silent == []
    for handle in handles:
        await release(engine, handle)
    assert (await holds.find(engine.client, engine.task_queue)).holds == []


async def test_filters_narrow_what_is_found(engine: Engine) -> None:
    approval, failure = await hold_two(engine)

    async def runs_of(**wanted: Any) -> list[str]:
        return [hold["run"] for hold in (await holds.find(engine.client, engine.task_queue, HoldQuery(**wanted))).holds]

    assert await runs_of(kind="approval") == [approval.id]
    assert await runs_of(kind="failure") == [failure.id]
    assert await runs_of(automation="parks") == [failure.id]
    assert await runs_of(automation="park") == []
    assert await runs_of(approver=" Lead@Example.com") == [approval.id]
    assert await runs_of(approver="lead") == []
    assert await runs_of(older_than=timedelta(hours=1)) == []
    assert len(await runs_of(older_than=timedelta(milliseconds=1))) == 2
    for handle in (approval, failure):
        await release(engine, handle)


@pytest.mark.parametrize(
    "odd", ["o'brien@example.com", 'a"b', "back\\slash", "tail\\", "' OR TaskQueue != '", "ü" * 200]
)
async def test_no_name_can_break_the_query(engine: Engine, odd: str) -> None:
    engine.define(HELD.replace("lead@example.com", "'{{order.who}}'"))
    handle = await engine.start("held", engine.event({"order": {"total": 1, "who": odd}}))
    await engine.held(handle)
    await found(engine, 1)
    await found(engine, 1, HoldQuery(approver=odd))
    assert (await holds.find(engine.client, engine.task_queue, HoldQuery(automation=odd))).holds == []
    assert (await holds.find(engine.client, f"{engine.task_queue}{odd}")) == OpenHolds([], [])
    await engine.decide(handle, hold="refund", decision="approve", by=odd)
    await engine.finish(handle)


async def test_with_encryption_an_approver_is_found_by_a_hash(engine: Engine) -> None:
    engine.hold_keys(KEY)
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 1}}))
    await engine.held(handle)
    await found(engine, 1, HoldQuery(approver="LEAD@example.com"), (KEY,))
    other = await holds.find(engine.client, engine.task_queue, HoldQuery(approver="other@example.com"), (KEY,))
    assert other == OpenHolds([], [])
    await release(engine, handle)


async def test_where_no_worker_polls_the_list_alone_tells_at_once(engine: Engine) -> None:
    engine.define(HELD)
    await engine.serve()
    unpolled = f"{engine.task_queue}-nobody"
    from temporalio.common import SearchAttributePair, TypedSearchAttributes

    from workflows.view.attributes import APPROVERS, AUTOMATION, HOLDS

    attributes = TypedSearchAttributes(
        [
            SearchAttributePair(AUTOMATION, "held"),
            SearchAttributePair(HOLDS, ["refund", "bill"]),
            SearchAttributePair(APPROVERS, ["lead@example.com"]),
        ]
    )
    handle = await engine.client.start_workflow(
        "held", {}, id=f"held/{unpolled}", task_queue=unpolled, search_attributes=attributes
    )
    async with asyncio.timeout(10):
        while not (
            open_holds := await holds.find(engine.client, unpolled, HoldQuery(approver="lead@example.com"))
        ).silent:
            await asyncio.sleep(0.05)
    begun = time.monotonic()
    open_holds = await holds.find(engine.client, unpolled)
    assert time.monotonic() - begun < 1
    (silent,) = open_holds.silent
    assert (silent.run, silent.automation, silent.holds) == (handle.id, "held", ["refund", "bill"])
    assert (await holds.find(engine.client, unpolled, HoldQuery(automation="other"))).silent == []
    with pytest.raises(UnreachableError, match="only a worker can show"):
        await holds.one(engine.client, handle.id, "refund")
    await handle.terminate()


async def test_a_worker_that_just_left_is_waited_for_once_however_much_waits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ANSWER", timedelta(seconds=1))
    monkeypatch.setattr(asking, "QUERIES_AT_ONCE", 1)
    engine.define(HELD)
    handles = [await engine.start("held", engine.event({"order": {"total": total}})) for total in range(6)]
    for handle in handles:
        await engine.held(handle)
    await found(engine, 6)
    await engine.stop()
    begun = time.monotonic()
    open_holds = await holds.find(engine.client, engine.task_queue)
    assert time.monotonic() - begun < 5, "six in a row would take six seconds"
    assert {silent.run for silent in open_holds.silent} == {handle.id for handle in handles}
    assert all(silent.holds == ["refund"] for silent in open_holds.silent)
    await engine.serve()
    for handle in handles:
        await release(engine, handle)


async def test_one_hold_is_looked_up(engine: Engine) -> None:
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 1}}))
    await engine.held(handle)
    hold = await holds.one(engine.client, handle.id, "refund")
    assert (hold["run"], hold["hold"]) == (handle.id, "refund")
    with pytest.raises(NotFoundError, match="open are 'refund'"):
        await holds.one(engine.client, handle.id, "refunds")
    with pytest.raises(NotFoundError, match="There is no run 'nope'"):
        await holds.one(engine.client, "nope", "refund")
    await release(engine, handle)
    with pytest.raises(NotFoundError, match="nothing is open"):
        await holds.one(engine.client, handle.id, "refund")
