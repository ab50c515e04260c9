"""`make fairness`: what one tenant's burst costs another tenant's single run, with and without `fairness`."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import Priority

from bench.stage import Stage, head, port, row, stage, tell
from workers.local.temporal_server import DYNAMIC_CONFIG
from workers.sandbox import connections

ALONE = 10
SAMPLES = 10
APART = 0.5
"""Seconds between two single runs that are started while the burst lasts."""

LIMITED = "actionType: send_slack_message, config: {{channel: '#ops', text: '{{{{customer.tenant}}}}'}}"
BUSY = "actionType: http_request, config: {{method: GET, url: '{url}/x'}}"

DEFINITION = "name: {name}\ntrigger: {{event: bench.fired, data: [customer]}}\n{fairness}actions: [{{{action}}}]\n"


@dataclass(frozen=True)
class Measured:
    """One tenant's single runs, alone and behind the other's burst, in seconds."""

    alone: float
    behind: float
    worst: float
    burst: float


def start(client: Client, name: str, tenant: str, *, fair: bool) -> Any:
    """Start one run as a plain client does that knows whose run it is."""
    data = {"customer": {"tenant": tenant}}
    event = {"id": uuid.uuid4().hex, "type": "bench.fired", "source": "/bench", "data": data}
    priority = Priority(fairness_key=tenant) if fair else Priority.default
    return client.start_workflow(name, event, id=f"{name}/{event['id']}", task_queue="trunkline", priority=priority)


async def single(client: Client, name: str, *, fair: bool) -> float:
    """Return the seconds from start to result of one run of the quiet tenant."""
    began = time.perf_counter()
    await (await start(client, name, "quiet", fair=fair)).result()
    return time.perf_counter() - began


async def measure(client: Client, name: str, burst: int, *, fair: bool) -> Measured:
    """Return what a burst does to single runs that are started soon after it."""
    alone = statistics.median([await single(client, name, fair=fair) for _ in range(ALONE)])
    began = time.perf_counter()
    handles: list[WorkflowHandle[Any, Any]] = []
    for _ in range(burst // 50):
        handles += await asyncio.gather(*(start(client, name, "loud", fair=fair) for _ in range(50)))
    drained = asyncio.gather(*(handle.result() for handle in handles))
    quiet: list[asyncio.Task[float]] = []
    for _ in range(SAMPLES):
        quiet.append(asyncio.create_task(single(client, name, fair=fair)))
        await asyncio.sleep(APART)
    behind = await asyncio.gather(*quiet)
    await drained
    return Measured(alone, statistics.median(behind), max(behind), time.perf_counter() - began)


def _write(folder: Path, rate: int, sandbox: str, receiver: str) -> None:
    """Write connections, and the four automations: limited or not, fair or not."""
    entries: dict[str, Any] = connections(sandbox)
    entries["sandbox-slack"]["rateLimit"] = {"requestsPerSecond": rate}
    (folder / "connections.yaml").write_text(json.dumps(entries))
    (folder / "automations").mkdir()
    for kind, action in (("limited", LIMITED), ("busy", BUSY)):
        for fair, fairness in (("fair", 'fairness: "{{customer.tenant}}"\n'), ("plain", "")):
            name = f"{kind}-{fair}"
            text = DEFINITION.format(name=name, fairness=fairness, action=action.format(url=receiver))
            (folder / "automations" / f"{name}.yaml").write_text(text)


def _start_all(site: Stage, rate: int) -> None:
    """Start sandbox, receiver and one worker process whose Slack connection is limited."""
    sandbox, receiver = port(), port()
    _write(site.folder, rate, f"http://127.0.0.1:{sandbox}", f"http://127.0.0.1:{receiver}")
    site.python("bench.receiver", receiver)
    site.python("workers.cli", "sandbox", "--port", sandbox)
    site.python("workers.cli", "worker", site.folder / "automations", "--connections", site.folder / "connections.yaml")


async def bench(burst: int, rate: int) -> list[str]:
    """Measure all four and return the lines to print."""
    columns = ["", "alone (ms)", "behind the burst (ms)", "worst (ms)", "burst took (s)", "delay / burst"]
    lines = head(columns)
    with stage(DYNAMIC_CONFIG) as site:
        _start_all(site, rate)
        client = await site.client()
        await single(client, "busy-plain", fair=False)
        for kind, what in (("limited", f"connection limited to {rate}/s"), ("busy", "workers busy")):
            for fair in (True, False):
                found = await measure(client, f"{kind}-{'fair' if fair else 'plain'}", burst, fair=fair)
                delay = (found.behind - found.alone) / found.burst
                cells = [
                    f"{what}, {'with' if fair else 'without'} `fairness`",
                    f"{found.alone * 1e3:.0f}",
                    f"{found.behind * 1e3:.0f}",
                    f"{found.worst * 1e3:.0f}",
                    f"{found.burst:.1f}",
                    f"**{delay:.1%}**",
                ]
                lines.append(row(cells))
    return lines


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--burst", type=int, default=1_000, help="how many runs the loud tenant starts")
    parser.add_argument("--rate", type=int, default=20, help="requestsPerSecond of the limited connection")
    given = parser.parse_args()
    tell(asyncio.run(bench(given.burst, given.rate)))


if __name__ == "__main__":
    main()
