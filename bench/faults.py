"""`make faults`: thousands of runs while all around them fails and people reset them, and what became of every message.

Nothing may arrive twice where that is promised, nothing that is reported as sent may be missing, every run ends or
waits for people, and no half of a definition runs while it is being written. Exits with 1 where a promise broke.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, TerminatedError, WorkflowAlreadyStartedError
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError

from bench.checks import GUARDED_RUNS, JSON, MOST_SHOWN, faults, judge, table
from bench.stage import tell
from workers.client.connecting import connect_to
from workers.local.child_process import ChildProcess, child_process
from workers.local.temporal_server import local_environment, temporal_server
from workers.sandbox import connections
from workflows.view.attributes import HOLDS

QUEUE = "trunkline"
PATIENCE = 5.0
"""Seconds after which a run that has not ended is asked whether it is held."""

WAYS = (*("SIGKILL", "SIGTERM") * 4, "SIGKILL", "freeze")
"""What happens to workers, in turn."""

FROZEN = 13.0
"""Seconds that a process stands still: longer than the ten after which Temporal gives its attempts up."""

OUTAGES = (0.0, 12.0)
"""Seconds that Temporal is away, in turn: at once back, and longer than workers try to report a result."""

SETTLED = 240.0
"""Seconds in which the last runs end once nothing is killed any more."""

DEFINITION = """
name: {name}
trigger: {{event: storm.hit, data: [contact]}}
actions:
  - {{id: ask, actionType: http_request, config: {{method: GET, url: {url}/http/ask, query: {{step: "{{{{run.id}}}}.ask"}}}}, {short}}}
  - id: all
    paths:
      - actions:
          - {{id: twilio, actionType: send_sms, config: {{connection: sandbox-twilio, from: "+15550100100", to: "{{{{contact.number}}}}", text: "{{{{run.id}}}}.twilio"}}, {short}}}
          - {{id: cloudtalk, actionType: send_sms, config: {{connection: sandbox-cloudtalk, from: "+15550100100", to: "{{{{contact.number}}}}", text: "{{{{run.id}}}}.cloudtalk"}}, {long}}}
      - actions:
          - {{id: slack, actionType: send_slack_message, config: {{channel: C0123456789, text: "{{{{run.id}}}}.slack"}}, {short}}}
          - {{id: again, actionType: http_request, config: {{method: GET, url: {url}/http/ask, query: {{step: "{{{{run.id}}}}.again"}}}}, {long}}}
      - actions:
          - {{id: teams, actionType: send_teams_message, config: {{connection: sandbox-teams, channel: alerts, message: "{{{{run.id}}}}.teams"}}, {long}}}
          - {{id: graph, actionType: send_teams_message, config: {{connection: sandbox-teams_graph, teamId: t1, channelId: c1, message: "{{{{run.id}}}}.graph"}}, {short}}}
      - actions:
          - {{id: post, actionType: http_request, config: {{method: POST, url: {url}/http/post, body: {{step: "{{{{run.id}}}}.post"}}}}, {post}}}
          - {{id: keyed, actionType: http_request, config: {{method: POST, url: {url}/http/keyed, idempotent: true, body: {{step: "{{{{run.id}}}}.keyed"}}}}, {short}}}
      - actions:
          - {{id: note, actionType: add_internal_note, config: {{connection: sandbox-zendesk, ticketId: "{{{{run.id | split: '/' | last}}}}", content: "{{{{run.id}}}}.note"}}, {long}}}
          - {{id: reply, actionType: send_reply, config: {{connection: sandbox-freshdesk, ticketId: "{{{{run.id | split: '/' | last}}}}", content: "{{{{run.id}}}}.reply"}}, {short}}}
      - actions:
          - {{id: email, actionType: send_email, config: {{connection: sandbox-postmark, to: ada@example.com, subject: "{{{{run.id}}}}.email", text: Hi}}, {long}}}
          - {{id: mail, actionType: send_email, config: {{connection: sandbox-smtp, to: ada@example.com, subject: "{{{{run.id}}}}.mail", text: Hi}}, {short}}}
"""  # noqa: E501 # one step a line

GUARDED = """
name: {name}
trigger: {{event: storm.hit, data: [contact]}}
actions:
  - id: unapproved
    actionType: http_request
    config: {{method: POST, url: {url}/http/post, body: {{step: "{{{{run.id}}}}.unapproved"}}}}
    requireApproval: {{approvers: [lead@example.com]}}
"""
"""Nobody approves it: whatever arrives was sent by a version without its last line."""

WRITING, RESTING = (0.2, 1.0), (3.0, 8.0)
"""Seconds for which a definition lacks its last line while it is written, and between two of them."""

RETRY = "initialInterval: 200, maximumInterval: 2s, within: 2m"
SHORT = f"timeout: 3s, retry: {{{RETRY}}}, onFailure: continue"
LONG = f"timeout: 15s, retry: {{{RETRY}}}, onFailure: continue"
ASKING = f"timeout: 3s, retry: {{{RETRY}, onUnknown: hold}}, onFailure: continue"

NAMES = {"storm": SHORT, "storm-held": ASKING}
EVERY_HELD = 10
"""Every so many runs are of the automation that asks people about unknown outcomes, and of the one nobody approves."""


@dataclass(slots=True)
class Site:
    """Temporal, the vendors and the workers, all of which fail.

    Attributes:
        folder: holds definitions, database, ledger and logs.
        port: Temporal's.
        vendors: port of the vendors.
        chance: decides who is killed when.
        counts: what was done to whom.
        broken: processes that ended although nobody killed them.
        workers: the worker processes by number.
        doomed: those that were told to end and have not ended yet.
        client: connected to Temporal, over all restarts.
    """

    folder: Path
    port: int
    vendors: int
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    workers: dict[int, ChildProcess] = field(default_factory=dict)
    doomed: set[int] = field(default_factory=set)
    client: asyncio.Future[Client] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def delivery_log(self) -> list[JSON]:
        """What arrived at the vendors."""
        return [json.loads(line) for line in (self.folder / "ledger.jsonl").read_text().splitlines()]

    def prepare(self) -> None:
        """Write what the workers read."""
        url = f"http://127.0.0.1:{self.vendors}"
        automations = self.folder / "automations"
        automations.mkdir()
        for name, post in NAMES.items():
            text = DEFINITION.format(name=name, url=url, short=SHORT, long=LONG, post=post)
            (automations / f"{name}.yaml").write_text(text)
        (automations / f"{GUARDED_RUNS}.yaml").write_text(GUARDED.format(name=GUARDED_RUNS, url=url))
        (self.folder / "connections.yaml").write_text(json.dumps(connections(url)))

    async def rewrite(self) -> None:
        """Write one definition after another again, in place and in two pieces: the first lacks the last line."""
        for path in itertools.cycle(sorted((self.folder / "automations").iterdir())):
            lines = path.read_text().splitlines(keepends=True)
            with path.open("w") as file:
                file.writelines(lines[:-1])
                file.flush()
                try:
                    await asyncio.sleep(self.chance.uniform(*WRITING))
                finally:
                    file.write(lines[-1])
            self.counts["rewritten"] += 1
            await asyncio.sleep(self.chance.uniform(*RESTING))

    async def work(self, number: int) -> None:
        """Keep one worker process running, whatever happens to it."""
        environment = {
            **local_environment(f"127.0.0.1:{self.port}"),
            "TRUNKLINE_ALLOW": "127.0.0.1",
            "TRUNKLINE_GRACE": "1",
            "NO_COLOR": "1",
        }
        command = [sys.executable, "-m", "workers.cli", "worker", str(self.folder / "automations")]
        command += ["--connections", str(self.folder / "connections.yaml")]
        for life in range(10_000):
            log = self.folder / f"worker-{number}-{life}.log"
            async with child_process(f"Worker {number}", command, environment, output=log) as process:
                self.workers[number] = process
                await process.process.wait()
                if number not in self.doomed:
                    self.broken.append(f"{process.ended()} Nobody had told it to.")
                self.doomed.discard(number)

    async def kill(self, every: float, ended: Callable[[], int]) -> None:
        """Kill or freeze a worker now and then, but not before a run has ended since the last time.

        On a machine that is busy with other things workers take long to start, and would do nothing else.
        """
        before = -1
        ways = itertools.cycle(WAYS)
        while True:
            await asyncio.sleep(every * self.chance.uniform(0.5, 1.5))
            if ended() == before:
                continue
            number = self.chance.choice(sorted(self.workers))
            process = self.workers[number].process
            if number in self.doomed or process.returncode is not None or not self._is_ready(number):
                continue
            how = next(ways)
            self.counts[how] += 1
            before = ended()
            if how == "freeze":
                process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(FROZEN)
                process.send_signal(signal.SIGCONT)
            else:
                self.doomed.add(number)
                process.send_signal(signal.Signals[how])

    def _is_ready(self, number: int) -> bool:
        log = self.workers[number].output
        return log is not None and b"ready: " in Path(log.name).read_bytes()

    async def temporal(self, points: Iterator[int], started: Counter[str]) -> None:
        """Run Temporal; each time that many runs were started, restart it on the same database."""
        database = self.folder / "temporal.db"
        point = next(points, None)
        while True:
            async with temporal_server(self.port, None, data=database) as server:
                if server.port != self.port:
                    raise SystemExit(f"Port {self.port} was taken while Temporal was restarted.")
                if not self.client.done():
                    self.client.set_result(await connect_to({"target_host": server.address}, runtime=quiet_runtime()))
                while point is None or started["runs"] < point:
                    await asyncio.sleep(0.05)
                    if said := server.process.ended():
                        raise SystemExit(said)
                point = next(points, None)
                turn = self.counts["restart"]
                self.counts["restart"] += 1
                if turn % 2 == 0:
                    server.process.process.kill()
            await asyncio.sleep(OUTAGES[turn % 2])


@dataclass(slots=True)
class Crowd:
    """The runs: started, and followed until they end or wait for people."""

    client: Client
    started: Counter[str]
    chance: random.Random
    resets: float
    reports: dict[str, JSON] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)

    def ended(self) -> int:
        """Return how many have ended or wait for people."""
        return len(self.reports) + len(self.held)

    async def routing(self, numbers: Iterator[int]) -> None:
        """Start one run after another."""
        for number in numbers:
            name = {0: "storm-held", 1: GUARDED_RUNS}.get(number % EVERY_HELD, "storm")
            handle = await self._start(name, number)
            self.started["runs"] += 1
            while self.chance.random() < self.resets:  # while it runs, when it has ended, and one that was reset before
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._follow(handle), self.chance.uniform(0, PATIENCE))
                await self._reset(handle)
            await self._follow(handle)

    async def _start(self, name: str, number: int) -> WorkflowHandle[Any, Any]:
        run = f"{name}/{number}"
        contact = {"number": f"+1555{number:07}"}
        event = {"specversion": "1.0", "id": run, "source": "/bench", "type": "storm.hit", "data": {"contact": contact}}
        while True:
            try:
                await self.client.start_workflow(
                    name, event, id=run, task_queue=QUEUE, id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE
                )
            except WorkflowAlreadyStartedError:  # the answer to an earlier try got lost
                pass
            except RPCError:
                await asyncio.sleep(0.2)
                continue
            return self.client.get_workflow_handle(run)  # whatever a reset makes of it

    async def _reset(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Reset a run to one of its workflow tasks, if Temporal is there."""
        self.reports.pop(handle.id, None)
        self.held = [run for run in self.held if run != handle.id]
        with contextlib.suppress(RPCError):
            events = [event async for event in handle.fetch_history_events()]
            tasks = [e.event_id for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
            if not tasks:
                return
            await self.client.workflow_service.reset_workflow_execution(
                ResetWorkflowExecutionRequest(
                    namespace=self.client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=handle.id),
                    reason="The storm",
                    workflow_task_finish_event_id=self.chance.choice(tasks),
                    request_id=str(self.started["resets"]),
                )
            )
            self.started["resets"] += 1

    async def _follow(self, handle: WorkflowHandle[Any, Any]) -> None:
        while True:
            try:
                self.reports[handle.id] = await asyncio.wait_for(handle.result(), PATIENCE)
            except TimeoutError:
                if await self._is_held(handle):
                    self.held.append(handle.id)
                    return
            except WorkflowFailureError as failure:
                cause = failure.cause
                if isinstance(cause, ApplicationError) and cause.details:
                    self.reports[handle.id] = cause.details[0]
                if not isinstance(cause, TerminatedError):  # a reset ended it so, and the next one is followed
                    return
            except RPCError:
                await asyncio.sleep(0.2)
            else:
                return

    async def _is_held(self, handle: WorkflowHandle[Any, Any]) -> bool:
        try:
            described = await handle.describe()
        except RPCError:
            return False
        raw = described.raw_description
        busy = raw.pending_activities or raw.HasField("pending_workflow_task")
        return bool(described.typed_search_attributes.get(HOLDS)) and not busy

    async def ask_held(self) -> None:
        """Ask the runs that wait for people for their reports."""
        for run in self.held:
            self.reports[run] = await self.client.get_workflow_handle(run).query("report")

    async def failed_tasks(self) -> list[str]:
        """Return a sentence for every workflow task that failed: a bug, whatever came of the run."""
        gate = asyncio.Semaphore(8)

        async def read(run: str) -> list[str]:
            async with gate:
                events = [e async for e in self.client.get_workflow_handle(run).fetch_history_events()]
            failed = [
                e for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED and not _by_reset(e)
            ]
            return [f"{run}: a workflow task failed: {_why(e)}" for e in failed]

        return [said for found in await asyncio.gather(*map(read, self.reports)) for said in found]


def _by_reset(event: Any) -> bool:
    cause = event.workflow_task_failed_event_attributes.cause
    return bool(cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW)


def _why(event: Any) -> str:
    failed = event.workflow_task_failed_event_attributes
    return f"{failed.failure.message[:300]} (cause {failed.cause})"


@contextlib.asynccontextmanager
async def running(task: Any) -> Any:
    """Run a coroutine beside the block, and end the block where it fails."""
    made = asyncio.ensure_future(task)
    try:
        yield made
    finally:
        made.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await made


async def bench(given: argparse.Namespace, folder: Path) -> tuple[list[str], list[str]]:
    """Run everything and return the lines to print and the promises that broke."""
    chance = random.Random(given.seed)  # noqa: S311 # chance, not a secret
    site = Site(folder, free_port(), free_port(), chance)
    site.prepare()
    started: Counter[str] = Counter()
    points = iter([given.runs * (n + 1) // (given.restarts + 1) for n in range(given.restarts)])
    vendors_command = [sys.executable, "-m", "bench.fault_injection", str(site.vendors), str(folder / "ledger.jsonl")]
    began = time.monotonic()
    async with (
        running(site.temporal(points, started)) as temporal,
        child_process(
            "The vendors",
            [*vendors_command, str(given.seed), str(given.rate)],
            local_environment(),
            output=folder / "weather.log",
        ) as vendors,
        running(site.work(0)),
        running(site.work(1)),
    ):
        await asyncio.wait([temporal, site.client], return_when=asyncio.FIRST_COMPLETED)
        if temporal.done():
            await temporal
        crowd = Crowd(await site.client, started, chance, given.resets)
        numbers = iter(range(given.runs))
        lanes = asyncio.gather(*(crowd.routing(numbers) for _ in range(given.concurrency)))
        async with running(site.kill(given.kill_every, crowd.ended)), running(site.rewrite()):
            while started["runs"] < given.runs and not lanes.done():
                await asyncio.sleep(0.1)
                for part in (temporal, vendors.ended()):
                    if isinstance(part, str) or (part and part.done()):
                        raise SystemExit(part if isinstance(part, str) else f"Temporal ended: {part.exception()}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(lanes, SETTLED)
        await crowd.ask_held()
        failed_tasks = await crowd.failed_tasks()
    took = time.monotonic() - began
    delivery_log = site.delivery_log
    verdict = judge(crowd.reports, delivery_log)
    stalled = given.runs - len(crowd.reports)
    broken = site.broken + failed_tasks + verdict.broken
    if stalled:
        broken.append(f"{stalled} runs neither ended nor wait for people.")
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in verdict.outcomes.most_common())
    away = sum(1 for line in delivery_log if "closed" in line)
    counts = site.counts
    summary = (
        f"{given.runs} runs in {took:.0f} s (seed {given.seed}): {outcomes}, {stalled} stalled. "
        f"Worker processes: {counts['SIGKILL']} killed, {counts['SIGTERM']} told to end, {counts['freeze']} frozen. "
        f"Temporal restarted: {counts['restart']} times. Resets: {started['resets']}. "
        f"No vendor could be connected to: {away} times. "
        f"Definitions written again: {counts['rewritten']} times. "
        f"Workflow tasks that failed: {len(failed_tasks)}."
    )
    lines = [
        summary,
        "",
        *table(verdict),
        "",
        *faults(delivery_log),
    ]
    return lines, broken


def quiet_runtime() -> Runtime:
    """Return a Temporal runtime that says nothing while its server is away."""
    silent = LoggingConfig(TelemetryFilter(core_level="OFF", other_level="OFF"))
    return Runtime(telemetry=TelemetryConfig(logging=silent))


def free_port() -> int:
    """Return a free port outside the range that clients' own ports come from: it must stay free during a restart."""
    for port in random.sample(range(15_000, 30_000), 100):
        with socket.socket() as taken, contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port
    raise SystemExit("No free port was found.")


def main() -> None:
    """Print the tables, and exit with 1 where a promise broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="how many runs")
    parser.add_argument("--concurrency", type=int, default=150, help="how many of them at a time")
    parser.add_argument("--rate", type=float, default=0.25, help="share of the requests that meet a fault")
    parser.add_argument("--kill-every", type=float, default=4, help="about how many seconds pass between two kills")
    parser.add_argument("--resets", type=float, default=0.2, help="share of the runs that are reset, once or more")
    parser.add_argument("--restarts", type=int, default=2, help="how often Temporal is restarted")
    seed = int(time.time())
    parser.add_argument("--seed", type=int, default=seed, help="of everything that is left to chance")
    given = parser.parse_args()
    sys.stderr.write(f"seed {given.seed}\n")
    folder = Path(tempfile.mkdtemp(prefix="trunkline-faults-"))
    lines, broken = asyncio.run(bench(given, folder))
    if broken:
        lines += ["", f"Broken promises: {len(broken)} (logs: {folder})"]
        lines += [f"- {sentence}" for sentence in broken[:MOST_SHOWN]]
    else:
        shutil.rmtree(folder, ignore_errors=True)
    tell(lines)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
