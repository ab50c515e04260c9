"""`make bench`: Trunkline beside a hand-written workflow, inside and outside its sandbox, on one development server."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.stage import head, port, row, stage, tell
from workers.local.temporal_server import DYNAMIC_CONFIG

CPU_CLOCK = 2
"""What Linux calls the clock of a process's CPU time, beside its number."""

COUNTS = (1, 3, 10)
GROWTH = (10, 100, 1000)
IDLE_RUNS = 20

SETTINGS = {**DYNAMIC_CONFIG, "history.transferProcessorMaxPollRPS": "1000"}
"""Of the server: what it can do is not to be the limit."""

HAND, OUTSIDE, OURS, LOCAL = "hand-written", "outside the sandbox", "trunkline", "trunkline, local"

LOCAL_COUNT = 3
"""Actions of the run in which those that say `local: true` are compared with those that do not."""

Start = Callable[[int], Awaitable["WorkflowHandle[Any, Any]"]]


@dataclass(frozen=True)
class Side:
    """One of those that are compared."""

    name: str
    start: Start
    pid: int


@dataclass(frozen=True)
class Measured:
    """What one side did with one count of actions: in each round, and what one run leaves."""

    runs_per_second: list[float]
    cpu_per_action: list[float]
    idle: list[float]
    events: int
    bytes: int


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used, exactly, by the clock that Linux has for it."""
    return time.clock_gettime(~pid << 3 | CPU_CLOCK)


def definition(count: int, url: str, *, local: bool = False) -> str:
    """Return the automation of `count` actions; keyed, because the hand-written one repeats too."""
    step = """
  - label: Notify {n}
    actionType: http_request{local}
    config:
      method: POST
      url: {url}/notify
      idempotent: true
      body: {{customer.name: "{{{{contact.name}}}}", waited: "{{{{call.waiting_time}}}}", step: {n}}}
    saveAs: answer"""
    said = "\n    local: true" if local else ""
    steps = "".join(step.format(n=n, url=url, local=said) for n in range(count))
    condition = "{all: [{field: call.waiting_time, operator: greater_than, value: 60}]}"
    trigger = "{event: call.ended, data: [contact, call]}"
    name = f"{'local' if local else 'notify'}-{count}"
    return f"name: {name}\ntrigger: {trigger}\nconditions: {condition}\nactions:{steps}\n"


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
    """Measure all sides in turn, several rounds, each time in another order."""
    runs = max(20, int(seconds * 40 / (1 + count * 0.6)))
    figures: dict[str, list[tuple[float, float, float]]] = {side.name: [] for side in sides}
    for side in sides:
        await saturate(side, count, max(10, runs // 5), 8)
    for turn in range(rounds):
        first = turn % len(sides)
        for side in (*sides[first:], *sides[:first]):
            rate, work = await saturate(side, count, runs, 24)
            figures[side.name].append((rate, work, await idle(side, count)))
    result = {}
    for side in sides:
        rates, work, latencies = map(list, zip(*figures[side.name], strict=True))
        result[side.name] = Measured(rates, work, latencies, *await history(side, count))
    return result


async def bench(seconds: float, rounds: int) -> list[str]:
    """Run everything and return the lines to print."""
    receiver = port()
    url = f"http://127.0.0.1:{receiver}"
    with stage(SETTINGS) as site:
        for count in {*COUNTS, *GROWTH}:
            (site.folder / f"notify-{count}.yaml").write_text(definition(count, url))
        (site.folder / "local.yaml").write_text(definition(LOCAL_COUNT, url, local=True))
        site.python("bench.receiver", receiver)
        client = await site.client()
        typed = await site.client(data_converter=pydantic_data_converter)
        hand = site.python("bench.handwritten", site.address, "handwritten")
        outside = site.python("bench.unsandboxed", site.address, "unsandboxed")
        ours = site.python("workers.cli", "worker", site.folder)

        async def start_ours(count: int, kind: str = "notify") -> WorkflowHandle[Any, Any]:
            happened = event()
            name = f"{kind}-{count}"
            return await client.start_workflow(name, happened, id=f"{name}/{happened['id']}", task_queue="trunkline")

        async def start_hand(count: int, queue: str = "handwritten") -> WorkflowHandle[Any, Any]:
            happened = event()
            job = {"event": happened, "count": count, "url": f"{url}/notify"}
            return await typed.start_workflow("Handwritten", job, id=f"{queue}/{happened['id']}", task_queue=queue)

        trunkline = Side(OURS, start_ours, ours)
        sides = [
            Side(HAND, start_hand, hand),
            Side(OUTSIDE, partial(start_hand, queue="unsandboxed"), outside),
            trunkline,
        ]
        measured = {count: await measure(sides, count, seconds, rounds) for count in COUNTS}
        local = Side(LOCAL, partial(start_ours, kind="local"), ours)
        compared = await measure([trunkline, local], LOCAL_COUNT, seconds, rounds)
        grown = [await _growth(trunkline, count) for count in GROWTH]
        return [*_table(measured), "", _told_local(compared), *grown]


async def _growth(side: Side, count: int) -> str:
    before, began = cpu(side.pid), time.perf_counter()
    await (await side.start(count)).result()
    took, work = time.perf_counter() - began, cpu(side.pid) - before
    return f"one run of {count:5} actions: {took / count * 1e3:6.1f} ms and {work / count * 1e3:5.2f} CPU-ms an action"


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of what each round says: machines drift, and a round's sides are measured close together."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def _table(measured: dict[int, dict[str, Measured]]) -> list[str]:
    """Return how Trunkline compares with the hand-written workflow, inside and outside the sandbox."""
    lines = head(["k", "figure", HAND, OUTSIDE, OURS, f"{OURS} / {HAND}", f"{OURS} / {OUTSIDE}"])
    for count, sides in measured.items():
        for figure, name, scale in (
            ("runs/s", "runs_per_second", 1),
            ("CPU-ms/action", "cpu_per_action", 1e3),
            ("idle ms", "idle", 1e3),
        ):
            rounds = {side: getattr(found, name) for side, found in sides.items()}
            medians = [f"{statistics.median(rounds[side]) * scale:.2f}" for side in (HAND, OUTSIDE, OURS)]
            ratios = [f"**{ratio(rounds[OURS], rounds[side]):.2f}**" for side in (HAND, OUTSIDE)]
            lines.append(row([f"{count}", figure, *medians, *ratios]))
        left = [f"{sides[side].events} events, {sides[side].bytes} B" for side in (HAND, OUTSIDE, OURS)]
        lines.append(row([f"{count}", "history", *left, "", ""]))
    low, high = min(measured), max(measured)
    size = {side: (measured[high][side].bytes - measured[low][side].bytes) / (high - low) for side in (HAND, OURS)}
    events = (measured[high][OURS].events - measured[low][OURS].events) / (high - low)
    times = f"{size[OURS] / size[HAND]:.2f} times the hand-written one's {size[HAND]:.0f}"
    return [*lines, "", f"each further action: {events:.1f} events, {size[OURS]:.0f} bytes, {times}"]


def _told_local(sides: dict[str, Measured]) -> str:
    rates = [statistics.median(sides[side].runs_per_second) for side in (LOCAL, OURS)]
    times = ratio(sides[LOCAL].runs_per_second, sides[OURS].runs_per_second)
    return f"local: true, {LOCAL_COUNT} actions: {rates[0]:.1f} runs/s, {times:.2f} times the {rates[1]:.1f} without it"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="about how long each measurement takes")
    parser.add_argument("--rounds", type=int, default=5, help="how often all sides are measured in turn")
    given = parser.parse_args()
    tell(asyncio.run(bench(given.seconds, given.rounds)))


if __name__ == "__main__":
    main()
