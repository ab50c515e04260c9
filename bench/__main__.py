"""`make bench`: Trunkline beside a hand-written workflow, in one run on one development server."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.stage import head, port, row, stage, tell
from workers.local.temporal_server import DYNAMIC_CONFIG

TICKS = os.sysconf("SC_CLK_TCK")
COUNTS = (1, 3, 10)
GROWTH = (10, 100, 1000)
IDLE_RUNS = 20

SETTINGS = {**DYNAMIC_CONFIG, "history.transferProcessorMaxPollRPS": "1000"}
"""Of the server: what it can do is not to be the limit."""

NAMES = ("hand-written", "trunkline")

Start = Callable[[int], Awaitable["WorkflowHandle[Any, Any]"]]


@dataclass(frozen=True)
class Side:
    """One of the two that are compared."""

    name: str
    start: Start
    pid: int


@dataclass(frozen=True)
class Measured:
    """What one side did with one count of actions."""

    runs_per_second: float
    cpu_per_action: float
    idle: float
    events: int
    bytes: int


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def definition(count: int, url: str) -> str:
    """Return the automation of `count` actions; keyed, because the hand-written one repeats too."""
    step = """
  - label: Notify {n}
    actionType: http_request
    config:
      method: POST
      url: {url}/notify
      idempotent: true
      body: {{customer.name: "{{{{contact.name}}}}", waited: "{{{{call.waiting_time}}}}", step: {n}}}
    saveAs: answer"""
    steps = "".join(step.format(n=n, url=url) for n in range(count))
    condition = "{all: [{field: call.waiting_time, operator: greater_than, value: 60}]}"
    trigger = "{event: call.ended, data: [contact, call]}"
    return f"name: notify-{count}\ntrigger: {trigger}\nconditions: {condition}\nactions:{steps}\n"


def event() -> dict[str, Any]:
    """Return an event with an id of its own."""
    data = {"contact": {"name": "Ada"}, "call": {"waiting_time": 75}}
    return {"specversion": "1.0", "id": uuid.uuid4().hex, "type": "call.ended", "source": "/bench", "data": data}


async def saturate(side: Side, count: int, runs: int, concurrency: int) -> tuple[float, float]:
    """Return runs per second and worker CPU seconds per action with that many runs in progress at any time."""
    left = iter(range(runs))

    async def routing() -> None:
        for _ in left:
            await (await side.start(count)).result()

    before, began = cpu(side.pid), time.perf_counter()
    await asyncio.gather(*(routing() for _ in range(concurrency)))
    return runs / (time.perf_counter() - began), (cpu(side.pid) - before) / (runs * count)


async def idle(side: Side, count: int) -> float:
    """Return the median seconds from start to result when nothing else runs."""
    took = []
    for _ in range(IDLE_RUNS):
        began = time.perf_counter()
        await (await side.start(count)).result()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


async def history(side: Side, count: int) -> tuple[int, int]:
    """Return events and bytes of one run's history, without the result that its last event holds."""
    handle = await side.start(count)
    await handle.result()
    found = await handle.fetch_history()
    events = list(found.events)
    return len(events), sum(e.ByteSize() for e in events[:-1])


async def measure(sides: list[Side], count: int, seconds: float, rounds: int) -> dict[str, Measured]:
    """Measure both sides in turn, several rounds, and return the medians."""
    runs = max(20, int(seconds * 40 / (1 + count * 0.6)))
    figures: dict[str, list[tuple[float, float, float]]] = {side.name: [] for side in sides}
    for side in sides:
        await saturate(side, count, max(10, runs // 5), 8)
    for turn in range(rounds):
        for side in sides if turn % 2 == 0 else sides[::-1]:
            rate, work = await saturate(side, count, runs, 24)
            figures[side.name].append((rate, work, await idle(side, count)))
    result = {}
    for side in sides:
        rate, work, latency = (statistics.median(column) for column in zip(*figures[side.name], strict=True))
        result[side.name] = Measured(rate, work, latency, *await history(side, count))
    return result


async def bench(seconds: float, rounds: int) -> list[str]:
    """Run everything and return the lines to print."""
    receiver = port()
    url = f"http://127.0.0.1:{receiver}"
    with stage(SETTINGS) as site:
        for count in {*COUNTS, *GROWTH}:
            (site.folder / f"notify-{count}.yaml").write_text(definition(count, url))
        site.python("bench.receiver", receiver)
        client = await site.client()
        typed = await site.client(data_converter=pydantic_data_converter)
        hand = site.python("bench.handwritten", site.address, "handwritten")
        ours = site.python("workers.cli", "worker", site.folder)

        async def start_ours(count: int) -> WorkflowHandle[Any, Any]:
            happened = event()
            name = f"notify-{count}"
            return await client.start_workflow(name, happened, id=f"{name}/{happened['id']}", task_queue="trunkline")

        async def start_hand(count: int) -> WorkflowHandle[Any, Any]:
            happened = event()
            job = {"event": happened, "count": count, "url": f"{url}/notify"}
            return await typed.start_workflow("Handwritten", job, id=happened["id"], task_queue="handwritten")

        sides = [Side("hand-written", start_hand, hand), Side("trunkline", start_ours, ours)]
        measured = {count: await measure(sides, count, seconds, rounds) for count in COUNTS}
        grown = [await _growth(sides[1], count) for count in GROWTH]
        return [*_table(measured), "", *grown]


async def _growth(side: Side, count: int) -> str:
    before, began = cpu(side.pid), time.perf_counter()
    await (await side.start(count)).result()
    took, work = time.perf_counter() - began, cpu(side.pid) - before
    return f"one run of {count:5} actions: {took / count * 1e3:6.1f} ms and {work / count * 1e3:5.2f} CPU-ms an action"


def _table(measured: dict[int, dict[str, Measured]]) -> list[str]:
    columns = ["k"]
    columns += [
        f"{figure}: {name}" for figure in ("runs/s", "CPU-ms/action", "idle p50 ms") for name in (*NAMES, "ratio")
    ]
    columns += [f"{figure}: {name}" for figure in ("events", "history bytes") for name in NAMES]
    lines = head(columns)
    for count, pair in measured.items():
        hand, ours = pair["hand-written"], pair["trunkline"]
        cells = [
            f"{count}",
            f"{hand.runs_per_second:.1f}",
            f"{ours.runs_per_second:.1f}",
            f"**{ours.runs_per_second / hand.runs_per_second:.2f}**",
            f"{hand.cpu_per_action * 1e3:.2f}",
            f"{ours.cpu_per_action * 1e3:.2f}",
            f"**{ours.cpu_per_action / hand.cpu_per_action:.2f}**",
            f"{hand.idle * 1e3:.1f}",
            f"{ours.idle * 1e3:.1f}",
            f"**{ours.idle / hand.idle:.2f}**",
            f"{hand.events}",
            f"{ours.events}",
            f"{hand.bytes}",
            f"{ours.bytes}",
        ]
        lines.append(row(cells))
    low, high = min(measured), max(measured)
    per_action = {
        name: (measured[high][name].bytes - measured[low][name].bytes) / (high - low) for name in measured[low]
    }
    events = (measured[high]["trunkline"].events - measured[low]["trunkline"].events) / (high - low)
    ratio = per_action["trunkline"] / per_action["hand-written"]
    size = f"{per_action['trunkline']:.0f} bytes, {ratio:.2f} times the hand-written one's"
    return [*lines, "", f"each further action: {events:.1f} events, {size}"]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="about how long each measurement takes")
    parser.add_argument("--rounds", type=int, default=3, help="how often both sides are measured in turn")
    given = parser.parse_args()
    tell(asyncio.run(bench(given.seconds, given.rounds)))


if __name__ == "__main__":
    main()
