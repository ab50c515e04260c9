"""A short storm: runs whose vendors, workers and Temporal fail, held to what the receivers took."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

import pytest

from bench.faults.approvals import judge_approvals
from bench.faults.checks import judge
from bench.faults.definitions import ITEMS
from bench.faults.people import ANN, BOB, CLEO, EDITED, REVIEWED, STRANGER, Decision
from bench.faults.steps import MAIN, STEPS
from tests.engine import JSON
from tests.starts import Processes
from tests.together import together
from tests.workers.command import ROOT, surroundings

RUNS = 24
LIMIT = 900
"""Seconds: a minute where nothing else runs, and far more on a machine that is busy with other things."""


def report(**changed: Any) -> JSON:
    """Return a run's report in which every step succeeded, but for what is changed."""
    steps = {step: {"id": step, "status": "succeeded", "key": f"key of {step}"} for step in MAIN}
    for step, change in changed.items():
        steps[step] |= change
    return {"outcome": "completed", "steps": list(steps.values())}


def arrived(*steps: str, **words: Any) -> list[JSON]:
    """Return what arrived for these steps of the run."""
    return [
        {"run": "storm/1", "step": step, "method": "POST", "key": f"key of {step}", "accepted": True, **words}
        for step in steps
    ]


ALL = arrived(*MAIN)
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
        (ALL, {"slack": {"status": "skipped"}}, "ended as skipped"),
        (ALL, {"slack": {"status": "skipped", "decision": {"decision": "skip"}}}, None),
        (ALL + arrived("slack", method="GET"), {}, None),
        (ALL + arrived("post", run="storm/2"), {}, "nobody reports"),
    ],
)
def test_what_breaks_a_promise_is_seen(delivery_log: list[JSON], changed: JSON, broken: str | None) -> None:
    verdict = judge({"storm/1": report(**changed)}, delivery_log)
    assert [sentence for sentence in verdict.broken if broken is None or broken not in sentence] == []
    assert bool(verdict.broken) == (broken is not None)


def test_a_run_that_did_not_wait_for_its_approval_is_seen() -> None:
    held = {"outcome": None, "steps": [{"id": "unapproved", "status": "held"}]}
    assert judge({"storm-guarded/1": held}, []).broken == []
    done = {"outcome": "completed", "steps": [{"id": "unapproved", "status": "succeeded"}]}
    sent = arrived("unapproved", run="storm-guarded/1", at=1.0, amount=None)
    [broken] = judge({"storm-guarded/1": done}, sent).broken
    assert "did not wait" in broken
    [broken] = judge_approvals([], {"storm-guarded/1": done}, sent, ())
    assert "0 of 1 people" in broken


LOOPED = [one for n in range(ITEMS) for one in arrived(f"item{n}", run="storm-loop/1")]
AFTER = arrived("after", run="storm-loop/1", key=None)


@pytest.mark.parametrize(
    ("delivery_log", "listed", "answer", "broken"),
    [
        (LOOPED + AFTER, [], {"id": "a"}, None),
        (LOOPED[1:] + AFTER, [], {"id": "a"}, "item0: reported as succeeded, but it never arrived"),
        (LOOPED[1:] + AFTER, [{"id": "each[0].item", "status": "unknown"}], {"id": "a"}, None),
        (LOOPED + LOOPED[3:4] + AFTER, [], {"id": "a"}, "item3: it arrived 2 times"),
        (LOOPED + AFTER, [], None, "the event that it waited for was taken, and did not come"),
    ],
)
def test_what_a_loop_or_a_wait_loses_is_seen(
    delivery_log: list[JSON], listed: list[JSON], answer: JSON | None, broken: str | None
) -> None:
    steps = [{"id": "each", "status": "succeeded"}, *listed, {"id": "after", "status": "succeeded"}]
    ended = {"outcome": "completed", "steps": steps, "variables": {"answer": answer}}
    said = judge({"storm-loop/1": ended}, delivery_log).broken
    assert len(said) == (broken is not None)
    assert broken is None or broken in said[0]


def decided(step: str, decision: str, by: str, result: str | None = None, **words: Any) -> Decision:
    return Decision(
        "storm-approved/1", step, step, decision, by, **{"way": "update", "sent": 1.0, **words}, result=result
    )


def audited(*made: Decision) -> list[JSON]:
    return [
        {"hold": one.hold, "by": one.by, "decision": one.decision, "via": one.way, "result": one.result} for one in made
    ]


APPROVED = decided("plain", "approve", ANN, "accepted")
REJECTED = decided("refused", "reject", CLEO, "accepted")
SIGNALED = decided("plain", "approve", ANN, "signaled", way="signal")


@pytest.mark.parametrize(
    ("made", "audit", "sent", "broken"),
    [
        ([APPROVED], audited(APPROVED), {"plain": None}, None),
        ([], [], {"plain": None}, "0 of 1 people had approved"),
        ([decided("plain", "approve", ANN, sent=9.0)], [], {"plain": None}, "0 of 1 people had approved"),
        ([decided("plain", "approve", STRANGER)], [], {"plain": None}, "0 of 1 people had approved"),
        ([decided("quorum", "approve", ANN), decided("quorum", "approve", CLEO)], [], {"quorum": None}, None),
        ([decided("quorum", "approve", ANN)] * 2, [], {"quorum": None}, "1 of 2 people had approved"),
        ([decided("edited", "edit", BOB, amount=EDITED)], [], {"edited": EDITED}, None),
        ([decided("edited", "edit", BOB, amount=EDITED)], [], {"edited": 10}, "0 of 1 people had approved"),
        ([decided("reviewed", "edit", ANN, amount=REVIEWED)], [], {"reviewed": REVIEWED}, "0 of 2 people"),
        ([decided("refused", "approve", ANN)], [], {"refused": None}, "everybody had refused it"),
        ([REJECTED], audited(REJECTED), {}, None),
        (
            [decided("plain", "reject", CLEO, "accepted")],
            audited(decided("plain", "reject", CLEO, "accepted")),
            {},
            "is succeeded",
        ),
        ([APPROVED], [], {"plain": None}, "the report does not have it"),
        ([SIGNALED], audited(APPROVED), {"plain": None}, "has not judged it"),
        ([SIGNALED], [audited(APPROVED)[0] | {"via": "signal"}], {"plain": None}, None),
        ([decided("refused", "approve", STRANGER, "not_allowed")], [], {}, None),
        (
            [decided("refused", "approve", STRANGER, "needs_more")],
            audited(decided("refused", "approve", STRANGER, "needs_more")),
            {},
            "a stranger's decision",
        ),
    ],
)
def test_what_nobody_approved_and_decisions_that_do_not_count_are_seen(
    made: list[Decision], audit: list[JSON], sent: dict[str, int | None], broken: str | None
) -> None:
    statuses = {step: "rejected" if step == "refused" else "succeeded" for step in STEPS["storm-approved"]}
    run = {"steps": [{"id": step, "status": status} for step, status in statuses.items()], "audit": audit}
    log = [one for step, amount in sent.items() for one in arrived(step, run="storm-approved/1", at=5.0, amount=amount)]
    said = judge_approvals(made, {"storm-approved/1": run}, log, ())
    assert len(said) == (broken is not None), said
    assert broken is None or broken in said[0]


async def test_a_storm_breaks_no_promise(processes: Processes) -> None:
    storm = await processes.start(
        *(sys.executable, "-m", "bench.faults", "--runs", str(RUNS), "--concurrency", "16", "--kill-every", "3"),
        *("--restarts", "1", "--releases", "1", "--resets", "0.4", "--seed", "4"),
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
    worker, gateway = (sum(map(int, re.findall(r"\d+", said))) for said in re.findall(r"\w+ processes: (.*?)\.", out))
    assert worker >= 1, out
    assert gateway >= 1, out
    assert "restarted: 1 times. Releases: 1," in out, out
    for what in ("Resets", "Bulk approvals", "Definitions written again"):
        assert int(re.findall(rf"{what}: (\d+)", out)[0]) >= 1, out
    delivered = {
        name: int(count) for name, count in re.findall(r"^\| (.*?) \|.* (\d+) \| \d+ \| 0 \|$", out, re.MULTILINE)
    }
    steps = {step.name for one in STEPS.values() for step in one.values()}
    assert delivered.keys() == steps, out
    nothing = {name for name, count in delivered.items() if not count}
    assert nothing >= {"Refused", "Approved by nobody"}, out
    assert len(nothing) <= 3, out
