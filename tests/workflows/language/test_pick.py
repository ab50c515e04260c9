"""`pick`: what of an answer is kept, and what that lets through."""

from __future__ import annotations

import json

from tests.engine import Engine, step

LARGE = """
    name: large
    trigger: {event: test.fired}
    actions:
      - label: Look
        actionType: http_request
        config: {method: GET, url: RECEIVER/large}
        PICK
        saveAs: found
      - {label: Use, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {got: "{{variables.found}}"}}}
"""


def large(engine: Engine, pick: str) -> None:
    engine.define(LARGE.replace("PICK", pick))


async def test_the_picked_parts_of_a_large_answer_are_kept_and_nothing_else(engine: Engine) -> None:
    large(engine, "pick: {id: body.id, second: 'body.items[1].name', status: status}")
    engine.receiver.answer("/large", 200, {"id": 7, "pad": "x" * 5_000_000, "items": [{}, {"name": "pot"}]})
    handle = await engine.start("large")
    report = await engine.finish(handle)
    assert report["outcome"] == "completed", report
    assert report["variables"]["found"] == {"id": 7, "second": "pot", "status": 200}
    assert engine.receiver.to("/x")[0].body == {"got": {"id": 7, "second": "pot", "status": 200}}
    assert len((await handle.fetch_history()).to_json()) < 50_000


async def test_what_is_not_found_is_missing_and_fails_nothing(engine: Engine) -> None:
    large(engine, "pick: {id: body.id, total: body.order.total}")
    engine.receiver.answer("/large", 200, {"id": 7})
    report = await engine.run("large")
    assert report["outcome"] == "completed"
    assert report["variables"]["found"] == {"id": 7}
    assert step(report, "Look")["missing"] == ["body.order.total"]


async def test_one_path_keeps_the_value_itself(engine: Engine) -> None:
    large(engine, "pick: body.order.lines")
    engine.receiver.answer("/large", 200, {"order": {"lines": [1, 2]}})
    engine.receiver.answer("/large", 200, {})
    assert (await engine.run("large"))["variables"]["found"] == [1, 2]
    report = await engine.run("large")
    assert report["variables"]["found"] is None
    assert step(report, "Look")["missing"] == ["body.order.lines"]


async def test_an_answer_over_the_limits_says_what_helps_and_is_asked_for_once(engine: Engine) -> None:
    for name, pick, size, advice in (
        ("whole", "", 300_000, "pick: {id: body.id}"),
        ("huge", "", 2_000_000, "pick: {id: body.id}"),
        ("picked", "pick: body.pad", 300_000, "keep less of it"),
        ("endless", "pick: body.id", 9_000_000, "ask the receiver for less"),
    ):
        engine.define(LARGE.replace("PICK", pick).replace("name: large", f"name: {name}"))
        engine.receiver.answers.clear()
        engine.receiver.requests.clear()
        engine.receiver.answer("/large", 200, {"id": 7, "pad": "x" * size})
        report = await engine.run(name)
        error = step(report, "Look")["error"]
        assert error["type"] == "ResultTooLarge", (name, json.dumps(report)[:500])
        assert advice in error["message"], error
        assert len(engine.receiver.to("/large")) == 1
