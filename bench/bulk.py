"""`make bulk`: a bulk approval of 5,000 runs that are really held, ended by `kill -9` in the middle and begun again."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections import Counter

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from bench.arrivals import Arrivals
from bench.stage import Stage, head, port, row, stage, tell
from workers.local.temporal_server import DYNAMIC_CONFIG

BY = "ana@example.com"
OTHER = 20
"""Every so manieth run waits for somebody else and must stay held."""
AT_ONCE = 50
PARKED_WITHIN = 1_800.0
DONE_WITHIN = 120.0

DEFINITION = """name: {name}
trigger: {{event: bench.fired, data: [order]}}
actions:
  - label: Refund the order
    actionType: http_request
    config: {{method: POST, url: "{url}", body: {{event: "{{{{order.id}}}}", step: "0"}}}}
    requireApproval: {{approvers: ["{approver}"]}}
"""


def orders(count: int) -> dict[str, str]:
    """Return the automation of each order: most wait for one person, some for another."""
    return {f"{number:06}": "theirs" if number % OTHER == 0 else "refund" for number in range(count)}


async def hold(client: Client, wanted: dict[str, str]) -> None:
    """Start the runs and wait until each is held."""
    permits = asyncio.Semaphore(AT_ONCE)

    async def start(order: str, name: str) -> None:
        event = {"id": uuid.uuid4().hex, "type": "bench.fired", "source": "/bench", "data": {"order": {"id": order}}}
        async with permits:
            await client.start_workflow(name, event, id=f"{name}/{order}", task_queue="trunkline")

    await asyncio.gather(*(start(*each) for each in wanted.items()))
    await _until(client, "TrunklineHolds IS NOT NULL", len(wanted), PARKED_WITHIN)


async def _until(client: Client, query: str, count: int, within: float) -> None:
    ends = time.monotonic() + within
    while await _count(client, query) != count:
        if time.monotonic() > ends:
            raise SystemExit(f"{query}: not {count:,} within {within:.0f} s.")
        await asyncio.sleep(0.5)


async def _count(client: Client, query: str) -> int | None:
    """Return how many runs fit, or `None` as long as the worker has not registered the search attributes."""
    try:
        return (await client.count_workflows(query)).count
    except RPCError as error:
        if error.status != RPCStatusCode.INVALID_ARGUMENT:
            raise
        return None


def command(*words: object) -> list[str]:
    """Return one of our commands, as a person would type it."""
    return [sys.executable, "-m", "workers.cli", *map(str, words)]


async def listed(site: Stage) -> tuple[int, float]:
    """Return how many holds `trunkline holds` finds for the person, and the seconds it took."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command("holds", "--approver", BY, "--json"), stdout=subprocess.PIPE, env=site.environment()
    )
    output, _ = await process.communicate()
    return len(json.loads(output)), time.perf_counter() - began


async def approve(site: Stage, count: int, ends_with: asyncio.Future[None] | None) -> tuple[int, float, str]:
    """Approve all that wait for the person; return exit code, seconds, and how many receipts say what.

    Args:
        site: the processes.
        count: how many there are, as the list said.
        ends_with: when the command gets `kill -9`; `None` lets it end.
    """
    began = time.perf_counter()
    words = command("approve", "--all", "--approver", BY, "--by", BY, "--json", "--yes", count)
    process = await asyncio.create_subprocess_exec(
        *words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=site.environment()
    )
    if ends_with is not None:
        await asyncio.wait({ends_with, asyncio.ensure_future(process.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if process.returncode is None:
            process.kill()
    output, _ = await process.communicate()
    results = Counter(receipt["result"] for receipt in json.loads(output or b"[]"))
    told = ", ".join(f"{number:,} {result}" for result, number in results.most_common())
    return process.returncode or 0, time.perf_counter() - began, told


async def measure(count: int) -> int:
    """Hold, list, approve in two goes; return 1 where a request is lost, doubled or unapproved, else 0."""
    arrivals, where = Arrivals(), port()
    wanted = orders(count)
    with stage(DYNAMIC_CONFIG) as site:
        for name, approver in (("refund", BY), ("theirs", "ben@example.com")):
            text = DEFINITION.format(name=name, approver=approver, url=f"http://127.0.0.1:{where}/")
            (site.folder / f"{name}.yaml").write_text(text)
        client = await site.client()
        site.python("workers.cli", "worker", site.folder)
        began = time.perf_counter()
        await hold(client, wanted)
        lines = [f"{count:,} runs were held after {time.perf_counter() - began:,.0f} s.", ""]
        lines += head(["", "holds", "seconds", "exit code", "receipts"])
        async with arrivals.serving(where):
            found, took = await listed(site)
            lines.append(row(["holds of one person, listed as JSON", f"{found:,}", f"{took:.1f}", "", ""]))
            code, took, told = await approve(site, found, arrivals.reach(found // 3))
            lines.append(row(["approve --all, ended by kill -9", f"{found:,}", f"{took:.1f}", f"{code}", told]))
            await asyncio.sleep(2)  # what was accepted goes through
            rest, took = await listed(site)
            lines.append(row(["what waits after it", f"{rest:,}", f"{took:.1f}", "", ""]))
            code, took, told = await approve(site, rest, None)
            lines.append(row(["approve --all, begun again", f"{rest:,}", f"{took:.1f}", f"{code}", told]))
            await _until(client, "ExecutionStatus = 'Running' AND WorkflowType = 'refund'", 0, DONE_WITHIN)
    mine = {order for order, name in wanted.items() if name == "refund"}
    sent = Counter(order for order, _ in arrivals.counts.elements())
    twice = sum(times > 1 for times in sent.values())
    lost, unapproved = len(mine - {*sent}), len({*sent} - mine)
    tell([*lines, "", f"Of {len(mine):,}: {lost} not sent, {twice} twice; {unapproved} sent that nobody approved."])
    return 1 if code or lost or twice or unapproved else 0


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.bulk", description=__doc__)
    parser.add_argument("--runs", type=int, default=5_000, help="how many are held")
    return asyncio.run(measure(parser.parse_args().runs))


if __name__ == "__main__":
    raise SystemExit(main())
