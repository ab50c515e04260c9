"""The commands with which people decide about one hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.engine import Engine, step
from tests.workers.command import on
from tests.workers.definitions.documents import HELD, PARKS

TWO = HELD.replace(
    "{approvers: [lead@example.com], expiresAfter: 1h}",
    "{approvers: [ann@example.com, bob@example.com], quorum: 2, operators: [ops@example.com], allowEdit: true}",
)
SECRET = HELD.replace("body:", "headers: {Authorization: 'Bearer {{secrets.shop_token}}'}, body:")


async def hold(engine: Engine, definition: str = HELD, name: str = "held") -> tuple[Any, dict[str, Any]]:
    engine.define(definition)
    handle = await engine.start(name, engine.event({"order": {"total": 12}}))
    (found,) = await engine.held(handle)
    return handle, found


async def fail(engine: Engine) -> Any:
    engine.receiver.answer("/missing", 404)
    engine.receiver.answer("/missing", 200)
    handle, _ = await hold(engine, PARKS, "parks")
    return handle


async def test_what_is_approved_is_what_is_held_now(engine: Engine) -> None:
    handle, held = await hold(engine)
    ended = await on(engine, "approve", handle.id, "refund", "--by", "lead@example.com")
    assert ended.code == 0, ended.err
    assert f"Refund the order http_request {held['digest'][:12]}…" in ended.out
    assert '"total": 12' in ended.out
    assert "approve by lead@example.com" in ended.out
    assert (await engine.finish(handle))["outcome"] == "completed"
    sent = [event async for event in handle.fetch_history_events() if event.HasField(ACCEPTED)]
    payload = sent[0].workflow_execution_update_accepted_event_attributes.accepted_request.input.args.payloads[0]
    assert json.loads(payload.data)["digest"] == held["digest"]


ACCEPTED = "workflow_execution_update_accepted_event_attributes"


async def test_two_people_are_counted(engine: Engine) -> None:
    handle, _ = await hold(engine, TWO)
    first = await on(engine, "approve", handle.id, "refund", "--by", "ann@example.com", "--json")
    assert (first.code, first.json["result"]) == (0, "needs_more")
    shown = await on(engine, "holds")
    assert "approved: 1 of 2, ann@example.com" in shown.out
    again = await on(engine, "approve", handle.id, "refund", "--by", "ann@example.com", "--json")
    assert (again.code, again.json["result"]) == (0, "duplicate")
    second = await on(engine, "approve", handle.id, "refund", "--by", "Bob@example.com")
    assert second.code == 0, second.err
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_a_hold_is_shown_whole(engine: Engine) -> None:
    engine.environment["TRUNKLINE_SECRET_SHOP_TOKEN"] = "canary-0123456789"
    handle, held = await hold(engine, SECRET)
    shown = await on(engine, "hold", "show", handle.id, "refund")
    assert shown.code == 0, shown.err
    for text in (
        "Refund the order",
        "decided by: lead@example.com",
        f"digest:     {held['digest']}",
        '"Authorization": "Bearer {{secrets.shop_token}}"',
        "shop_token at /headers/Authorization",
        "approvals:  0 of 1",
        "it counts as refused",
        "by is what the sender claims",
        f"trunkline approve {handle.id} refund --digest {held['digest']}",
        f"trunkline reject {handle.id} refund --digest {held['digest']}",
    ):
        assert text in shown.out, text
    scripted = await on(engine, "hold", "show", handle.id, "refund", "--json")
    assert scripted.json == {"run": handle.id, **held, "edits": []}
    missing = await on(engine, "hold", "show", handle.id, "refunds")
    assert missing.code == 4
    assert "open are 'refund'" in missing.err
    await engine.decide(handle, hold="refund", decision="approve", by="lead@example.com")
    await engine.finish(handle)
    assert (await on(engine, "hold", "show", handle.id, "refund")).code == 4
    assert (await on(engine, "hold", "show", "nope", "refund")).code == 4


async def test_holds_can_be_narrowed(engine: Engine) -> None:
    handle, _ = await hold(engine)
    none = await on(engine, "holds", "--automation", "other")
    assert none.out == "Nothing like that waits.\n"
    assert (await on(engine, "holds", "--older-than", "1h", "--json")).json == []
    assert (await on(engine, "holds", "--kind", "failure", "--json")).json == []
    one = await on(engine, "holds", "--approver", "LEAD@example.com", "--older-than", "1ms", "--json")
    assert [(row["run"], row["automation"]) for row in one.json] == [(handle.id, "held")]
    await engine.decide(handle, hold="refund", decision="approve", by="lead@example.com")
    await engine.finish(handle)


async def test_an_unknown_hold_and_an_ended_run_are_said_to_be_so(engine: Engine) -> None:
    handle, _ = await hold(engine)
    unknown = await on(engine, "approve", handle.id, "refunds", "--by", "lead@example.com", "--json")
    assert (unknown.code, unknown.json["result"]) == (1, "not_found")
    await on(engine, "reject", handle.id, "refund", "--by", "lead@example.com", "--reason", "no")
    await engine.finish(handle)
    for command in (["approve"], ["skip"], ["extend"], ["supply"], ["reassign"]):
        more = {"extend": ["2d"], "supply": ["{}"], "reassign": ["ann"]}.get(command[0], [])
        ended = await on(engine, *command, handle.id, "refund", *more, "--by", "lead@example.com")
        assert ended.code == 1
        assert "refund: reject by lead@example.com at 20" in ended.err
        assert "The step ended as rejected: Refused by lead@example.com: no." in ended.err
        assert "has ended as rejected, so this decision changed nothing." in ended.err
    assert (await on(engine, "skip", "nope", "refund", "--by", "ann")).code == 4


async def test_without_a_worker_only_signals_can_be_left(engine: Engine) -> None:
    from temporalio.common import SearchAttributePair, TypedSearchAttributes

    from workflows.view.attributes import AUTOMATION, HOLDS

    attributes = TypedSearchAttributes(
        [SearchAttributePair(AUTOMATION, "held"), SearchAttributePair(HOLDS, ["refund"])]
    )
    queue = f"{engine.task_queue}-nobody"
    run = f"held/{queue}"
    handle = await engine.client.start_workflow("held", {}, id=run, task_queue=queue, search_attributes=attributes)
    approved = await on(engine, "approve", run, "refund", "--by", "ann", "--json")
    assert (approved.code, approved.json["result"]) == (0, "signaled")
    for arguments in (
        ["edit", run, "refund", "--edits", '{"a": 1}'],
        ["retry", run, "refund"],
        ["extend", run, "x", "2d"],
    ):
        refused = await on(engine, *arguments, "--by", "ann")
        assert refused.code == 3
        assert "Nothing was sent" in refused.err
    listed = await on(engine, "holds", TRUNKLINE_TASK_QUEUE=queue)
    assert f"{run} holds refund, silent" in listed.out
    assert "`trunkline worker` starts one" in listed.out
    scripted = await on(engine, "holds", "--json", TRUNKLINE_TASK_QUEUE=queue)
    (row,) = scripted.json
    assert (row["run"], row["hold"], row["silent"]) == (run, "refund", True)
    assert "No worker answers" in row["error"]
    assert (listed.code, scripted.code) == (3, 3)
    assert "1 run could not be asked: more may wait than is shown." in scripted.err
    bulk = await on(engine, "approve", "--all", "--by", "ann", TRUNKLINE_TASK_QUEUE=queue)
    assert bulk.code == 3
    assert f"no worker answers for them: {run}" in bulk.err
    assert "1 run was left out: what they hold is not decided." in bulk.err
    await handle.terminate()


async def test_a_failed_step_is_skipped_stopped_or_retried(engine: Engine) -> None:
    engine.receiver.answer("/missing", 404)
    for command, status in (("skip", "skipped"), ("stop", "failed")):
        handle, _ = await hold(engine, PARKS, "parks")
        ended = await on(engine, command, handle.id, "ask", "--by", "ann", "--reason", "known")
        assert ended.code == 0, ended.err
        assert step(await engine.finish(handle), "ask")["status"] == status
    engine.receiver.answer("/missing", 200)
    handle, _ = await hold(engine, PARKS, "parks")
    shown = await on(engine, "holds")
    assert "Refused: The server answered with status 404" in shown.out
    assert f"trunkline retry {handle.id} ask" in shown.out
    assert (await on(engine, "retry", handle.id, "ask", "--by", "ann")).code == 0
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_a_result_is_supplied_and_judged(engine: Engine, tmp_path: Path) -> None:
    handle = await fail(engine)
    wrong = await on(engine, "supply", handle.id, "ask", '"done"', "--by", "ann", "--json")
    assert (wrong.code, wrong.json["result"]) == (1, "invalid")
    assert (await on(engine, "supply", handle.id, "ask", "nowhere.json", "--by", "ann")).code == 4
    file = tmp_path / "result.json"
    file.write_text('{"status": 200, "headers": {}, "body": {"id": "r_1"}}')
    ended = await on(engine, "supply", handle.id, "ask", file, "--by", "ann")
    assert ended.code == 0, ended.err
    report = await engine.finish(handle)
    assert step(report, "ask")["status"] == "succeeded"


async def test_operators_reassign_and_extend(engine: Engine) -> None:
    handle, _ = await hold(engine, TWO)
    stranger = await on(engine, "extend", handle.id, "refund", "2d", "--by", "ann@example.com", "--json")
    assert (stranger.code, stranger.json["result"]) == (1, "not_allowed")
    operator = {"TRUNKLINE_USER": "ops@example.com"}
    extended = await on(engine, "extend", handle.id, "refund", "2d", environment=operator)
    assert extended.code == 0, extended.err
    instant = "2099-01-31T17:00:00+01:00"
    too_far = await on(engine, "extend", handle.id, "refund", instant, "--json", environment=operator)
    assert too_far.json["result"] == "invalid"
    reassigned = await on(
        engine, "reassign", handle.id, "refund", "cy@example.com", "di@example.com", environment=operator
    )
    assert reassigned.code == 0, reassigned.err
    (now,) = await handle.query("holds")
    assert now["approvers"] == ["cy@example.com", "di@example.com"]
    assert "deadline" in now
    for by in now["approvers"]:
        assert (await on(engine, "approve", handle.id, "refund", "--by", by)).code == 0
    assert (await engine.finish(handle))["outcome"] == "completed"
