"""Deciding about many holds at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine import Engine
from tests.workers.command import on
from tests.workers.definitions.documents import HELD, PARKS
from workers.client import decisions, holds, waiting
from workers.client.listing import ListedRun
from workers.client.wanted import HoldQuery

LEAD = {"TRUNKLINE_USER": "lead@example.com"}


async def hold(engine: Engine, count: int = 3, definition: str = HELD, name: str = "held") -> list[Any]:
    """Hold a step in so many runs, and wait until Temporal's list has them."""
    engine.define(definition)
    handles = [await engine.start(name, engine.event({"order": {"total": total}})) for total in range(count)]
    for handle in handles:
        await engine.held(handle)
    query = f"TrunklineHolds IS NOT NULL AND TaskQueue = '{engine.task_queue}' AND TrunklineAutomation = '{name}'"
    async with asyncio.timeout(10):
        while len([run async for run in engine.client.list_workflows(query)]) < count:
            await asyncio.sleep(0.05)
    return handles


async def outcomes(engine: Engine, handles: list[Any]) -> set[str]:
    return {(await engine.finish(handle))["outcome"] for handle in handles}


async def test_many_are_approved_once_their_number_is_confirmed(engine: Engine) -> None:
    handles = await hold(engine)
    (held,) = await handles[0].query("holds")
    ended = await on(engine, "approve", "--all", "--automation", "held", environment=LEAD, stdin=b"3\n")
    assert ended.code == 0, ended.err
    assert "Approve these 3? Type 3 to confirm: " in ended.err
    group, *lines = ended.out.splitlines()
    assert group == "held, step refund: 3"
    listed, receipts, counted = lines[:3], lines[3:6], lines[6:]
    assert any(handles[0].id in line and f"{held['digest'][:12]}…" in line for line in listed)
    assert all("Refund the order" in line for line in listed)
    assert '"body"' not in ended.out, "no run is asked for its request"
    assert all("accepted" in line and "Refund the order" in line for line in receipts)
    assert counted == ["3 accepted"]
    assert await outcomes(engine, handles) == {"completed"}
    for handle in handles:
        (entry,) = (await handle.result())["audit"]
        assert (entry["via"], entry["by"]) == ("update", "lead@example.com")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "sentence"),
    [
        ([], b"2\n", 1, "Nothing was sent."),
        ([], b"yes\n", 1, "Nothing was sent."),
        ([], b"", 2, "`--yes 3` does without being asked"),
        (["--yes", "2"], None, 1, "--yes 2 was said, but 3 were found: nothing was sent."),
        (["--yes", "4", "--json"], None, 1, "3 were found"),
        (["--automation", "other", "--yes", "3"], None, 1, "0 were found"),
    ],
)
async def test_another_number_sends_nothing(
    engine: Engine, arguments: list[str], stdin: bytes | None, code: int, sentence: str
) -> None:
    handles = await hold(engine)
    ended = await on(engine, "approve", "--all", *arguments, environment=LEAD, stdin=stdin)
    assert ended.code == code
    assert sentence in ended.err
    for handle in handles:
        assert len(await handle.query("holds")) == 1
        assert (await handle.query("report"))["audit"] == []
    assert (await on(engine, "reject", "--all", "--reason", "enough", "--yes", "3", environment=LEAD)).code == 0
    assert await outcomes(engine, handles) == {"rejected"}


async def test_nothing_to_decide_is_no_error(engine: Engine) -> None:
    await engine.serve()
    ended = await on(engine, "approve", "--all", environment=LEAD)
    assert (ended.code, ended.out) == (0, "Nothing of that kind waits: nothing was sent.\n")
    scripted = await on(engine, "skip", "--all", "--json", environment=LEAD)
    assert (scripted.code, scripted.json) == (0, [])


APART = """
name: apart
trigger: {event: test.fired, data: [order]}
paths:
  - actions: [{id: mine, label: Mine, actionType: http_request, config: {method: POST, url: RECEIVER/mine}, requireApproval: {approvers: [lead@example.com]}}]
  - actions: [{id: theirs, label: Theirs, actionType: http_request, config: {method: POST, url: RECEIVER/theirs}, requireApproval: {approvers: [other@example.com]}}]
  - actions: [{id: two, label: Two, actionType: http_request, config: {method: POST, url: RECEIVER/two}, requireApproval: {approvers: [lead@example.com, other@example.com], quorum: 2}}]
"""


async def test_where_the_list_names_too_little_the_run_is_asked(engine: Engine) -> None:
    (handle,) = await hold(engine, 1, APART, "apart")
    await engine.held(handle, 3)
    async with asyncio.timeout(10):
        while len((await waiting.every(engine.client, engine.task_queue, HoldQuery()))[0].rows) < 3:
            await asyncio.sleep(0.05)
    ended = await on(engine, "approve", "--all", "--yes", "2", "--json", environment=LEAD)
    assert ended.code == 0, ended.err
    assert {row["hold"]: row["result"] for row in ended.json} == {"mine": "accepted", "two": "needs_more"}
    again = await on(engine, "approve", "--all", environment=LEAD)
    assert "Nothing of that kind waits" in again.out, "one's own vote is not asked for twice"
    other = {"TRUNKLINE_USER": "other@example.com"}
    assert (await on(engine, "approve", "--all", "--yes", "2", environment=other)).code == 0
    assert await outcomes(engine, [handle]) == {"completed"}


async def test_what_changed_since_the_list_was_made_is_told_and_the_rest_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles = await hold(engine, 3, HELD.replace("expiresAfter: 1h", "allowEdit: needsApproval"))
    stale: list[ListedRun] = []
    async with asyncio.timeout(10):
        while len([run for run in stale if run.rows]) < 3:
            stale = await waiting.every(engine.client, engine.task_queue, HoldQuery())
            await asyncio.sleep(0.05)

    async def lags(*_: Any) -> list[ListedRun]:
        return stale

    done, edited, other = handles
    await engine.decide(done, hold="refund", decision="approve", by="lead@example.com")
    await engine.decide(edited, hold="refund", decision="edit", by="lead@example.com", edits={"/body/total": 99})
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "every", lags)
        ended = await on(engine, "approve", "--all", "--yes", "3", "--json", environment=LEAD)
    assert ended.code == 1
    assert {row["run"]: row["result"] for row in ended.json} == {
        done.id: "duplicate",
        edited.id: "digest_mismatch",
        other.id: "accepted",
    }
    async with asyncio.timeout(10):
        while [run.run for run in await waiting.every(engine.client, engine.task_queue, HoldQuery())] != [edited.id]:
            await asyncio.sleep(0.05)
    again = await on(engine, "approve", "--all", "--yes", "1", environment=LEAD)
    assert (again.code, "accepted" in again.out) == (0, True), "what is left is decided by the same command"
    assert await outcomes(engine, handles) == {"completed"}


async def test_only_what_one_may_decide_is_meant(engine: Engine) -> None:
    engine.receiver.answer("/missing", 404)
    mine = await hold(engine, 1)
    others = await hold(engine, 1, HELD.replace("lead@", "other@").replace("name: held", "name: theirs"), "theirs")
    failed = await hold(engine, 2, PARKS, "parks")
    ended = await on(engine, "approve", "--all", "--yes", "1", "--json", environment=LEAD)
    assert ended.code == 0, ended.err
    assert [(row["run"], row["hold"], row["result"]) for row in ended.json] == [(mine[0].id, "refund", "accepted")]
    assert "1 more waits, but not for lead@example.com." in ended.err
    skipped = await on(engine, "skip", "--all", "--automation", "parks", "--yes", "2", environment=LEAD)
    assert skipped.code == 0, skipped.err
    assert len(await others[0].query("holds")) == 1
    await engine.decide(others[0], hold="refund", decision="approve", by="other@example.com")
    assert await outcomes(engine, [*mine, *others, *failed]) == {"completed"}


async def test_a_request_that_changed_since_it_was_shown_is_not_approved(engine: Engine) -> None:
    handles = await hold(engine, 2, HELD.replace("expiresAfter: 1h", "allowEdit: needsApproval"))

    shown = (await holds.find(engine.client, engine.task_queue)).holds
    await engine.decide(handles[0], hold="refund", decision="edit", by="lead@example.com", edits={"/body/total": 99})
    results = {}
    for one in shown:
        said = {"hold": one["hold"], "decision": "approve", "by": "lead@example.com"}
        answer = await decisions.decide(engine.client, one["run"], decisions.sealed(said, one, one["run"], None))
        results[one["run"]] = answer.result
    assert results == {handles[0].id: "digest_mismatch", handles[1].id: "accepted"}
    ended = await on(engine, "approve", "--all", "--show", "--yes", "1", environment=LEAD)
    assert ended.code == 0
    assert '"body": {"total": 99}' in ended.out, "the request is shown"
    assert "edited by lead@example.com: /body/total: 0 → 99" in ended.out
    assert await outcomes(engine, handles) == {"completed"}
