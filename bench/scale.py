"""`make scale`: how long lists of what waits take where 100,000 runs wait for people, and no worker is there."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from temporalio.client import Client

from bench.parked import Parked, park, parked
from bench.stage import head, row, tell
from workers.client.waiting import ON_A_PAGE, WaitingPage, every, page
from workers.client.wanted import HoldQuery
from workers.local.temporal_server import temporal_server

QUEUE = "parked"
SPREAD = timedelta(days=30)
MOST = 1.0
"""Seconds that a page may take."""


async def measure(runs: int) -> int:
    """Park runs, list them, and return the exit code: 1 where a page is wrong or takes longer than a second."""
    with tempfile.TemporaryDirectory(prefix="trunkline-scale-") as folder:
        async with temporal_server(0, None, data=Path(folder) / "temporal.db") as server:
            waiting = parked(runs, SPREAD)
            began = time.perf_counter()
            await park(server.client, QUEUE, waiting)
            took = time.perf_counter() - began
            lines, good = await _pages(server.client, waiting)
    tell([f"{runs:,} runs were started in {took:,.0f} s.", "", *lines])
    return 0 if good else 1


async def _pages(client: Client, waiting: list[Parked]) -> tuple[list[str], bool]:
    last = -(-len(waiting) // ON_A_PAGE)
    days = SPREAD / timedelta(days=1)
    cases: dict[str, tuple[HoldQuery, int, Callable[[Parked], bool]]] = {
        "page 1": (HoldQuery(), 1, lambda _: True),
        "page 2": (HoldQuery(), 2, lambda _: True),
        f"page {last // 2:,}, in the middle": (HoldQuery(), max(last // 2, 1), lambda _: True),
        f"page {last:,}, the last": (HoldQuery(), last, lambda _: True),
        "page 1 of one automation": (HoldQuery(automation="refund-3"), 1, lambda one: one.automation == "refund-3"),
        "page 2 of one approver": (
            HoldQuery(approver="person-3@example.com"), 2, lambda one: one.approver == "person-3@example.com",
        ),
        "page 1 of failures": (HoldQuery(kind="failure"), 1, lambda one: one.kind == "failure"),
        f"page 3 of what is older than {days / 2:g} days": (
            HoldQuery(older_than=SPREAD / 2), 3, lambda one: one.since <= waiting[len(waiting) // 2].since,
        ),
    }  # fmt: skip
    lines, good = head(["list", "runs that fit", "seconds"]), True
    for name, (wanted, number, fits) in cases.items():
        found, took = await _timed(partial(page, client, QUEUE, wanted, number))
        right = [one.run for one in waiting if fits(one)][(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
        exact = [one.run for one in found.runs] == right
        good = good and exact and took < MOST
        lines.append(row([name, f"{found.total:,}", f"{took:.2f}{'' if exact else ', and WRONG'}"]))
    everything, took = await _timed(partial(every, client, QUEUE, HoldQuery(automation="refund-3")))
    lines.append(row(["all of one automation, as a bulk decision takes them", f"{len(everything):,}", f"{took:.2f}"]))
    return lines, good


async def _timed(do: Callable[[], Awaitable[Any]]) -> tuple[Any, float]:
    began = time.perf_counter()
    found: WaitingPage | list[Any] = await do()
    return found, time.perf_counter() - began


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="how many wait; 100,000 take about ten minutes")
    return asyncio.run(measure(parser.parse_args().runs))


if __name__ == "__main__":
    raise SystemExit(main())
