"""A case from a real run: what receivers answered, people decided and events brought, and no secret."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest
import yaml
from temporalio import workflow

from tests.end_to_end.test_event_waits import emit, running
from tests.engine import JSON, Engine
from tests.histories.features import KEY
from tests.workers.command import on, trunkline
from tests.workers.rehearsal.stage import ACTIONS
from workers.client.history.picks import unpicked
from workers.client.recordings import recording
from workers.errors import UsageError
from workers.rehearsal.recorded.adding import add, dumped
from workers.rehearsal.suite.suite import SuiteOptions, play_suite
from workflows.run.walk import Walk

EVERYTHING = """
name: everything
trigger: {event: order.placed, data: [order]}
actions:
  - label: Ask
    actionType: http_request
    config: {method: GET, url: RECEIVER/stock, headers: {Authorization: "Bearer {{secrets.shop_token}}"}}
    retry: {initialInterval: 100}
    pick: {left: body.left}
    saveAs: stock
  - {label: Count, actionType: remember, config: {key: "{{order.id}}", add: 1, for: 24h}}
  - {label: Told, actionType: recall, config: {key: "told/{{order.id}}"}}
  - label: Each
    forEach: "{{order.items}}"
    actions:
      - {label: Put, actionType: http_request, config: {method: PUT, url: "RECEIVER/items/{{item}}"}, onFailure: continue}
  - label: Wait
    wait: {event: order.paid, where: {field: wanted.order.id, operator: equals, value: "{{order.id}}"}, atMost: 1h}
    saveAs: paid
  - label: Refund
    actionType: http_request
    config: {method: POST, url: RECEIVER/refunds, body: {order: "{{order.id}}"}}
    requireApproval: {approvers: [ann, "group:leads"], quorum: 2}
"""

LONG = 45
"""Events after which a run continues as new, where it has to."""

TOKEN = "shop-token-1234567890"


async def test_a_run_becomes_a_case_that_passes_though_all_of_it_was_encrypted(engine: Engine) -> None:
    engine.hold_keys(KEY)
    engine.groups = {"leads": ["kim", "lee"]}
    engine.environment = {"TRUNKLINE_SECRET_SHOP_TOKEN": TOKEN}
    engine.define(EVERYTHING)
    engine.receiver.answer("/stock", 429)
    engine.receiver.answer("/stock", 200, {"left": 3, "token": TOKEN})
    engine.receiver.answer("/items/b", 404)
    order = uuid.uuid4().hex
    event = engine.event({"order": {"id": order, "items": ["a", "b"]}}, type="order.placed")
    run = await engine.start("everything", event)
    await running(run, "wait")
    await emit(engine, paid := engine.event({"order": {"id": order}}, type="order.paid"))
    await engine.held(run)
    for by, result in (("eve", "not_allowed"), ("kim", "needs_more"), ("ann", "accepted")):
        receipt = await engine.decide(run, hold="refund", decision="approve", by=by)
        assert receipt["result"] == result
    assert (await engine.finish(run))["outcome"] == "completed"
    path = engine.folder / "everything.test.yaml"
    printed = await on(engine, "test", "--from", run.id, TRUNKLINE_ENCRYPTION_KEYS=KEY)
    assert (printed.code, printed.err) == (0, "")
    assert TOKEN not in printed.out
    file: JSON = yaml.safe_load(printed.out)
    assert (file["automation"], file["secrets"], file["people"]) == (
        *("everything.yaml", ["shop_token"]),
        {"leads": ["kim", "lee"]},
    )
    [case] = file["cases"]
    assert case["answers"] | {"refund": {}} == {
        "ask": [{"status": 429}, {"body": {"left": 3}}],
        "put": [
            {"status": 200, "headers": case["answers"]["put"][0]["headers"], "body": {"ok": True}},
            {"status": 404},
        ],
        "refund": {},
    }
    assert [one["event"]["id"] for one in case["arrives"]] == [paid["id"]]
    assert [(one["by"], one.get("expect")) for one in case["decisions"]] == [
        *(("eve", "not_allowed"), ("kim", None), ("ann", None))
    ]
    assert [(one["step"], one.get("times")) for one in case["expect"]["requests"]] == [
        *(("ask", 2), ("each[0].put", None), ("each[1].put", None), ("refund", None))
    ]
    path.write_text(printed.out)
    added = await on(engine, "test", path, "--from", run.id, TRUNKLINE_ENCRYPTION_KEYS=KEY)
    assert (added.code, added.out) == (0, f"{path} has the case 'as in {run.id} (2)'.\n")
    suite = play_suite([path], ACTIONS, SuiteOptions())
    faults = [fault.message for file in suite.files for one in file.result.results for fault in one.faults]
    assert (faults, suite.passed, [str(one.problems) for one in suite.wrong]) == ([], 2, [])
    no_key = await on(engine, "test", "--from", run.id)
    assert (no_key.code, no_key.out) == (2, "")
    assert "TRUNKLINE_ENCRYPTION_KEYS" in no_key.err
    nothing = await on(engine, "test", "--from", "everything/none")
    assert (nothing.code, nothing.out) == (2, "")
    assert "There is no run 'everything/none'" in nothing.err


async def test_a_run_that_waits_for_people_becomes_a_case_that_is_looked_at_as_it_stands(engine: Engine) -> None:
    held = "{label: Pay, actionType: http_request, config: {method: POST, url: RECEIVER/pay}, requireApproval: {approvers: [ann]}}"
    engine.define(f"name: waits\ntrigger: {{event: test.fired}}\nactions: [{held}]\n")
    run = await engine.start("waits")
    await engine.held(run)
    path = engine.folder / "waits.test.yaml"
    ended = await on(engine, "test", path, "--from", run.id)
    assert (ended.code, ended.err) == (0, "")
    [case] = yaml.safe_load(path.read_text())["cases"]
    assert case["expect"] == {"outcome": "held", "steps": {"pay": "held"}, "requests": []}
    suite = play_suite([path], ACTIONS, SuiteOptions())
    assert (suite.passed, suite.exit_code) == (1, 0)
    assert (await engine.decide(run, hold="other", decision="reject", by="ann"))["result"] == "not_found"
    for by in ("eve", "ann"):
        await run.signal("reject", {"hold": "pay", "by": by, "reason": "no"})
    await engine.finish(run)
    path.unlink()
    assert (await on(engine, "test", path, "--from", run.id)).code == 0
    [case] = yaml.safe_load(path.read_text())["cases"]
    assert [(one["by"], one["reason"], one.get("expect")) for one in case["decisions"]] == [
        *(("eve", "no", "not_allowed"), ("ann", "no", None))
    ]
    assert case["expect"] == {"outcome": "rejected", "steps": {"pay": "rejected"}, "requests": []}
    assert play_suite([path], ACTIONS, SuiteOptions()).exit_code == 0


CALLS = """
name: asks
trigger: {event: test.fired}
actions:
  - {label: Ask, actionType: run_automation, config: {automation: answers, data: {n: 1}}, saveAs: asked}
  - {label: Ask in vain, actionType: run_automation, config: {automation: fails, data: {n: 2}}, onFailure: continue}
"""


async def test_a_run_that_calls_others_becomes_a_case_in_which_they_answer(engine: Engine) -> None:
    engine.define(CALLS)
    engine.define("name: answers\ntrigger: {event: automation.called}\nactions: [{set: {m: 3}}]\nresult: {m: 3}\n")
    engine.define("name: fails\ntrigger: {event: automation.called}\nactions: [{stop: failed, reason: No.}]\n")
    run = await engine.start("asks")
    await engine.finish(run)
    path = engine.folder / "asks.test.yaml"
    ended = await on(engine, "test", path, "--from", run.id)
    assert (ended.code, ended.err) == (0, "")
    [case] = yaml.safe_load(path.read_text())["cases"]
    assert case["answers"] == {"ask": {"outcome": "completed", "result": {"m": 3}}, "ask-in-vain": {"fails": "refused"}}
    suite = play_suite([path], ACTIONS, SuiteOptions())
    faults = [fault.message for file in suite.files for one in file.result.results for fault in one.faults]
    assert (faults, suite.passed) == ([], 1)


AGAIN = """
name: again
trigger: {event: test.fired}
actions:
  - {label: Refund, actionType: http_request, config: {method: POST, url: RECEIVER/refund}, requireApproval: {approvers: [ann, bob], quorum: 2}}
  - paths:
      - actions: [{label: Ask, actionType: run_automation, config: {automation: held}, pick: {m: result.m}, saveAs: asked}]
      - actions: [{wait: 1s}, {label: One, actionType: http_request, config: {method: POST, url: RECEIVER/one}}, {label: Two, actionType: http_request, config: {method: POST, url: RECEIVER/two}}]
  - {label: Tell, actionType: http_request, config: {method: POST, url: RECEIVER/tell, body: {m: "{{asked.m}}"}}}
"""  # one step a line


async def test_a_run_that_was_reset_and_continued_as_new_becomes_a_case_as_any_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions that the reset has brought again count, and so does what the run asked about the one that it calls."""

    def must(self: Walk) -> bool:
        long = workflow.in_workflow() and workflow.info().get_current_history_length() > LONG
        return self.continuing_as_new or long

    monkeypatch.setattr(Walk, "must_continue_as_new", must)
    held = "{label: A, actionType: http_request, config: {method: POST, url: RECEIVER/a}, requireApproval: {approvers: [ann]}}"
    engine.define(f"name: held\ntrigger: {{event: automation.called}}\nactions: [{held}]\nresult: {{m: 3}}\n")
    engine.define(AGAIN)
    run = await engine.start("again")
    await engine.held(run)
    await engine.decide(run, hold="refund", decision="approve", by="ann")
    events = [event async for event in run.fetch_history_events()]
    tasks = [one.event_id for one in events if one.HasField("workflow_task_completed_event_attributes")]
    again = await engine.reset(run.id, tasks[1])
    await engine.decide(again, hold="refund", decision="approve", by="bob")
    reset = (await again.describe()).run_id
    while (await again.describe()).run_id == reset:
        await asyncio.sleep(0.05)
    called = next(one["calls"] for one in (await again.query("report"))["steps"] if one["id"] == "ask")
    await engine.decide(engine.client.get_workflow_handle(called), hold="a", decision="approve", by="ann")
    assert (await engine.finish(again))["outcome"] == "completed"
    path = engine.folder / "again.test.yaml"
    ended = await on(engine, "test", path, "--from", run.id)
    assert (ended.code, ended.err) == (0, "")
    [case] = yaml.safe_load(path.read_text())["cases"]
    assert [one["by"] for one in case["decisions"]] == ["ann", "bob"]
    assert case["answers"]["ask"] == {"result": {"m": 3}}
    assert [one["step"] for one in case["expect"]["requests"]] == ["refund", "ask", "one", "two", "tell"]
    suite = play_suite([path], ACTIONS, SuiteOptions())
    faults = [fault.message for file in suite.files for one in file.result.results for fault in one.faults]
    assert (faults, suite.passed) == ([], 1)
    found = await recording(engine.client, run.id)
    assert [made.says["by"] for made in found.decisions] == ["ann", "bob"]
    assert ([one.answer for one in found.calls], len(found.answers)) == ([{"result": {"m": 3}}], 4)


CASE: JSON = {"name": "as in a/1", "event": {"data": {"d": {}}}, "expect": {"outcome": "completed"}}
WHOLE: JSON = {"automation": "a.yaml", "secrets": ["token"], "cases": [CASE]}


@pytest.mark.parametrize(
    ("text", "before", "secrets"),
    [
        ("# mine\ncases:\n- name: one # first\n  event: {}\n", "# mine\nsecrets:\n- token\ncases:\n- name: one # first", ["token"]),
        ("secrets: [a]\ncases:\n  - name: as in a/1\n    event: {}\n\nexcused: []\n", "secrets: [a, token]\n", ["a", "token"]),
        ("secrets: [token]\ncases:\n  - {name: one, event: {}}\n", "secrets: [token]\ncases:\n  - {name", ["token"]),
    ],
    ids=["new secrets", "another secret", "a known one"],
)  # fmt: skip
def test_a_case_is_added_and_what_is_there_stays_as_it_is(
    text: str, before: str, secrets: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.test.yaml"
    path.write_text(text)
    add(path, WHOLE)
    found = path.read_text()
    assert before in found
    data = yaml.safe_load(found)
    old = yaml.safe_load(text)["cases"]
    assert (data["secrets"], data["cases"][:-1], len(data["cases"])) == (secrets, old, 2)
    assert data["cases"][-1]["expect"] == CASE["expect"]
    assert data["cases"][-1]["name"] == ("as in a/1 (2)" if "as in" in text else "as in a/1")
    assert "excused" not in text or found.rstrip().endswith("excused: []")


def test_a_file_is_written_and_what_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.test.yaml"
    add(path, WHOLE)
    assert path.read_text() == dumped(WHOLE)
    path.write_text("people: {a: [ann]}\ncases:\n- {name: a, event: {}}\n")
    with pytest.raises(UsageError, match=r"The run needs what `people` of .* does not have: leads"):
        add(path, {**WHOLE, "people": {"leads": ["kim"]}})
    for text in ("cases: []\n", "cases: [{name: a}]\n", "answers: {}\n"):
        path.write_text(text)
        with pytest.raises(UsageError, match="no list of `cases`"):
            add(path, WHOLE)
        assert path.read_text() == text


async def test_a_case_goes_to_one_file(tmp_path: Path) -> None:
    ended = await trunkline("test", tmp_path, "--from", "a/1")
    assert (ended.code, ended.out) == (2, "")
    assert "adds the case to one test file" in ended.err


def test_what_was_picked_stands_where_it_was_picked_from() -> None:
    assert unpicked({"id": 1, "second": "x"}, {"id": ["body", "id"], "second": ["body", "tags", 1]}) == {
        "body": {"id": 1, "tags": [None, "x"]}
    }
    assert unpicked([1], ["body", "all"]) == {"body": {"all": [1]}}
    assert unpicked({"status": 200}, None) == {"status": 200}
