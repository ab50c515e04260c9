"""`make soak`: a rolling release under load, on one machine, and what became of every event.

Three workers of two versions and two gateways are replaced while events arrive: build after build is released, and
runs of one automation move with each release, those of another stay. Every event that was taken must be carried out,
nothing may be sent twice, no run that stays may leave its build, and no sender may hear anything but yes and "try
again". Exits with 1 where a promise broke.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from temporalio.client import Client, WorkflowFailureError

from bench.histories import builds_of, failed_tasks
from bench.rollout import GRACE, Rollout, released
from bench.senders import Senders, cloud_event
from bench.serving import ROOT, Build, Serving
from bench.stage import conclude, port, quiet_runtime, running
from workers.client.connecting import connect_to
from workers.local.temporal_server import temporal_server

WORKERS, GATEWAYS = 3, 2
TOKEN = "soak-0123456789abcdef-0123456789abcdef"  # noqa: S105 # both ends are ours

AUTOMATION = """
name: {name}
trigger: {{event: {name}.began}}
onRelease: {on_release}
actions:
  - {{id: first, actionType: http_request, config: {{method: POST, url: "{url}/first", body: {{run: "{{{{run.id}}}}"}}}}}}
  - {{id: rest, wait: {rest}s}}
  - {{id: keyed, actionType: http_request, config: {{method: POST, url: "{url}/keyed", idempotent: true, body: {{run: "{{{{run.id}}}}"}}}}}}
  - {{id: last, actionType: http_request, config: {{method: POST, url: "{url}/last", body: {{run: "{{{{run.id}}}}"}}}}}}
"""  # noqa: E501 # one step a line
AUTOMATIONS = {"soak": "move", "stays": "stay"}
"""What the runs of each automation do when a build is released."""

STEPS = ("first", "keyed", "last")
SLOWEST = 1.0
"""Seconds that the receiver takes at most, so that many a request is on its way when its worker is told to end."""

AGAIN_EVERY = 10
"""Every so many events are delivered twice, as senders do."""

SETTLED = 120.0
"""Seconds in which the last runs end."""


@dataclass(slots=True)
class Vendor:
    """Takes what runs send, slowly.

    Attributes:
        port: where it listens.
        arrived: how often each run has sent each step.
    """

    port: int
    arrived: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def serve(self) -> None:
        """Answer until this is canceled."""
        application = web.Application()
        application.router.add_post("/{step}", self._take)
        runner = web.AppRunner(application, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self.port).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.arrived[body["run"], request.match_info["step"]] += 1
        await asyncio.sleep(random.uniform(0, SLOWEST))  # noqa: S311 # chance, not a secret
        return web.json_response({"ok": True})


async def arrive(rollout: Rollout, senders: Senders, rate: float, seconds: float) -> list[str]:
    """Send so many events a second for so long, and until processes were replaced; return what was taken."""
    until = time.monotonic() + seconds
    taken: list[str] = []

    async def one(number: int) -> None:
        name, kind = f"event-{number}", f"{automation_of(number)}.began"
        event = {"specversion": "1.0", "id": name, "source": "/soak", "type": kind, "data": {}}
        for _ in range(2 if number % AGAIN_EVERY == 0 else 1):
            if not await senders.deliver(cloud_event(event, TOKEN), number):
                return
        taken.append(f"{automation_of(number)}/{name}")

    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            if time.monotonic() >= until and rollout.replaced:
                break
            group.create_task(one(number))
            await asyncio.sleep(1 / rate)
    return taken


def automation_of(number: int) -> str:
    """Return which automation takes an event."""
    return list(AUTOMATIONS)[number % len(AUTOMATIONS)]


async def judge(client: Client, vendor: Vendor, taken: list[str]) -> list[str]:
    """Return a sentence for each event that was lost, each request that was doubled, and each task that went wrong."""
    broken: list[str] = []
    ended: list[str] = []
    gate = asyncio.Semaphore(8)

    async def one(run: str) -> None:
        handle = client.get_workflow_handle(run)
        async with gate:
            try:
                report: Any = await asyncio.wait_for(handle.result(), SETTLED)
            except (TimeoutError, WorkflowFailureError) as error:
                broken.append(f"{run}: it did not complete: {error!r}.")
                return
            ended.append(run)
            if report["outcome"] != "completed":
                broken.append(f"{run}: {report['outcome']}.")
            if AUTOMATIONS[run.partition("/")[0]] == "stay" and len(builds := await builds_of(client, run)) > 1:
                broken.append(f"{run}: it left its build: {', '.join(builds)}.")
        times = {step: vendor.arrived[run, step] for step in STEPS}
        if set(times.values()) != {1}:
            broken.append(f"{run}: its steps arrived {times} times.")

    await asyncio.gather(*map(one, taken))
    broken += await failed_tasks(client, ended)
    strangers = {run for run, _ in vendor.arrived} - set(taken)
    return [*broken, *(f"{run}: nobody knows its event." for run in sorted(strangers))]


async def soak(given: argparse.Namespace, folder: Path) -> tuple[list[str], list[str]]:
    """Run everything and return the lines to print and the promises that broke."""
    vendor = Vendor(port())
    (folder / "automations").mkdir()
    for name, on_release in AUTOMATIONS.items():
        url = f"http://127.0.0.1:{vendor.port}"
        text = AUTOMATION.format(name=name, on_release=on_release, url=url, rest=given.rest)
        (folder / "automations" / f"{name}.yaml").write_text(text)
    (folder / "gateway.yaml").write_text(f"events: {{verify: {{bearer: [{TOKEN}]}}}}\n")
    old = Build("old", released(given.old, folder / "old"), folder / "automations")
    new = Build("new", ROOT, folder / "automations")
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with (
        temporal_server(port(), None, data=folder / "temporal.db") as server,
        running(vendor.serve()),
        aiohttp.ClientSession(connector=connector) as session,
    ):
        client = await connect_to({"target_host": server.address}, runtime=quiet_runtime())
        serving = Serving(folder, server.address, GRACE)
        rollout = Rollout(serving, (old, new))
        senders = Senders(session, lambda: [one.port for one in rollout.gateways], answered=True)
        try:
            await rollout.begin(WORKERS, GATEWAYS)
            async with running(rollout.roll()) as rolling:
                arriving = asyncio.ensure_future(arrive(rollout, senders, given.rate, given.seconds))
                await asyncio.wait([arriving, rolling], return_when=asyncio.FIRST_COMPLETED)
                if rolling.done():
                    arriving.cancel()
                    await rolling
                taken = await arriving
            broken = [*rollout.broken, *senders.broken, *await judge(client, vendor, taken)]
        finally:
            await serving.end()
    counts = rollout.counts
    answers = ", ".join(f"{count} times {heard}" for heard, count in sorted(senders.answers.items()))
    line = (
        f"{len(taken)} events in {given.seconds:g} s, while {counts['builds released']} builds were released, "
        f"{counts['workers replaced']} workers and {counts['gateways replaced']} gateways replaced (the old version "
        f"is {given.old}). "
        f"Senders heard {answers}. "
        f"{sum(vendor.arrived.values())} requests arrived at the vendor. Broken promises: {len(broken)}."
    )
    return [line], broken


def main() -> None:
    """Print what was found, and exit with 1 where a promise broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="for how long events arrive")
    parser.add_argument("--rate", type=float, default=5, help="how many arrive in a second")
    parser.add_argument("--rest", type=int, default=10, help="seconds that a run waits between its steps")
    parser.add_argument("--old", default="HEAD", help="the commit or tag that the other version is taken from")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trunkline-soak-"))
    lines, broken = asyncio.run(soak(given, folder))
    conclude(lines, broken, folder)


if __name__ == "__main__":
    main()
