"""A definition played over what an earlier one did, and runs of the past explained, from Temporal's own history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.engine import JSON, Engine
from tests.workers.command import Ended, on
from workers.client.dispatch import emitted_id

TRACK = """
name: track
trigger: {event: d.happened, data: [d]}
conditions: {field: d.priority, operator: in, value: [high, urgent]}
actions:
  - {label: Look, actionType: http_request, config: {method: GET, url: RECEIVER/look}, saveAs: look}
  - label: Page
    actionType: http_request
    conditions: {field: variables.look.body.ok, operator: equals, value: true}
    config: {method: POST, url: RECEIVER/page, body: {id: "{{d.id}}"}}
  - label: Refund
    actionType: http_request
    conditions: {field: d.priority, operator: equals, value: high}
    config: {method: POST, url: RECEIVER/refund}
    requireApproval: {approvers: [ann]}
"""


async def emitted(engine: Engine, **priorities: str) -> None:
    """Dispatch an event for each name, and let what it starts end."""
    for name, priority in priorities.items():
        event = engine.event({"d": {"id": name, "priority": priority}}, type="d.happened", id=name)
        [line] = await (await engine.start("event", event)).result()
        if line["started"]:
            handle = engine.client.get_workflow_handle(line["workflowId"])
            if priority == "high":
                await engine.held(handle)
                await engine.decide(handle, hold="refund", decision="approve", by="ann")
            await engine.finish(handle)


async def test_a_definition_is_played_over_the_events_of_an_earlier_one(engine: Engine, tmp_path: Path) -> None:
    engine.define(TRACK)
    await emitted(engine, a="urgent", b="high")
    for _ in range(2):
        event = engine.event({"d": {"id": "c", "priority": "low"}}, type="d.happened", id="c")
        done = await on(engine, "emit", "-", "--json", stdin=json.dumps(event).encode())
        assert (done.code, [line["started"] for line in done.json]) == (0, [False])
    kept = await engine.client.get_workflow_handle(emitted_id("c", event["source"])).result()
    assert kept == done.json
    await emitted(engine, d="urgent")
    sent = len(engine.receiver.requests)
    text = TRACK.replace("RECEIVER", engine.receiver.url)

    async def tested(*more: str | Path, **changes: str) -> tuple[Ended, Any]:
        changed = text
        for old, _, new in (pair.partition("=>") for pair in changes.values()):
            assert old in changed
            changed = changed.replace(old, new)
        (tmp_path / "new.yaml").write_text(changed)
        done = await on(engine, "backtest", tmp_path / "new.yaml", "--against", "track", "--json", *more)
        return done, json.loads(done.out) if done.out else done.err

    def counts(found: JSON) -> JSON:
        names = ("events", "same", "otherRequests", "noLongerRuns", "runsNow", "unknown", "neither")
        return {name: found[name] for name in names if found[name]}

    done, found = await tested()
    assert (done.code, counts(found)) == (0, {"events": 4, "same": 3, "neither": 1})
    assert (found["requests"], found["approvals"]) == ([], {"before": 1, "after": 1})
    assert found["from"] == found["to"]

    done, found = await tested("--fail-on", "runs-now,unknown", a="[high, urgent]=>[low, urgent]")
    assert (done.code, counts(found)) == (1, {"events": 4, "same": 2, "noLongerRuns": 1, "runsNow": 1})
    assert {one["event"]: one["verdict"] for one in found["runs"]}["b"] == "noLongerRuns"
    [gone] = [one for one in found["runs"] if one["verdict"] == "noLongerRuns"]
    assert '`d.priority` is "high", which is not in' in gone["reason"]
    assert (gone["run"], [one["change"] for one in gone["requests"]]) == ("track/b", ["fewer"] * 3)
    [new] = [one for one in found["runs"] if one["verdict"] == "runsNow"]
    assert (new["event"], new["run"], new["unknownFrom"]["step"]) == ("c", None, "look")

    done, found = await tested("--last", "2", a='body: {id: "{{d.id}}"}=>body: {id: 7}')
    assert (done.code, counts(found)) == (0, {"events": 2, "otherRequests": 1, "neither": 1})
    assert found["requests"] == [{"step": "page", "more": 0, "fewer": 0, "changed": 1, "later": None}]
    assert [one["requests"][0]["after"]["config"]["body"] for one in found["runs"] if one["requests"]] == [{"id": 7}]

    done, found = await tested(a="saveAs: look}=>saveAs: look}\n  - wait: 30m")
    assert (counts(found)["otherRequests"], found["requests"][0]["later"]) == (3, "30m")

    done, found = await tested(
        "--fail-on", "more-approvals", a="/page,=>/page?new=1,", b="approvers: [ann]=>approvers: [bob]"
    )
    assert (done.code, counts(found)) == (0, {"events": 4, "otherRequests": 2, "unknown": 1, "neither": 1})
    assert [one["requests"][0]["change"] for one in found["runs"] if one["requests"]] == ["changed"] * 3
    assert found["runs"][1]["unknownFrom"]["request"]["config"]["url"].endswith("/page?new=1")
    done, found = await tested("--assume", "page={status: 200}", a="/page,=>/page?new=1,")
    assert counts(found) == {"events": 4, "otherRequests": 3, "neither": 1}

    plain = await on(engine, "backtest", tmp_path / "new.yaml", "--against", "track", "--since", "1d")
    assert (plain.code, plain.err) == (0, "")
    assert "4 events" in plain.out
    wrong = await on(engine, "backtest", tmp_path / "new.yaml", "--against", "trak")
    assert (wrong.code, "Did you mean track?" in wrong.err) == (2, True)
    assert len(engine.receiver.requests) == sent

    await explained(engine)


async def explained(engine: Engine) -> None:
    async def told(run: str) -> JSON:
        done = await on(engine, "explain", "--run", run, "--json")
        assert (done.code, done.err) == (0, "")
        [entry] = done.json["automations"]
        found: JSON = entry
        return found

    ran = await told("track/b")
    assert (ran["run"], ran["runs"], ran["outcome"], ran["conditions"]["seen"]) == (
        "track/b",
        True,
        "completed",
        "high",
    )
    steps = {step["id"]: step for step in ran["steps"]}
    assert {name: step["status"] for name, step in steps.items()} == dict.fromkeys(
        ("look", "page", "refund"), "succeeded"
    )
    assert steps["page"]["request"]["config"]["body"] == {"id": "b"}
    assert steps["page"]["conditions"]["seen"] is True
    assert steps["refund"]["hold"]["approvers"] == ["ann"]
    refund = {step["id"]: step for step in (await told("track/a"))["steps"]}["refund"]
    assert (refund["status"], refund["runs"], refund["conditions"]["seen"]) == ("skipped", False, "urgent")

    never = await told("track/c")
    assert (never["runs"], never["steps"], never["conditions"]["holds"]) == (False, [], False)
    assert "definition of today" in never["judgedBy"]
    wrong = await on(engine, "explain", "--run", "track/nothing")
    assert wrong.code == 2

    handle = await engine.start("track", engine.event({"d": {"id": "w", "priority": "high"}}, type="d.happened"))
    await engine.held(handle)
    waits = await told(handle.id)
    refund = {step["id"]: step for step in waits["steps"]}["refund"]
    assert (waits["runs"], waits["outcome"], refund["status"]) == (True, None, "held")
    assert refund["request"]["config"]["url"].endswith("/refund")
    await engine.decide(handle, hold="refund", decision="reject", by="ann")
    await engine.finish(handle)

    engine.define(TRACK.replace("[high, urgent]", "[urgent]"))
    by_hand = engine.event({"d": {"id": "h", "priority": "low"}}, type="d.happened")
    handle = await engine.start("track", by_hand)
    assert (await engine.finish(handle))["outcome"] == "skipped"
    skipped = await told(handle.id)
    assert (skipped["runs"], skipped["outcome"], skipped["conditions"]["value"]) == (False, "skipped", ["urgent"])
