"""Which runs there are, what each is now and why; and how failed ones are resumed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from tests.engine import JSON, Engine
from tests.workers.command import on

OPERATOR = {"TRUNKLINE_USER": "op@example.com", "TRUNKLINE_WEB_UI": "http://ui.example"}

ALL = {
    "holding": """
name: holding
trigger: {event: test.fired}
actions:
  - {label: Refund, actionType: http_request, config: {method: POST, url: RECEIVER/refund}, requireApproval: {approvers: [ann]}}
""",
    "pausing": """
name: pausing
trigger: {event: test.fired}
actions:
  - {label: A while, wait: 2h}
""",
    "trying": """
name: trying
trigger: {event: test.fired}
actions:
  - {label: Call, actionType: http_request, config: {method: GET, url: RECEIVER/busy}, retry: {initialInterval: 1h}}
""",
    "unfit": "name: unfit\ntrigger: {event: test.fired}\nactions: nothing\n",
    "failing": """
name: failing
trigger: {event: test.fired}
actions:
  - {label: Tell, id: tell, actionType: http_request, config: {method: POST, url: RECEIVER/tell}}
  - {label: Break, id: break, actionType: http_request, config: {method: POST, url: RECEIVER/break}}
""",
}  # one step a line


async def until(look: Callable[[], Any]) -> Any:
    async with asyncio.timeout(20):
        while not (found := await look()):
            await asyncio.sleep(0.1)
    return found


async def test_each_run_is_in_its_true_state_and_says_why(engine: Engine) -> None:
    engine.receiver.answer("/busy", 503, headers={"Retry-After": "600"})
    engine.receiver.answer("/break", 400)
    handles = {}
    for definition in ALL.values():
        engine.define(definition)
    for name in ALL:
        handles[name] = await engine.start(name)
    await engine.finish(handles["failing"])

    async def all_of_them() -> dict[str, JSON] | None:
        listed = await on(engine, "runs", "--json", environment=OPERATOR)
        assert listed.code == 0, listed.err
        rows = {row["automation"]: row for row in listed.json}
        done = {name: row["state"] for name, row in rows.items()} == {
            "holding": "held",
            "pausing": "waiting",
            "trying": "retrying",
            "unfit": "parked",
            "failing": "ended",
        }
        return rows if done else None

    rows = await until(all_of_them)
    assert rows["failing"]["outcome"] == "failed"
    assert "Break: The server answered with status 400" in rows["failing"]["why"][0]
    assert "Refund waits for a person" in rows["holding"]["why"][0]
    assert "attempt 2 at 20" in rows["trying"]["why"][0]
    assert "503" in rows["trying"]["why"][0]
    assert rows["holding"]["url"].startswith("http://ui.example/namespaces/default/workflows/holding%2F")
    for state, name in (("held", "holding"), ("waiting", "pausing"), ("retrying", "trying"), ("parked", "unfit")):
        found = (await on(engine, "runs", "--state", state, "--json")).json
        assert [row["run"] for row in found] == [handles[name].id]
    assert [row["run"] for row in (await on(engine, "runs", "--outcome", "failed", "--json")).json] == [
        handles["failing"].id
    ]
    [shown] = [line for line in (await on(engine, "runs")).out.splitlines() if handles["failing"].id in line]
    assert " failed since 20" in shown
    assert (await on(engine, "runs", "--older-than", "1h", "--json")).json == []
    assert (await on(engine, "runs", "--automation", "pausing")).out.count("A while waits until 20") == 1
    report = (await on(engine, "report", handles["trying"].id)).out
    assert "attempt 2 at 20" in report
    assert "after Unavailable: " in report
    (entry,) = (await on(engine, "report", handles["trying"].id, "--json")).json["steps"]
    assert (entry["attempts"], entry["lastError"]["type"]) == (2, "Unavailable")
    assert entry["nextTry"] > entry["startedAt"]
    await engine.stop()
    silent = await on(engine, "runs", "--state", "held", "--json")
    assert silent.code == 3
    assert {row["run"] for row in silent.json if "error" in row} == {
        handles[name].id for name in ("holding", "pausing", "trying", "unfit")
    }
    assert "4 runs could not be asked" in silent.err
    for name in ("holding", "pausing", "trying", "unfit"):
        await handles[name].terminate()
    engine.handles.clear()


async def test_a_rerun_sends_nothing_finished_again_and_lists_the_run_once(engine: Engine) -> None:
    engine.define(ALL["failing"])
    engine.receiver.answer("/break", 400)
    engine.receiver.answer("/break", 200)
    handle = await engine.start("failing")
    await engine.finish(handle)
    ended = await on(engine, "rerun", handle.id, environment=OPERATOR)
    assert ended.code == 0, ended.err
    assert "from Break, failed: The server answered with status 400" in ended.out
    assert (await engine.finish(engine.client.get_workflow_handle(handle.id)))["outcome"] == "completed"
    assert [len(engine.receiver.to(path)) for path in ("/tell", "/break")] == [1, 2]
    listed = (await on(engine, "runs", "--json")).json
    assert [(row["run"], row["outcome"]) for row in listed] == [(handle.id, "completed")]
    assert (await on(engine, "runs", "--outcome", "failed", "--json")).json == []
    again = await on(engine, "rerun", handle.id, "--json", environment=OPERATOR)
    assert (again.code, again.json["resumed"]) == (1, False)
    assert "it ended as completed, and did not fail" in again.json["reason"]
    engine.handles.clear()


async def test_many_are_resumed_once_their_number_is_confirmed(engine: Engine) -> None:
    engine.define(ALL["failing"])
    for status in (400, 400, 400, 200):
        engine.receiver.answer("/break", status)
    handles = [await engine.start("failing") for _ in range(3)]
    for handle in handles:
        await engine.finish(handle)
    none = await on(engine, "rerun", "--all", "--yes", "2", environment=OPERATOR)
    assert (none.code, "--yes 2 was said, but 3 were found: nothing was resumed." in none.err) == (1, True)
    assert (await on(engine, "rerun", "--all", "--automation", "other")).out.startswith("No failed run")
    ended = await on(engine, "rerun", "--all", stdin=b"3\n", environment=OPERATOR)
    assert ended.code == 0, ended.err
    assert ended.out.count("from Break, failed") == ended.out.count("Resumed: ") == 3
    assert "Resume these 3? Type 3 to confirm: " in ended.err
    for handle in handles:
        assert (await engine.finish(engine.client.get_workflow_handle(handle.id)))["outcome"] == "completed"
    assert len(engine.receiver.to("/tell")) == 3
    engine.handles.clear()


async def test_what_failed_before_its_first_step_begins_again_with_the_definition_as_it_is(engine: Engine) -> None:
    engine.define(ALL["pausing"])
    handle = await engine.start("failing")
    await engine.finish(handle)
    engine.define(ALL["failing"])
    ended = await on(engine, "rerun", handle.id, "--json", environment=OPERATOR)
    assert (ended.code, ended.json["steps"]) == (0, [])
    assert (await engine.finish(engine.client.get_workflow_handle(handle.id)))["outcome"] == "completed"
    engine.handles.clear()


STOPS = """
name: stops
trigger: {event: test.fired}
actions:
  - {stop: failed, label: Give up, reason: no}
"""


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("running", "it is still running"),
        ("canceled", "it was canceled, and nothing failed in it"),
        ("terminated", "it was terminated from outside"),
        ("rejected", "it ended as rejected, and did not fail"),
        ("stopped", "its own step 'Give up' ended it as failed"),
        ("no event", "its event stays what it is"),
    ],
)
async def test_what_cannot_be_resumed_is_told_with_its_reason(engine: Engine, how: str, sentence: str) -> None:
    engine.define(ALL["holding"])
    engine.define(STOPS)
    if how == "no event":
        handle = await engine.start("holding", ["none"])
    else:
        handle = await engine.start("stops" if how == "stopped" else "holding")
    if how in {"running", "canceled", "terminated", "rejected"}:
        (hold,) = await engine.held(handle)
    if how == "canceled":
        await handle.cancel()
    elif how == "terminated":
        await handle.terminate()
    elif how == "rejected":
        await engine.decide(handle, hold=hold["hold"], decision="reject", by="ann")
    if how not in {"running", "terminated"}:
        await engine.finish(handle)
    ended = await on(engine, "rerun", handle.id, environment=OPERATOR)
    assert ended.code == 1
    assert f"cannot be resumed: {sentence}" in ended.err
    assert (await on(engine, "rerun", "no-such-run")).code == 4
    await handle.terminate() if how == "running" else None
    engine.handles.clear()


async def test_failures_are_sentences_and_no_tracebacks(engine: Engine) -> None:
    engine.define(ALL["failing"])
    engine.receiver.answer("/break", 400)
    handle = await engine.start("failing")
    await engine.finish(handle)
    failures = []
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
            failures.append(event.activity_task_failed_event_attributes.failure)
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            failures.append(event.workflow_execution_failed_event_attributes.failure)
    assert len(failures) == 2
    for failure in failures:
        assert "The server answered with status 400" in failure.message
        assert failure.stack_trace == ""
        assert not failure.HasField("cause")


async def test_a_rerun_names_what_begins_again_and_not_what_followed_its_failure(engine: Engine) -> None:
    engine.define("""
name: reacting
trigger: {event: test.fired}
actions:
  - label: Pay
    actionType: http_request
    config: {method: POST, url: RECEIVER/pay}
    onFailure:
      - when: any
        actions: [{label: Undo, actionType: http_request, config: {method: POST, url: RECEIVER/undo}}]
onFailure: {actions: [{stop: completed, reason: That is all}]}
""")
    for path in ("/pay", "/undo"):
        engine.receiver.answer(path, 400)
    engine.receiver.answer("/pay", 200)
    handle = await engine.start("reacting")
    await engine.finish(handle)
    ended = await on(engine, "rerun", handle.id, "--json", environment=OPERATOR)
    assert ended.code == 0, ended.err
    assert [one["id"] for one in ended.json["steps"]] == ["pay"]
    assert (await engine.finish(engine.client.get_workflow_handle(handle.id)))["outcome"] == "completed"
    engine.handles.clear()
