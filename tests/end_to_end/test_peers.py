"""The bench of `make peers`: what it counts, what it finds about systems that forget or repeat, and its programs."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from activities.catalog import catalog
from bench.arrivals import Arrivals, Tally, tally
from bench.hooks import Crash, hook
from bench.peers import environments
from bench.peers.__main__ import Measured, installed, measure, table
from bench.peers.environments import NotInstalledError
from bench.peers.system import Peer, Program, System, running
from bench.peers.systems import PEERS, trunkline
from bench.stage import port
from tests.starts import Processes
from workers.definitions.automations import Automations
from workers.gateway.config import load_config

PROGRAM = Path(__file__).with_name("durable_or_not.py")
SHORT = Namespace(seconds=0.2, concurrency=4, idle=2, runs=30, quiet=1, durability="disk")


def test_steps_are_counted_by_event() -> None:
    arrived = Counter({("a", 0): 1, ("a", 1): 3, ("a", 2): 1, ("b", 0): 2, ("stranger", 0): 5})
    assert tally(["a", "b", "c"], arrived) == Tally(whole=1, lost=2, missing=5, doubled=3)
    assert tally([], arrived) == Tally(whole=0, lost=0, missing=0, doubled=0)


def test_the_table_has_ratios_of_rounds_and_sums_of_what_was_lost() -> None:
    def measured(rate: float, idle: float, lost: int, doubled: int, reported: int | None) -> Measured:
        return Measured(rate, 1 / rate, idle, 200_000_000, Crash(Tally(100 - lost, lost, lost, doubled), 4.0), reported)

    lines = table(
        {
            "ours": [measured(10, 0.02, 0, 0, 0), measured(20, 0.04, 0, 0, 0), measured(10, 0.02, 0, 0, 0)],
            "theirs": [measured(5, 0.01, 3, 7, None), measured(30, 0.08, 0, 2, None), measured(20, 0.04, 1, 0, None)],
        },
        100,
    )
    assert lines[2:4] == [
        "| ours | 1.00 | 1.00 | 1.00 | 200 | 0 of 300 | 0 | 0 | 4 |",
        "| theirs | 1.50 | 0.67 | 2.00 | 200 | 4 of 300 | - | 9 | 4 |",
    ]
    assert lines[-1] == "The first row's 1 is 10.0 events/s, 100 CPU-ms an event and 20 ms on this machine."


def test_what_is_not_installed_is_left_out_by_name() -> None:
    def missing() -> None:
        raise NotInstalledError("npm is not installed.")

    here = Peer("here", lambda: None, stand_in)
    peers, sentences = installed([here, Peer("gone", missing, stand_in)])
    assert peers == [here]
    assert sentences == ["gone was left out: npm is not installed."]


@asynccontextmanager
async def stand_in(folder: Path, receiver: str, _synced: bool, *, journal: bool = False) -> AsyncIterator[System]:
    number = port()
    more = [str(folder / "journal")] if journal else []
    program = Program([sys.executable, str(PROGRAM), str(number), receiver, *more], port=number)
    yield System([program], f"http://127.0.0.1:{number}/")


async def test_a_system_that_forgets_is_seen_to_lose_and_one_that_repeats_to_double(processes: Processes) -> None:
    forgets = await measure(Peer("forgets", lambda: None, stand_in), SHORT)
    assert forgets.rate > 0
    assert forgets.cpu > 0
    assert forgets.idle > 0
    assert forgets.memory > 1_000_000
    assert forgets.crash.tally.lost > 0
    assert forgets.crash.tally.doubled == 0
    repeats = await measure(Peer("repeats", lambda: None, partial(stand_in, journal=True)), SHORT)
    assert repeats.crash.tally.lost == 0
    assert repeats.crash.tally.doubled > 0


@pytest.mark.parametrize("keyed", [True, False])
async def test_our_own_automation_is_one_that_trunkline_takes(tmp_path: Path, *, keyed: bool) -> None:
    async with trunkline(tmp_path, "http://127.0.0.1:9/notify", True, keyed=keyed):
        automations = Automations(tmp_path / "automations", catalog())
        event = {"specversion": "1.0", "id": "calls:e1", "source": "/hooks/calls", "type": "call.ended"}
        data = {"contact": {"name": "Ada"}, "call": {"waiting_time": 75}}
        assert [match.reason for match in automations.matching({**event, "data": data})] == [None]
        assert automations.problems() == []
        assert set(load_config(tmp_path / "gateway.yaml").sources) == {"calls"}


async def test_dbos_s_program_carries_out_an_event_where_it_is_installed(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise NotInstalledError("tests install nothing, `make peers` does.")

    monkeypatch.setattr(environments, "_run", refuse)
    [peer] = [peer for peer in PEERS if peer.name == "DBOS on SQLite"]
    _, left_out = installed([peer])
    if left_out:
        pytest.skip(left_out[0])
    arrivals, receiver = Arrivals(), port()
    async with (
        arrivals.serving(receiver),
        peer.system(tmp_path, f"http://127.0.0.1:{receiver}/notify", True) as system,
        running(system, tmp_path) as started,
        hook(system.hook, arrivals) as sender,
    ):
        await sender.carry_out()
        assert started.ended() is None
    assert sorted(step for _, step in arrivals.counts) == [0, 1, 2]
    assert set(arrivals.counts.values()) == {1}
