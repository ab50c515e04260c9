"""`make seeing`: what metrics and traces cost a worker, in processor time of one run."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import uuid
from typing import Any

import aiohttp
from temporalio.client import Client, WorkflowHandle

from bench.__main__ import Side, definition, event, saturate
from bench.stage import Stage, head, port, row, stage, tell
from workers.local.temporal_server import DYNAMIC_CONFIG

ACTIONS = 3
CONCURRENCY = 16
SCRAPE_SECONDS = 15.0
"""How often metrics are asked for, as Prometheus does."""

NAMES = ("neither", "metrics", "traces", "metrics and traces")


def worker(site: Stage, name: str, metrics: int, collector: int) -> int:
    """Start a worker on a task queue of its own and return its process."""
    variables = [f"TRUNKLINE_TASK_QUEUE={_queue(name)}"]
    if "metrics" in name:
        variables.append(f"TRUNKLINE_METRICS_ADDRESS=127.0.0.1:{metrics}")
    if "traces" in name:
        variables.append(f"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{collector}")
    return site.spawn("env", *variables, sys.executable, "-m", "workers.cli", "worker", str(site.folder))


def side(client: Client, name: str, pid: int) -> Side:
    """Return what starts runs on one worker."""

    async def start(count: int) -> WorkflowHandle[Any, Any]:
        automation = f"notify-{count}"
        return await client.start_workflow(
            automation, event(), id=f"{automation}/{uuid.uuid4().hex}", task_queue=_queue(name)
        )

    return Side(name, start, pid)


async def scrape(ports: list[int]) -> None:
    """Ask for metrics now and then until this is canceled."""
    async with aiohttp.ClientSession() as session:
        while True:
            for number in ports:
                async with session.get(f"http://127.0.0.1:{number}/metrics") as answer:
                    await answer.read()
            await asyncio.sleep(SCRAPE_SECONDS)


async def bench(runs: int, rounds: int) -> list[str]:
    """Measure all four in turn and return the lines to print."""
    receiver, collector = port(), port()
    figures: dict[str, list[float]] = {name: [] for name in NAMES}
    with stage(DYNAMIC_CONFIG) as site:
        (site.folder / f"notify-{ACTIONS}.yaml").write_text(definition(ACTIONS, f"http://127.0.0.1:{receiver}"))
        site.python("bench.receiver", receiver)
        site.python("bench.receiver", collector)  # it answers exporters too
        client = await site.client()
        ports = {name: port() for name in NAMES if "metrics" in name}
        sides = [side(client, name, worker(site, name, ports.get(name, 0), collector)) for name in NAMES]
        for one in sides:
            await saturate(one, ACTIONS, runs // 4, CONCURRENCY)
        scraping = asyncio.create_task(scrape(list(ports.values())))
        for turn in range(rounds):
            for one in sides if turn % 2 == 0 else sides[::-1]:
                _, work = await saturate(one, ACTIONS, runs, CONCURRENCY)
                figures[one.name].append(work * ACTIONS)
        scraping.cancel()
    return table(figures)


def table(figures: dict[str, list[float]]) -> list[str]:
    """Return the table: medians over the rounds, and of the ratios to the first one in each."""
    lines = head(["", "CPU-ms of the worker per run", "neither = 1"])
    first = next(iter(figures.values()))
    for name, rounds in figures.items():
        ratio = statistics.median(own / base for own, base in zip(rounds, first, strict=True))
        lines.append(row([name, f"{statistics.median(rounds) * 1e3:.1f}", f"{ratio:.2f}"]))
    return lines


def _queue(name: str) -> str:
    return name.replace(" ", "-")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=150, help=f"runs of {ACTIONS} actions in each measurement")
    parser.add_argument("--rounds", type=int, default=7, help="how often each worker is measured in turn")
    given = parser.parse_args()
    tell(asyncio.run(bench(given.runs, given.rounds)))


if __name__ == "__main__":
    main()
