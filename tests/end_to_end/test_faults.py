"""A short storm: runs whose vendors, workers and Temporal fail, held to what the receivers took."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from typing import Any

from bench.checks import KEYED, NEVER, SAFE, judge
from tests.engine import JSON
from tests.starts import Processes
from tests.together import together
from tests.workers.command import ROOT, surroundings

RUNS = 24
LIMIT = 900
"""Seconds: a minute where nothing else runs, and far more on a machine that is busy with other things."""


def report(**changed: Any) -> JSON:
    """Return a run's report in which every step succeeded, but for what is changed."""
    steps = {step: {"id": step, "status": "succeeded", "key": f"key of {step}"} for step in (*NEVER, *KEYED, *SAFE)}
    for step, change in changed.items():
        steps[step] |= change
    return {"outcome": "completed", "steps": list(steps.values())}


def arrived(*steps: str, **words: Any) -> list[JSON]:
    """Return what arrived for these steps of the run."""
    return [
        {"run": "storm/1", "step": step, "method": "POST", "key": f"key of {step}", "accepted": True, **words}
        for step in steps
    ]


ALL = arrived(*NEVER, *KEYED)
UNKNOWN = {"status": "unknown", "error": {"type": "OutcomeUnknown", "message": "Nobody knows."}}
FAILED = {"status": "failed", "error": {"type": "Refused", "message": "No."}}


@together(
    ("delivery_log", "changed", "broken"),
    [
        (ALL, {}, None),
        (ALL + arrived("keyed"), {}, None),
        (ALL + arrived("post", accepted=False), {}, None),
        (ALL, {"slack": UNKNOWN}, None),
        ([line for line in ALL if line["step"] != "slack"], {"slack": UNKNOWN}, None),
        (ALL + arrived("twilio"), {}, "arrived 2 times"),
        (ALL + arrived("twilio"), {"twilio": UNKNOWN}, "arrived 2 times"),
        ([line for line in ALL if line["step"] != "post"], {}, "never arrived"),
        (ALL, {"cloudtalk": FAILED}, "without effect"),
        (ALL + arrived("keyed", key="another"), {}, "2 keys"),
        (ALL, {"slack": {"status": "pending"}}, "ended as pending"),
        (ALL + arrived("post", run="storm/2"), {}, "nobody reports"),
    ],
)
def test_what_breaks_a_promise_is_seen(delivery_log: list[JSON], changed: JSON, broken: str | None) -> None:
    verdict = judge({"storm/1": report(**changed)}, delivery_log)
    assert [sentence for sentence in verdict.broken if broken is None or broken not in sentence] == []
    assert bool(verdict.broken) == (broken is not None)


def test_what_was_sent_without_its_approval_is_seen() -> None:
    held = {"outcome": None, "steps": [{"id": "unapproved", "status": "held"}]}
    assert judge({"storm-guarded/1": held}, []).broken == []
    done = {"outcome": "completed", "steps": [{"id": "unapproved", "status": "succeeded"}]}
    broken = judge({"storm-guarded/1": done}, arrived("unapproved", run="storm-guarded/1")).broken
    assert len(broken) == 2, broken


async def test_a_storm_breaks_no_promise(processes: Processes) -> None:
    storm = await processes.start(
        *(sys.executable, "-m", "bench.faults", "--runs", str(RUNS), "--concurrency", "16", "--kill-every", "3"),
        *("--restarts", "1", "--resets", "0.4", "--seed", "4"),
        cwd=ROOT,
        env=surroundings(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = (part.decode() for part in await asyncio.wait_for(storm.communicate(), LIMIT))
    finally:
        if storm.returncode is None:
            storm.kill()
            await storm.wait()
    assert storm.returncode == 0, out + err
    number: Callable[[str], int] = lambda what: int(re.findall(rf"(\d+) {what}", out)[0])  # noqa: E731 # one line
    assert number("killed") + number("told to end") >= 1, out
    assert "restarted: 1 times" in out, out
    assert number("times. Workflow tasks") >= 1, "no definition was written while the storm went on"
    assert int(re.findall(r"Resets: (\d+)", out)[0]) >= 1, out
    delivered = re.findall(r"^\| (.*?) \|.* (\d+) \| \d+ \| 0 \|$", out, re.MULTILINE)
    assert len(delivered) == len({*NEVER, *KEYED}), out
    assert all(int(count) >= RUNS / 4 for _, count in delivered), out
