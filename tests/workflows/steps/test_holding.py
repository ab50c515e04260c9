"""What happens to a held step besides being approved or refused: edits, time, notices, rules, other people."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine import Engine, step

JSON = dict[str, Any]

HELD = """
name: held
trigger: {event: test.fired, data: [amount, owners]}
approvals: APPROVALS
actions:
  - label: Danger
    id: danger
    actionType: http_request
    config: {method: POST, url: RECEIVER/danger, headers: {Authorization: "Bearer {{secrets.shop_token}}"}, body: {amount: "{{amount}}"}}
    requireApproval: true
    saveAs: answer
  - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
"""

FAILING = """
name: failing
trigger: {event: test.fired}
approvals: {operators: [op@example.com]}
actions:
  - {label: Call, actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {n: 1}}, saveAs: call, onFailure: hold}
  - {label: After, actionType: http_request, config: {method: POST, url: RECEIVER/after, body: "{{variables.call.body}}"}}
"""


@pytest.fixture(autouse=True)
def secret(engine: Engine) -> None:
    engine.environment["TRUNKLINE_SECRET_SHOP_TOKEN"] = "canary-0123456789"


async def held(engine: Engine, approvals: str, amount: int = 5, **data: Any) -> tuple[Any, JSON]:
    engine.define(HELD.replace("APPROVALS", approvals))
    actor = data.pop("actor", "ann@example.com")
    handle = await engine.start("held", engine.event({"amount": amount, **data}, actor=actor))
    (hold,) = await engine.held(handle)
    return handle, hold


async def test_an_edit_is_what_is_sent_and_the_old_digest_is_dead(engine: Engine) -> None:
    handle, hold = await held(engine, "{approvers: [lead@example.com], allowEdit: true}")
    by = {"hold": "danger", "by": "lead@example.com"}
    changed = await engine.decide(handle, **by, decision="edit", edits={"/body/amount": 4}, digest=hold["digest"])
    assert changed["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    (sent,) = engine.receiver.to("/danger")
    assert sent.body == {"amount": 4}
    assert sent.headers["authorization"] == "Bearer canary-0123456789"
    (edit,) = step(report, "Danger")["edited"]
    assert edit["before"]["config"]["body"] == {"amount": 5}
    assert edit["after"]["config"]["body"] == {"amount": 4}
    assert edit["before"]["digest"] == hold["digest"] != edit["after"]["digest"]
    (audit,) = report["audit"]
    assert audit["edits"] == {"/body/amount": 4}


async def test_an_edit_voids_the_votes_and_must_be_quoted(engine: Engine) -> None:
    handle, hold = await held(engine, "{approvers: [a, b, c], quorum: 2, allowEdit: needsApproval}")
    assert (await engine.decide(handle, hold="danger", by="a", decision="approve"))["result"] == "needs_more"
    edit = {"hold": "danger", "by": "b", "decision": "edit", "edits": {"/body/amount": 4}}
    assert (await engine.decide(handle, **edit))["result"] == "needs_more"
    (now,) = await handle.query("holds")
    assert now["votes"] == []
    assert now["digest"] != hold["digest"]
    assert now["digestRequired"] is True
    for digest in (None, hold["digest"]):
        answer = await engine.decide(handle, hold="danger", by="a", decision="approve", digest=digest)
        assert answer["result"] == "digest_mismatch"
    for name, result in (("a", "needs_more"), ("b", "accepted")):
        answer = await engine.decide(handle, hold="danger", by=name, decision="approve", digest=now["digest"])
        assert answer["result"] == result
    report = await engine.finish(handle)
    assert engine.receiver.to("/danger")[0].body == {"amount": 4}
    assert [vote["by"] for vote in step(report, "Danger")["decision"]["votes"]] == ["a", "b"]


async def test_an_edit_is_judged_by_the_bands_anew(engine: Engine) -> None:
    engine.groups = {"finance": ["fin@example.com"]}
    over = "{all: [{field: request.config.body.amount, operator: greater_than, value: 1000}]}"
    bands = f"[{{when: {over}, approvers: ['group:finance']}}]"
    handle, hold = await held(engine, f"{{approvers: [lead@example.com], allowEdit: true, bands: {bands}}}")
    assert hold["approvers"] == ["lead@example.com"]
    by = {"hold": "danger", "by": "lead@example.com"}
    answer = await engine.decide(handle, **by, decision="edit", edits={"/body/amount": 5000})
    assert answer["result"] == "needs_more"
    (now,) = await handle.query("holds")
    assert now["approvers"] == ["fin@example.com"]
    answer = await engine.decide(handle, **by, decision="approve", digest=now["digest"])
    assert answer["result"] == "not_allowed"
    answer = await engine.decide(handle, hold="danger", by="fin@example.com", decision="approve", digest=now["digest"])
    assert answer["result"] == "accepted"
    assert (await engine.finish(handle))["outcome"] == "completed"


@pytest.mark.parametrize(
    "edits",
    [
        {"/url": "https://evil.example.com/"},
        {"/method": "PUT"},
        {"/headers/Authorization": "Bearer mine"},
        {"/headers": {}},
        {"/no/such/place": 1},
        {"/body": {"n": 2**60}},
        {"/timeout_of_mine": 1},
        {},
        {"/body/amount": 5},
    ],
)
async def test_an_edit_that_is_none_changes_nothing(engine: Engine, edits: JSON) -> None:
    handle, hold = await held(engine, "{approvers: [lead@example.com], allowEdit: true}")
    answer = await engine.decide(handle, hold="danger", by="lead@example.com", decision="edit", edits=edits)
    assert answer["result"] == "invalid", answer
    assert await handle.query("holds") == [hold]
    await engine.decide(handle, hold="danger", by="lead@example.com", decision="reject")
    assert not engine.receiver.requests


async def test_who_asked_for_it_may_not_release_it(engine: Engine) -> None:
    handle, hold = await held(engine, "{approvers: [ann@example.com, bob@example.com], selfApproval: false}")
    assert hold["requester"] == "ann@example.com"
    answer = await engine.decide(handle, hold="danger", by="Ann@Example.com", decision="approve")
    assert answer["result"] == "not_allowed"
    answer = await engine.decide(handle, hold="danger", by="bob@example.com", decision="approve")
    assert answer["result"] == "accepted"
    await engine.finish(handle)


@pytest.mark.parametrize(
    ("approvals", "actor", "said"),
    [
        ("{selfApproval: false}", None, "requester"),
        ("{selfApproval: false, approvers: [ann@example.com]}", "ann@example.com", "quorum"),
        ("{quorum: 2, approvers: ['{{event.actor}}', x@example.com]}", "X@Example.com", "quorum"),
        ("{approvers: ['group:nobody']}", "x", "group"),
        ("{approvers: ['{{owners}}']}", "x", "nobody"),
    ],
)
async def test_what_nobody_could_ever_release_fails_before_anybody_is_asked(
    engine: Engine, approvals: str, actor: str | None, said: str
) -> None:
    engine.define(HELD.replace("APPROVALS", approvals))
    attributes = {} if actor is None else {"actor": actor}
    report = await engine.run("held", engine.event({"amount": 1, "owners": []}, **attributes))
    assert report["outcome"] == "failed"
    assert said in step(report, "Danger")["error"]["message"]
    assert not engine.receiver.requests


async def test_a_template_names_people_and_never_a_group(engine: Engine) -> None:
    engine.groups = {"finance": ["fin@example.com"]}
    handle, hold = await held(
        engine, "{approvers: ['{{owners}}', lead@example.com]}", owners=["group:finance", "own@example.com", None]
    )
    assert hold["approvers"] == ["group:finance", "own@example.com", "lead@example.com"]
    answer = await engine.decide(handle, hold="danger", by="fin@example.com", decision="approve")
    assert answer["result"] == "not_allowed"
    await engine.decide(handle, hold="danger", by="own@example.com", decision="approve")
    await engine.finish(handle)


@pytest.mark.parametrize(
    ("on_expiry", "outcome", "status", "sent"),
    [
        ("reject", "rejected", "expired", 0),
        ("approve", "completed", "succeeded", 1),
        ("skip", "completed", "skipped", 0),
    ],
)
async def test_what_follows_when_nobody_decides(
    engine: Engine, on_expiry: str, outcome: str, status: str, sent: int
) -> None:
    engine.define(HELD.replace("APPROVALS", f"{{expiresAfter: 300, onExpiry: {on_expiry}}}"))
    report = await engine.run("held", engine.event({"amount": 1}))
    assert report["outcome"] == outcome
    assert step(report, "Danger")["status"] == status
    assert step(report, "Danger")["decision"]["by"] == "policy"
    assert len(engine.receiver.to("/danger")) == sent
    (entry,) = report["audit"]
    assert (entry["via"], entry["decision"], entry["by"]) == ("policy", on_expiry, "policy")


async def test_a_hold_that_expires_may_stay_open(engine: Engine) -> None:
    handle, hold = await held(engine, "{expiresAfter: 300, onExpiry: hold}")
    assert "deadline" in hold
    while "deadline" in (await handle.query("holds"))[0]:
        await asyncio.sleep(0.05)
    assert step(await handle.query("report"), "Danger")["expires"] == "never"
    assert (await engine.decide(handle, hold="danger", by="x", decision="approve"))["result"] == "accepted"
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_operators_extend_and_reassign(engine: Engine) -> None:
    handle, hold = await held(engine, "{approvers: [lead], operators: [op], expiresAfter: 1500}")
    assert hold["operators"] == ["op"]
    extend = {"hold": "danger", "decision": "extend", "deadline": "1d"}
    assert (await engine.decide(handle, by="lead", **extend))["result"] == "not_allowed"
    assert (await engine.decide(handle, by="op", **extend, proof=None))["result"] == "accepted"
    for bad in ("yesterday", "2020-01-01T00:00:00Z", "0s", "9999d"):
        answer = await engine.decide(handle, by="op", hold="danger", decision="extend", deadline=bad)
        assert answer["result"] == "invalid", bad
    answer = await engine.decide(handle, by="op", hold="danger", decision="reassign", approvers=["new", "New "])
    assert answer["result"] == "accepted"
    (now,) = await handle.query("holds")
    assert now["approvers"] == ["new"]
    assert datetime.fromisoformat(now["deadline"]) > datetime.now(UTC) + timedelta(hours=23)
    assert (await engine.decide(handle, hold="danger", by="lead", decision="approve"))["result"] == "not_allowed"
    await asyncio.sleep(1.6)  # longer than the first deadline
    assert (await engine.decide(handle, hold="danger", by="new", decision="approve"))["result"] == "accepted"
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_people_are_told_reminded_and_the_hold_escalates(engine: Engine) -> None:
    engine.define("""
        name: told
        trigger: {event: test.fired}
        approvals:
          approvers: [lead]
          remindAfter: 400
          escalateAfter: 600
          escalateTo: [boss]
          notify:
            - actionType: http_request
              label: Tell
              config:
                method: POST
                url: RECEIVER/tell
                body: {on: "{{hold.status}}", id: "{{hold.id}}", who: "{{hold.approvers}}", what: "{{hold.request.config}}", run: "{{run.id}}"}
            - {actionType: http_request, label: Broken, on: [opened], config: {method: POST, url: RECEIVER/broken}}
        actions:
          - {label: Danger, id: danger, actionType: http_request, config: {method: POST, url: RECEIVER/danger, headers: {X: "{{secrets.shop_token}}"}}, requireApproval: true}
    """)
    engine.receiver.answer("/broken", 400)
    handle = await engine.start("told")
    await engine.held(handle)
    for _ in range(100):
        (hold,) = await handle.query("holds")
        if hold["approvers"] == ["lead", "boss"]:
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    assert (await engine.decide(handle, hold="danger", by="boss", decision="approve"))["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    told = [request.body for request in engine.receiver.to("/tell")]
    assert [tell["on"] for tell in told[:3]] == ["opened", "reminder", "escalated"]
    assert told[-1]["on"] == "decided"
    assert told[0]["who"] == ["lead"]
    assert told[0]["what"]["headers"] == {"X": "{{secrets.shop_token}}"}
    assert {tell["run"] for tell in told} == {handle.id}
    notified = step(report, "Danger")["notified"]
    (broken,) = [entry for entry in notified if entry["label"] == "Broken"]
    assert (broken["status"], broken["on"]) == ("failed", "opened")
    assert len([entry for entry in notified if entry["label"] == "Tell"]) == len(told)


async def test_a_slow_notice_does_not_keep_a_hold_from_being_decided(engine: Engine) -> None:
    engine.receiver.stall("/tell", 3)
    notify = "[{actionType: http_request, on: [opened], config: {method: POST, url: RECEIVER/tell}}]"
    handle, _ = await held(engine, f"{{notify: {notify}}}")
    assert (await engine.decide(handle, hold="danger", by="x", decision="approve"))["result"] == "accepted"
    for _ in range(40):
        if engine.receiver.to("/after"):
            break
        await asyncio.sleep(0.05)
    assert engine.receiver.to("/after")
    report = await engine.finish(handle)
    assert step(report, "Danger")["notified"][0]["status"] == "succeeded"


async def test_conditions_that_no_longer_hold_supersede_a_release(engine: Engine) -> None:
    engine.define("""
        name: superseded
        trigger: {event: test.fired}
        approvals: {recheck: true}
        paths:
          - actions:
              - {label: Danger, id: danger, actionType: http_request, config: {method: POST, url: RECEIVER/danger}, requireApproval: true, conditions: {field: variables.done, operator: is_empty}}
              - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
          - actions:
              - wait: 200ms
              - {label: Do it elsewhere, actionType: http_request, config: {method: GET, url: RECEIVER/elsewhere}, saveAs: done}
    """)
    handle = await engine.start("superseded")
    await engine.held(handle)
    while step(await handle.query("report"), "Do it elsewhere")["status"] != "succeeded":
        await asyncio.sleep(0.05)
    assert (await engine.decide(handle, hold="danger", by="x", decision="approve"))["result"] == "accepted"
    report = await engine.finish(handle)
    assert step(report, "Danger")["status"] == "superseded"
    assert step(report, "After")["status"] == "skipped"
    assert report["outcome"] == "rejected"
    assert not engine.receiver.to("/danger")


async def test_a_failed_step_takes_a_supplied_result(engine: Engine) -> None:
    engine.define(FAILING)
    engine.receiver.answer("/call", 400)
    handle = await engine.start("failing")
    (hold,) = await engine.held(handle)
    assert hold["approvers"] == ["op@example.com"]
    result = {"status": 200, "headers": {}, "body": {"id": 7}}
    supply = {"hold": hold["hold"], "decision": "supply"}
    assert (await engine.decide(handle, **supply, by="eve", result=result))["result"] == "not_allowed"
    assert (await engine.decide(handle, **supply, by="op@example.com", result={"body": 1}))["result"] == "invalid"
    assert (await engine.decide(handle, **supply, by="op@example.com", result=result))["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert report["variables"]["call"]["body"] == {"id": 7}
    assert engine.receiver.to("/after")[0].body == {"id": 7}
    assert len(engine.receiver.to("/call")) == 1


async def test_a_failed_step_is_retried_with_edits_under_a_new_key(engine: Engine) -> None:
    engine.define(FAILING)
    for status in (400, 400, 200):
        engine.receiver.answer("/call", status)
    handle = await engine.start("failing")
    (hold,) = await engine.held(handle)
    retry = {"hold": hold["hold"], "decision": "retry", "by": "op@example.com", "edits": {"/body/n": 2}}
    assert (await engine.decide(handle, **retry))["result"] == "accepted"
    while (again := (await engine.held(handle))[0])["hold"] == hold["hold"]:
        await asyncio.sleep(0.05)
    assert again["hold"] == f"{hold['hold']}#2"
    assert again["request"]["config"]["body"] == {"n": 2}
    answer = await engine.decide(handle, hold=again["hold"], decision="retry", by="op@example.com")
    assert answer["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    sent = engine.receiver.to("/call")
    assert [request.body["n"] for request in sent] == [1, 2, 2]
    assert len({request.headers["idempotency-key"] for request in sent}) == 3


async def test_a_retry_with_edits_of_an_approved_step_needs_approval_again(engine: Engine) -> None:
    engine.define(
        HELD.replace("APPROVALS", "{approvers: [lead], operators: [op]}").replace("saveAs: answer", "onFailure: hold")
    )
    engine.receiver.answer("/danger", 400)
    engine.receiver.answer("/danger", 200)
    handle = await engine.start("held", engine.event({"amount": 5}))
    await engine.held(handle)
    await engine.decide(handle, hold="danger", decision="approve", by="lead")
    while not (held := await handle.query("holds")) or held[0]["kind"] != "failure":
        await asyncio.sleep(0.05)
    retry = {"hold": held[0]["hold"], "decision": "retry", "by": "op", "edits": {"/body/amount": 4}}
    assert (await engine.decide(handle, **retry))["result"] == "accepted"
    while not (held := await handle.query("holds")) or held[0]["kind"] != "approval":
        await asyncio.sleep(0.05)
    assert len(engine.receiver.to("/danger")) == 1
    assert held[0]["request"]["config"]["body"] == {"amount": 4}
    assert (await engine.decide(handle, hold=held[0]["hold"], decision="approve", by="op"))["result"] == "not_allowed"
    assert (await engine.decide(handle, hold=held[0]["hold"], decision="approve", by="lead"))["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    first, second = engine.receiver.to("/danger")
    assert second.body == {"amount": 4}
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


RULES = """
name: rules
trigger: {event: test.fired}
actions:
  - {label: Call, actionType: http_request, config: {method: METHOD, url: RECEIVER/call}, retry: {maximumAttempts: 1}, onFailure: RULES}
  - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
"""


@pytest.mark.parametrize(
    ("method", "status", "rules", "calls", "outcome", "ends"),
    [
        ("GET", 404, "[{when: http_4xx, do: continue}]", 1, "completed", "failed"),
        ("GET", 404, "[{when: http_429, do: continue}]", 1, "failed", "failed"),
        ("GET", 404, "[{when: [http_429, refused], do: continue}]", 1, "completed", "failed"),
        ("GET", 404, "[{when: refused, do: stop}, {when: any, do: continue}]", 1, "failed", "failed"),
        (
            "GET",
            429,
            "[{when: http_429, do: retry, attempts: 2, delay: 50}, {when: any, do: continue}]",
            3,
            "completed",
            "failed",
        ),
        ("POST", 500, "[{when: any, do: retry, delay: 1}, {when: unknown, do: continue}]", 1, "completed", "unknown"),
        ("POST", 500, "[{when: unknown, do: retry, attempts: 1, delay: 1}]", 2, "failed", "unknown"),
    ],
)
async def test_the_first_rule_that_fits_a_failure_decides(
    engine: Engine, method: str, status: int, rules: str, calls: int, outcome: str, ends: str
) -> None:
    engine.define(RULES.replace("METHOD", method).replace("onFailure: RULES", f"onFailure: {rules}"))
    engine.receiver.answer("/call", status)
    report = await engine.run("rules")
    assert report["outcome"] == outcome
    assert step(report, "Call")["status"] == ends
    assert len(engine.receiver.to("/call")) == calls
    assert step(report, "After")["status"] == ("succeeded" if outcome == "completed" else "skipped")


async def test_a_rule_may_hold_one_kind_of_failure_only(engine: Engine) -> None:
    engine.define(RULES.replace("METHOD", "GET").replace("onFailure: RULES", "onFailure: [{when: http_4xx, do: hold}]"))
    engine.receiver.answer("/call", 404)
    engine.receiver.answer("/call", 200)
    handle = await engine.start("rules")
    (hold,) = await engine.held(handle)
    await engine.decide(handle, hold=hold["hold"], decision="retry", by="op")
    assert (await engine.finish(handle))["outcome"] == "completed"


@pytest.mark.parametrize(("method", "ends"), [("GET", "failed"), ("POST", "unknown")])
async def test_a_rule_may_be_about_what_takes_too_long(engine: Engine, method: str, ends: str) -> None:
    rules = "[{when: [refused, unavailable, http_4xx], do: stop}, {when: timeout, do: continue}]"
    definition = RULES.replace("METHOD", method).replace("onFailure: RULES", f"onFailure: {rules}, timeout: 300")
    engine.define(definition)
    engine.receiver.stall("/call", 2)
    report = await engine.run("rules")
    assert step(report, "Call")["status"] == ends
    assert report["outcome"] == "completed"
    assert step(report, "After")["status"] == "succeeded"
