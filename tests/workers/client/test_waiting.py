"""Lists of what waits come from Temporal's list alone, exact over all pages, however many wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, Interceptor, OutboundInterceptor, QueryWorkflowInput
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from bench.parked import Parked, park, parked
from tests.engine import Engine
from tests.starts import StartServer
from tests.workers.command import trunkline
from workers.client.waiting import ON_A_PAGE, every, page
from workers.client.wanted import HoldQuery
from workers.gateway.pages.listing import holds_page
from workers.payloads.converter import DATA_CONVERTER
from workflows.view.attributes import ALL, AUTOMATION, HOLDS

COUNT = 600
DAYS = 30


class NoQuery(Interceptor):
    """A connection over which no run may be asked."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 # the SDK's name
        class Outbound(OutboundInterceptor):
            async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002 # the SDK's name
                raise AssertionError(f"{input.id} was asked")

        return Outbound(next)


async def test_pages_are_exact_and_no_run_is_asked(start_server: StartServer) -> None:
    async with await start_server(search_attributes=list(ALL), data_converter=DATA_CONVERTER) as environment:
        options = environment.client.config()
        options["interceptors"] = [NoQuery()]
        client = Client(**options)
        waiting = parked(COUNT, timedelta(days=DAYS))
        await park(client, "parked", waiting)
        await starts_undated(client)
        await lists_in_order(client, waiting)
        await narrows(client, waiting)
        await shows(client, waiting)
        await commands(client, waiting)


async def starts_undated(client: Client) -> None:
    """Start a run that an earlier worker holds: nobody says since when."""
    attributes: list[SearchAttributePair[Any]] = [
        SearchAttributePair(AUTOMATION, "earlier"),
        SearchAttributePair(HOLDS, ["refund"]),
    ]
    await client.start_workflow(
        "earlier", {}, id="earlier/1", task_queue="parked", search_attributes=TypedSearchAttributes(attributes)
    )
    while (await client.count_workflows("WorkflowId = 'earlier/1' AND TrunklineHolds IS NOT NULL")).count < 1:
        await asyncio.sleep(0.05)


async def lists_in_order(client: Client, waiting: list[Parked]) -> None:
    expected = [*(one.run for one in waiting), "earlier/1"]
    last = -(-len(expected) // ON_A_PAGE)
    for number in (1, 2, last // 2, last - 1, last, last + 1):
        began = time.monotonic()
        found = await page(client, "parked", HoldQuery(), number)
        assert time.monotonic() - began < 5
        assert [run.run for run in found.runs] == expected[(number - 1) * ON_A_PAGE : number * ON_A_PAGE], number
        assert (found.total, found.pages) == (len(expected), last)
    assert [run.run for run in await every(client, "parked", HoldQuery())] == expected


async def narrows(client: Client, waiting: list[Parked]) -> None:
    middle = waiting[len(waiting) // 2].since
    older = datetime.now(middle.tzinfo) - middle
    cases: list[tuple[HoldQuery, Callable[[Parked], bool], bool]] = [
        (HoldQuery(automation="refund-3"), lambda one: one.automation == "refund-3", False),
        (HoldQuery(approver="Person-3@example.com"), lambda one: one.approver == "person-3@example.com", False),
        (HoldQuery(kind="failure"), lambda one: one.kind == "failure", True),
        (
            HoldQuery(older_than=older, kind="approval"),
            lambda one: one.since <= middle and one.kind == "approval",
            True,
        ),
        (HoldQuery(approver="o'brien@example.com"), lambda _: False, False),
        (HoldQuery(automation="refund-3", approver="nobody@example.com"), lambda _: False, False),
    ]
    for wanted, fits, undated in cases:
        expected = [*(one.run for one in waiting if fits(one)), *(["earlier/1"] if undated else [])]
        assert [run.run for run in await every(client, "parked", wanted)] == expected, wanted
        number = max(1, len(expected) // ON_A_PAGE // 2)
        found = await page(client, "parked", wanted, number)
        assert [run.run for run in found.runs] == expected[(number - 1) * ON_A_PAGE : number * ON_A_PAGE], wanted
        assert found.total == len(expected)


async def shows(client: Client, waiting: list[Parked]) -> None:
    """The gateway's page tells label and age, also where no worker could be asked."""
    found = await holds_page(client, "parked", HoldQuery(kind="approval"), 3)
    right = [one.run for one in waiting if one.kind == "approval"][2 * ON_A_PAGE : 3 * ON_A_PAGE]
    assert [row["run"] for row in found.rows] == right
    assert {(row["label"], row["error"]) for row in found.rows} == {("Refund the order", None)}


async def commands(client: Client, waiting: list[Parked]) -> None:
    surroundings = {
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TRUNKLINE_TASK_QUEUE": "parked",
        "TRUNKLINE_USER": "person-3@example.com",
    }
    ended = await trunkline("holds", "--json", "--automation", "refund-3", environment=surroundings)
    mine = [one for one in waiting if one.automation == "refund-3"]
    assert [row["run"] for row in ended.json] == [one.run for one in mine]
    assert {row["label"] for row in ended.json} == {"Refund the order"}
    shown = await trunkline("holds", "--page", "2", environment=surroundings)
    assert "Page 2 of 13: 601 runs wait for people; `--page 3` shows the next." in shown.out
    bulk = await trunkline("approve", "--all", "--yes", "1", environment=surroundings)
    assert bulk.code == 1
    assert "0 were found: nothing was sent" in bulk.err, "no worker is there that could judge"


async def test_a_page_where_the_namespace_has_no_attributes(start_server: StartServer) -> None:
    async with await start_server(data_converter=DATA_CONVERTER) as environment:
        for number in range(3):
            await environment.client.start_workflow("plain", {}, id=f"plain/{number}", task_queue="parked")
        while (await environment.client.count_workflows("TaskQueue = 'parked'")).count < 3:
            await asyncio.sleep(0.05)
        found = await page(environment.client, "parked", HoldQuery(older_than=timedelta(days=1), automation="plain"))
        assert ([run.run for run in found.runs], found.total) == ([f"plain/{n}" for n in range(3)], 3)


KEY = "k1:" + "A" * 43 + "="


@pytest.mark.parametrize("keys", [(KEY,), ()])
async def test_what_is_encrypted_is_told_to_who_has_the_key(engine: Engine, keys: tuple[str, ...]) -> None:
    engine.hold_keys(KEY)
    engine.define(
        "name: held\ntrigger: {event: test.fired}\nactions:\n  - {id: refund, label: Refund, actionType: http_request, "
        "config: {method: POST, url: RECEIVER/refund}, requireApproval: {approvers: [ann]}}"
    )
    handle = await engine.start("held")
    await engine.held(handle)
    client = engine.client
    if not keys:
        options = client.config()
        options["data_converter"] = DATA_CONVERTER
        client = Client(**options)
    while not (runs := await every(client, engine.task_queue, HoldQuery(), keys)):
        await asyncio.sleep(0.05)
    (run,) = runs
    assert [hold["label"] for hold in run.rows] == (["Refund"] if keys else [])
    assert (run.holds, run.since is not None) == (["refund"], True)
    await engine.decide(handle, hold="refund", decision="approve", by="ann")
    await engine.finish(handle)
