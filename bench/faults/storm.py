"""One storm: everything started, let fail, and held against what arrived."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from bench.faults.approvals import decisions_table, judge_approvals
from bench.faults.bulk import Bulk
from bench.faults.checks import Findings, counted, faults, judge, table
from bench.faults.crowd import Crowd
from bench.faults.people import Decision, People
from bench.faults.site import GATEWAY_WAYS, WAYS, Site
from bench.histories import failed_tasks, miscounted
from bench.senders import Senders
from bench.serving import Serving
from bench.stage import running
from workers.local.child_process import ChildProcess, child_process
from workers.local.temporal_server import local_environment

GRACE = 1.0
"""Seconds that a worker or gateway has to finish what it does once it is told to end."""

SENDERS_WAIT = 5.0
"""Seconds for which a sender waits for an answer: less than a gateway waits for Temporal, or stands still."""

SETTLED = 600.0
"""Seconds in which the last runs end once nothing is killed any more: vendors go on failing, and pauses grow."""

GATEWAYS_LIVE = 2.0
"""How much longer gateways live than workers."""


class Storm:
    """A storm, as it was asked for.

    Args:
        given: the options of the command.
        folder: for everything that processes read and write.
        chance: decides what is left to chance.

    Attributes:
        broken: a sentence for each promise that was broken.
    """

    def __init__(self, given: argparse.Namespace, folder: Path, chance: random.Random) -> None:
        self.given = given
        self.folder = folder
        self.chance = chance
        self.broken: list[str] = []
        self._started: Counter[str] = Counter()

    async def blow(self) -> None:
        """Run everything, and hold it against what arrived."""
        site = self._site = Site(self.folder, self.chance)
        serving = site.prepare(GRACE)
        began = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=SENDERS_WAIT)
        async with AsyncExitStack() as stack:
            temporal = await stack.enter_async_context(
                running(site.temporal(self._points(self.given.restarts), self._started))
            )
            vendors = await stack.enter_async_context(self._vendors())
            stack.push_async_callback(serving.end)
            for place in (*site.workers, *site.gateways):
                await stack.enter_async_context(running(place.keep()))
            await asyncio.wait([temporal, site.client], return_when=asyncio.FIRST_COMPLETED)
            if temporal.done():
                await temporal
            await site.begin(serving)
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, timeout=timeout))
            client = await site.client
            senders = self._senders = Senders(session, lambda: site.ports, answered=False)
            people = People(client, self.chance)
            crowd = self._crowd = Crowd(client, senders, people, self.chance, self.given.resets, self._started)
            self._bulk = Bulk(serving, self.chance)
            await self._rage(serving, temporal, vendors)
            await crowd.ask_held()
            self._failed = await failed_tasks(client, crowd.reports)
            self.broken += [*self._failed, *await miscounted(client, crowd.begun)]
        self._took = time.monotonic() - began
        self._judge()

    async def _rage(self, serving: Serving, temporal: asyncio.Task[None], vendors: ChildProcess) -> None:
        """Let runs begin while everything fails, then wait until the last have ended."""
        site, crowd, every = self._site, self._crowd, self.given.kill_every
        numbers = iter(range(self.given.runs))
        lanes = asyncio.gather(*(crowd.routing(numbers) for _ in range(self.given.concurrency)))
        gateways = site.trouble("gateway", site.gateways, GATEWAY_WAYS, GATEWAYS_LIVE * every, crowd.ended)
        async with running(self._bulk.decide()):
            async with (
                running(site.trouble("worker", site.workers, WAYS, every, crowd.ended)),
                running(gateways),
                running(site.rewrite()),
                running(site.release(serving, self._points(self.given.releases), self._started)) as releases,
            ):
                while (self._started["runs"] < self.given.runs or not releases.done()) and not lanes.done():
                    await asyncio.sleep(0.1)
                    if said := vendors.ended():
                        raise SystemExit(said)
                    if temporal.done():
                        raise SystemExit(f"Temporal ended: {temporal.exception()}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lanes, SETTLED)

    def _points(self, times: int) -> Iterator[int]:
        """Return after how many runs something happens that happens so often."""
        return iter([self.given.runs * (n + 1) // (times + 1) for n in range(times)])

    def _vendors(self) -> contextlib.AbstractAsyncContextManager[ChildProcess]:
        site = self._site
        command = [sys.executable, "-m", "bench.faults.vendors", str(site.vendors_port)]
        command += [str(self.folder / "ledger.jsonl"), str(self.given.seed), str(self.given.rate)]
        return child_process("The vendors", command, local_environment(), output=self.folder / "vendors.log")

    def _judge(self) -> None:
        crowd, self._log = self._crowd, self._site.delivery_log
        self._findings: Findings = judge(crowd.reports, self._log)
        self._decisions: list[Decision] = [*crowd.people.decisions, *self._bulk.decisions]
        self.broken += self._site.broken + self._senders.broken + self._bulk.broken + self._findings.broken
        self.broken += judge_approvals(self._decisions, crowd.reports, self._log, crowd.reset)
        if stalled := sorted(crowd.begun - crowd.reports.keys()):
            self.broken.append(f"{len(stalled)} runs neither ended nor wait for people: {', '.join(stalled[:10])}.")

    def lines(self) -> list[str]:
        """Return what happened, as Markdown."""
        counts, crowd = self._site.counts, self._crowd
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in self._findings.outcomes.most_common())
        away = sum(1 for line in self._log if "closed" in line)
        summary = (
            f"{self.given.runs} runs in {self._took:.0f} s (seed {self.given.seed}): {outcomes}, "
            f"{len(crowd.begun - crowd.reports.keys())} stalled. {_struck('worker', counts)} "
            f"{_struck('gateway', counts)} Temporal restarted: {counts['restart']} times. "
            f"Releases: {counts['releases']}, and {counts['releases that failed']} begun again. "
            f"Resets: {self._started['resets']}. "
            f"Resets that Temporal refused: {crowd.refused.total()}. "
            f"Bulk approvals: {self._bulk.counts['commands']}, {self._bulk.counts['killed']} of them killed. "
            f"No vendor could be connected to: {away} times. "
            f"Definitions written again: {counts['rewritten']} times. "
            f"Workflow tasks that failed: {len(self._failed)}."
        )
        tables = (
            table(self._findings),
            decisions_table(self._decisions),
            counted("senders heard", self._senders.answers),
            *([counted("why a reset was refused", crowd.refused)] if crowd.refused else []),
            faults(self._log),
        )
        return [summary, *(line for one in tables for line in ("", *one))]


def _struck(what: str, counts: Counter[str]) -> str:
    killed, ended, frozen = (counts[f"{what} {how}"] for how in ("SIGKILL", "SIGTERM", "freeze"))
    return f"{what.capitalize()} processes: {killed} killed, {ended} told to end, {frozen} frozen."
