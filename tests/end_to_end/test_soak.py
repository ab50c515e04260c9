"""A short rolling release under load: `make soak`, for seconds instead of minutes."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.client import Client

from bench.soak import STEPS, Vendor, judge
from tests.starts import Processes
from tests.workers.command import ROOT, surroundings

LIMIT = 220
"""Seconds: a minute where nothing else runs."""


async def test_nothing_is_lost_or_doubled_while_workers_and_gateways_are_replaced(processes: Processes) -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("the other version is taken from git, and this is no checkout")
    soak = await processes.start(
        *(sys.executable, "-m", "bench.soak", "--seconds", "10", "--rate", "2", "--rest", "2"),
        env=surroundings(), cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(soak.communicate(), LIMIT)
    finally:
        if soak.returncode is None:
            soak.kill()
    assert soak.returncode == 0, said.decode()
    assert b"Broken promises: 0." in said


class _Runs:
    """A client whose runs have all completed, in histories without a failed task."""

    def get_workflow_handle(self, _: str) -> Any:
        async def result() -> dict[str, str]:
            return {"outcome": "completed"}

        async def events() -> Any:
            found: list[Any] = []
            for event in found:
                yield event

        return SimpleNamespace(result=result, fetch_history_events=events)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({("soak/a", "first"): 2}, "its steps arrived {'first': 2, 'keyed': 1, 'last': 1} times"),
        ({("soak/a", "last"): 0}, "its steps arrived {'first': 1, 'keyed': 1, 'last': 0} times"),
        ({("soak/b", "first"): 1}, "nobody knows its event"),
    ],
)
async def test_what_is_lost_doubled_or_unheard_of_is_told(
    changed: dict[tuple[str, str], int], said: str | None
) -> None:
    vendor = Vendor(0, Counter({("soak/a", step): 1 for step in STEPS} | changed))
    broken = await judge(cast("Client", _Runs()), vendor, ["soak/a"])
    assert len(broken) == (said is not None)
    assert said is None or said in broken[0]
