"""`make peers`: Trunkline beside DBOS, Prefect and n8n on a web hook, a condition and three POSTs, in one run.

Each round starts one system after another in an empty folder, measures it and ends it. What is not installed is left
out, by name.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.arrivals import Arrivals
from bench.hooks import Crash, FailedError, hook
from bench.peers.environments import NotInstalledError, install_n8n
from bench.peers.system import Peer, running
from bench.peers.systems import PEERS
from bench.stage import head, port, row, tell

WARM = 0.25
"""Share of the load's time that comes before it and is not counted."""

COLUMNS = (
    "",
    "events/s",
    "CPU per event",
    "latency when idle",
    "memory (MB)",
    "lost events",
    "runs reported as failed",
    "doubled requests",
    "last request after (s)",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system did in one round.

    Attributes:
        rate: events per second.
        cpu: processor seconds of all its processes per event, under load.
        idle: median seconds of one event when nothing else happens.
        memory: bytes, after the load.
        crash: what became of the events in whose middle it was killed.
        reported: runs of which the system says afterwards that they have failed; None where it cannot say.
    """

    rate: float
    cpu: float
    idle: float
    memory: int
    crash: Crash
    reported: int | None


async def measure(peer: Peer, given: argparse.Namespace) -> Measured:
    """Start a system, measure it and end it."""
    folder = Path(tempfile.mkdtemp(prefix="trunkline-peers-"))
    arrivals, receiver = Arrivals(), port()
    try:
        async with (
            arrivals.serving(receiver),
            peer.system(folder, f"http://127.0.0.1:{receiver}/notify", given.durability == "disk") as system,
            running(system, folder) as processes,
            hook(system.hook, arrivals) as sender,
        ):
            await sender.carry_out()
            await sender.saturate(given.seconds * WARM, given.concurrency)
            before = processes.cpu()
            events, took = await sender.saturate(given.seconds, given.concurrency)
            cpu = (processes.cpu() - before) / events
            idle = await sender.idle(given.idle)
            memory = processes.memory()
            crash = await sender.crash(given.runs, processes.kill, given.quiet)
            reported = None if system.reported is None else await system.reported()
            if ended := processes.ended():
                raise FailedError(ended)
            return Measured(events / took, cpu, idle, memory, crash, reported)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def table(measured: Mapping[str, Sequence[Measured]], runs: int) -> list[str]:
    """Return the table: medians over the rounds of ratios to the first system, sums of what was lost and doubled."""
    first = next(iter(measured.values()))
    lines = head(COLUMNS)
    for name, rounds in measured.items():
        pairs = list(zip(rounds, first, strict=True))
        reported = [found.reported for found in rounds if found.reported is not None]
        cells = [
            name,
            f"{statistics.median(own.rate / base.rate for own, base in pairs):.2f}",
            f"{statistics.median(own.cpu / base.cpu for own, base in pairs):.2f}",
            f"{statistics.median(own.idle / base.idle for own, base in pairs):.2f}",
            f"{statistics.median(found.memory for found in rounds) / 1e6:.0f}",
            f"{sum(found.crash.tally.lost for found in rounds)} of {runs * len(rounds)}",
            f"{sum(reported)}" if reported else "-",
            f"{sum(found.crash.tally.doubled for found in rounds)}",
            f"{statistics.median(found.crash.recovered for found in rounds):.0f}",
        ]
        lines.append(row(cells))
    best = statistics.median(found.rate for found in first)
    work = statistics.median(found.cpu for found in first)
    soonest = statistics.median(found.idle for found in first)
    unit = f"{best:.1f} events/s, {work * 1e3:.0f} CPU-ms an event and {soonest * 1e3:.0f} ms"
    return [*lines, "", f"The first row's 1 is {unit} on this machine."]


def installed(peers: Iterable[Peer]) -> tuple[list[Peer], list[str]]:
    """Return the systems that can be run here, and a sentence about each other one."""
    found, sentences = [], []
    for peer in peers:
        try:
            peer.install()
        except NotInstalledError as missing:
            sentences.append(f"{peer.name} was left out: {missing}")
        else:
            found.append(peer)
    return found, sentences


async def bench(given: argparse.Namespace) -> list[str]:
    """Run everything and return the lines to print."""
    peers, left_out = installed(peer for peer in PEERS if given.only.lower() in peer.name.lower() or peer is PEERS[0])
    measured: dict[str, list[Measured]] = {peer.name: [] for peer in peers}
    for turn in range(given.rounds):
        for peer in peers if turn % 2 == 0 else peers[::-1]:
            if peer.name not in measured:
                continue
            try:
                found = await measure(peer, given)
            except FailedError as failure:
                if peer is peers[0]:
                    raise SystemExit(str(failure)) from None
                left_out.append(f"{peer.name} was left out: in round {turn + 1} {failure}")
                del measured[peer.name]
                continue
            measured[peer.name].append(found)
            sys.stderr.write(f"round {turn + 1}, {peer.name}: {found}\n")
    return [*table(measured, given.runs), *left_out]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="about how long each load lasts")
    parser.add_argument("--concurrency", type=int, default=24, help="how many events are in progress under load")
    parser.add_argument("--idle", type=int, default=20, help="how many events are timed when nothing else happens")
    parser.add_argument("--runs", type=int, default=100, help="in the middle of how many events all is killed")
    parser.add_argument(
        "--quiet", type=float, default=60, help="seconds without a request after which nothing more comes"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each system is measured")
    parser.add_argument(
        "--durability",
        choices=("disk", "process"),
        default="disk",
        help="whether each commit is synced to the disk (default), or only outlives the processes; "
        "DBOS on SQLite always syncs",
    )
    parser.add_argument("--only", default="", help="only systems with this in their name, beside the first one")
    parser.add_argument("--install-n8n", action="store_true", help="install n8n from npm first: minutes, and 2 GB")
    given = parser.parse_args()
    if given.install_n8n:
        try:
            install_n8n()
        except NotInstalledError as error:
            sys.stderr.write(f"{error}\n")
    tell(asyncio.run(bench(given)))


if __name__ == "__main__":
    main()
