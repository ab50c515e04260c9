"""`make fairness`: what one tenant's burst costs another tenant's single run, with and without `fairness`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import Priority

from bench.__main__ import connect, port
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


@asynccontextmanager
async def surroundings(rate: int) -> AsyncIterator[Client]:
    """Run server, sandbox, receiver and one worker process whose Slack connection is limited."""
    address, sandbox, receiver = f"127.0.0.1:{port()}", port(), port()
    folder = Path(tempfile.mkdtemp(prefix="trunkline-fairness-"))
    _write(folder, rate, f"http://127.0.0.1:{sandbox}", f"http://127.0.0.1:{receiver}")
    temporal = shutil.which("temporal", path=str(Path(sys.executable).parent)) or "temporal"
    server = [temporal, "server", "start-dev", "--headless", "--log-level", "never", "--port", address.split(":")[1]]
    server += [part for key, value in DYNAMIC_CONFIG.items() for part in ("--dynamic-config-value", f"{key}={value}")]
    environment = {**os.environ, "TEMPORAL_ADDRESS": address, "TRUNKLINE_ALLOW": "127.0.0.1", "NO_COLOR": "1"}
    worker = ["worker", str(folder / "automations"), "--connections", str(folder / "connections.yaml")]
    with ExitStack() as stack:

        def spawn(*command: str) -> None:
            process = subprocess.Popen(  # noqa: S603 # our own commands
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)

        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        spawn(*server)
        spawn(sys.executable, "-m", "bench.receiver", str(receiver))
        spawn(sys.executable, "-m", "workers.cli", "sandbox", "--port", str(sandbox))
        spawn(sys.executable, "-m", "workers.cli", *worker)
        yield await connect(address)


async def bench(burst: int, rate: int) -> list[str]:
    """Measure all four and return the lines to print."""
    columns = ["", "alone (ms)", "behind the burst (ms)", "worst (ms)", "burst took (s)", "delay / burst"]
    lines = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    async with surroundings(rate) as client:
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
                lines.append("| " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--burst", type=int, default=1_000, help="how many runs the loud tenant starts")
    parser.add_argument("--rate", type=int, default=20, help="requestsPerSecond of the limited connection")
    given = parser.parse_args()
    lines = asyncio.run(bench(given.burst, given.rate))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    time.sleep(0.1)  # the SDK's threads end badly where the process ends at once


if __name__ == "__main__":
    main()
