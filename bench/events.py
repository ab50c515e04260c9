"""`make events`: what an event costs where there are many automations, and how many events get through."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.__main__ import SETTINGS, Side, cpu, definition, event, saturate
from bench.stage import Stage, head, port, row, stage, tell

UNWANTED = "nobody.asks"
ONE_BY_ONE = 1_000
"""Events that are dispatched one after the other, to see what one costs."""

WANTED, AT_ONCE = 300, 24
"""Events of one round that start a run each, and how many are in progress at any time."""

OTHERS = """
name: other-{number}
trigger: {{event: shop-{shop}.order-{number}.paid, data: [order]}}
conditions: {{all: [{{field: order.total, operator: greater_than, value: 60}}]}}
actions:
  - label: Notify the shop
    actionType: http_request
    config: {{method: POST, url: "{url}/notify", idempotent: true, body: {{order: "{{{{order.id}}}}"}}}}
"""

SHOPS = 100

STARTS = 100
"""Events whose start is on the wire at a time."""

OPEN = "WorkflowType = 'event' AND ExecutionStatus = 'Running'"
LONGEST = timedelta(seconds=60)


def write(folder: Path, automations: int, url: str) -> None:
    """Write one automation of one action that an event wants, and so many less one that it does not want."""
    (folder / "notify-1.yaml").write_text(definition(1, url))
    for number in range(1, automations):
        text = OTHERS.format(number=number, shop=number % SHOPS, url=url)
        (folder / f"other-{number}.yaml").write_text(text)


async def dispatch(client: Client, happened: dict[str, Any]) -> WorkflowHandle[Any, Any]:
    """Start the workflow that dispatches an event."""
    return await client.start_workflow(
        "event", happened, id=f"event/{happened['id']}", task_queue="trunkline", rpc_timeout=LONGEST
    )


def unwanted() -> dict[str, Any]:
    """Return an event that concerns no automation."""
    return {"id": uuid.uuid4().hex, "type": UNWANTED, "source": "/bench", "data": {"order": {"id": 1}}}


async def nobody(client: Client, worker: int) -> tuple[float, float, int]:
    """Return CPU seconds of the worker, seconds and bytes of history of one event that nobody wants."""
    before, took = cpu(worker), []
    for _ in range(ONE_BY_ONE):
        began = time.perf_counter()
        last = await dispatch(client, unwanted())
        await last.result()
        took.append(time.perf_counter() - began)
    work = (cpu(worker) - before) / ONE_BY_ONE
    history = await last.fetch_history()
    return work, statistics.median(took), sum(one.ByteSize() for one in history.events)


async def burst(client: Client, events: int) -> float:
    """Return events a second, from the first start to the last end, where so many that nobody wants come at once."""
    permits, began = asyncio.Semaphore(STARTS), time.perf_counter()

    async def one() -> None:
        async with permits:
            await dispatch(client, unwanted())

    await asyncio.gather(*(one() for _ in range(events)))
    while (await client.count_workflows(OPEN)).count:  # noqa: ASYNC110 # another process's list
        await asyncio.sleep(0.1)
    return events / (time.perf_counter() - began)


Figures = tuple[float, float]


async def wanted(site: Stage, client: Client, url: str, worker: int, rounds: int) -> tuple[Figures, Figures]:
    """Return runs a second and CPU seconds of the worker for one, of runs by event and, in turn, by hand without."""
    typed = await site.client(data_converter=pydantic_data_converter)

    async def by_event(_: int) -> WorkflowHandle[Any, Any]:
        happened = event()
        await (await dispatch(client, happened)).result()
        return client.get_workflow_handle(f"notify-1/{happened['id']}")

    async def by_hand(count: int) -> WorkflowHandle[Any, Any]:
        job = {"event": event(), "count": count, "url": f"{url}/notify"}
        return await typed.start_workflow("Handwritten", job, id=job["event"]["id"], task_queue="handwritten")

    hand = site.python("bench.handwritten", site.address, "handwritten")
    sides = [Side("events", by_event, worker), Side("hand-written", by_hand, hand)]
    found: dict[str, list[Figures]] = {side.name: [] for side in sides}
    for side in sides:
        await saturate(side, 1, WANTED // 5, AT_ONCE)
    for turn in range(rounds):
        for side in sides if turn % 2 == 0 else sides[::-1]:
            found[side.name].append(await saturate(side, 1, WANTED, AT_ONCE))
    return _median(found["events"]), _median(found["hand-written"])


def _median(rounds: list[Figures]) -> Figures:
    return statistics.median(rate for rate, _ in rounds), statistics.median(work for _, work in rounds)


async def measure(automations: int, events: int, rounds: int) -> list[str]:
    """Run everything on one server and return the lines to print."""
    receiver = port()
    url = f"http://127.0.0.1:{receiver}"
    with stage(SETTINGS) as site:
        write(site.folder, automations, url)
        site.python("bench.receiver", receiver)
        client = await site.client()
        began = time.perf_counter()
        worker = site.python("workers.cli", "worker", site.folder)
        await (await dispatch(client, unwanted())).result()
        ready, loading = time.perf_counter() - began, cpu(worker)
        work, took, size = await nobody(client, worker)
        rate = await burst(client, events)
        (runs, cost), (hand, cheaper) = await wanted(site, client, url, worker, rounds)
        memory = _memory(worker)
    rows = {
        "the worker's first event, from its start": f"{ready:.1f} s, {loading:.1f} CPU-s",
        "an event that nobody wants": f"{work * 1e3:.1f} CPU-ms of the worker, {took * 1e3:.0f} ms",
        "its history": f"{size:,} bytes",
        f"{events:,} of them at once": f"{rate:.0f} a second",
        "events that start one run of one action": f"{runs:.1f} a second, {cost * 1e3:.1f} CPU-ms of the worker",
        "the same run hand-written, without an event": f"{hand:.1f} a second, {cheaper * 1e3:.1f} CPU-ms of its worker",
        "runs a second, hand-written = 1": f"**{runs / hand:.2f}**",
        "memory of the worker at the end": f"{memory:.0f} MB",
    }
    return [f"{automations:,} automations", "", *head(["", ""]), *(row(cells) for cells in rows.items())]


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.events", description=__doc__)
    parser.add_argument("--automations", type=int, default=2_000, help="how many there are")
    parser.add_argument("--events", type=int, default=2_000, help="how many come at once")
    parser.add_argument("--rounds", type=int, default=3, help="how often events and hand-written runs are measured")
    given = parser.parse_args()
    tell(asyncio.run(measure(given.automations, given.events, given.rounds)))


if __name__ == "__main__":
    main()
