"""What a run does, from its start to its report, on a real server."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from tests.engine import JSON, Engine, step
from workers.definitions.settling import QUIET
from workers.process.watching import EVERY
from workflows.run.parked import PAUSES

HELLO = """
name: hello
trigger: {event: test.fired}
conditions: {all: [{field: call.waiting_time, operator: greater_than, value: 60}]}
actions:
  - label: Ask
    actionType: http_request
    config: {method: POST, url: RECEIVER/echo, body: {customer.name: "{{contact.name}}", waited: "{{call.waiting_time}}"}}
    saveAs: answer
  - label: Tell
    actionType: send_slack_message
    config: {channel: "#ops", text: "{{variables.answer.body.body.customer.name}} waited"}
"""


async def test_runs_steps_in_order_and_hands_answers_on(engine: Engine) -> None:
    engine.define(HELLO)
    event = engine.event({"contact": {"name": "Ada"}, "call": {"waiting_time": 75}})
    report = await engine.run("hello", event)
    assert report["outcome"] == "completed"
    assert report["automation"] == "hello"
    assert report["event"] == {"id": event["id"], "type": "test.fired", "source": "/tests"}
    assert len(report["definitionHash"]) == 64
    assert [r.body for r in engine.receiver.to("/echo")] == [{"customer": {"name": "Ada"}, "waited": 75}]
    assert engine.receiver.to("/slack/chat.postMessage")[0].body["text"] == "Ada waited"
    asked = step(report, "Ask")
    assert asked["status"] == "succeeded"
    assert asked["actionType"] == "http_request"
    assert asked["attempts"] == 1
    assert asked["startedAt"] <= asked["endedAt"]
    assert len(asked["key"]) == 36
    assert report["variables"]["answer"]["status"] == 200


async def test_conditions_that_do_not_hold_skip_the_run_and_say_why(engine: Engine) -> None:
    engine.define(HELLO)
    report = await engine.run("hello", engine.event({"contact": {"name": "Bob"}, "call": {"waiting_time": 5}}))
    assert report["outcome"] == "skipped"
    assert "call.waiting_time" in report["reason"]
    assert {entry["status"] for entry in report["steps"]} == {"skipped"}
    assert not engine.receiver.requests


async def test_an_unknown_name_fails_at_once_and_names_the_nearest(engine: Engine) -> None:
    engine.define(HELLO)
    handle = await engine.start("helo")
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 10)
    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "UnknownAutomation"
    assert "hello" in cause.message
    report = await handle.query("report")
    assert (report["outcome"], report["reason"], report["steps"]) == ("failed", cause.message, [])


async def test_conditions_that_cannot_be_judged_fail_the_run_and_say_why(engine: Engine) -> None:
    engine.define("""
        name: unjudged
        trigger: {event: test.fired}
        conditions: {all: [{field: a, operator: equals, value: "{{ 1 | divided_by: n }}"}]}
        actions:
          - {label: Ask, actionType: http_request, config: {method: GET, url: RECEIVER/ask}}
    """)
    handle = await engine.start("unjudged", engine.event({"a": 1, "n": 0}))
    report = await engine.finish(handle)
    assert report["outcome"] == "failed"
    assert "cannot be judged" in report["reason"]
    assert step(report, "Ask")["status"] == "skipped"
    assert (await handle.describe()).search_attributes["TrunklineOutcome"] == ["failed"]
    assert not engine.receiver.requests


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("text", "object"),
        ([1], "object"),
        ({"data": {}}, "type"),
        ({"type": "test.fired", "data": [1]}, "data"),
        (None, "object"),
    ],
)
async def test_what_is_no_event_fails_at_once_and_says_why(engine: Engine, event: Any, words: str) -> None:
    engine.define(HELLO)
    await engine.serve()
    handle = await engine.client.start_workflow(
        "hello", event, id=f"x/{engine.task_queue}", task_queue=engine.task_queue
    )
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 10)
    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "InvalidEvent"
    assert words in failure.value.cause.message


async def test_a_declared_schema_judges_events_on_arrival(engine: Engine) -> None:
    engine.define("""
        name: strict
        trigger: {event: order.paid, data: {type: object, required: [order], properties: {order: {type: object, required: [id]}}}}
        actions: [{actionType: http_request, config: {method: GET, url: "RECEIVER/{{order.id}}"}}]
    """)
    handle = await engine.start("strict", engine.event({"order": {}}))
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 10)
    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "InvalidEvent"
    assert "'id' is a required property" in failure.value.cause.message
    assert (await engine.run("strict", engine.event({"order": {"id": 7}})))["outcome"] == "completed"


async def test_two_arguments_are_refused(engine: Engine) -> None:
    engine.define(HELLO)
    await engine.serve()
    handle = await engine.client.start_workflow(
        "hello", args=[engine.event(), {}], id=f"two/{engine.task_queue}", task_queue=engine.task_queue
    )
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 10)
    assert "exactly one argument" in str(failure.value.cause)


async def test_id_and_source_are_filled_in_by_hand_starts(engine: Engine) -> None:
    engine.define("""
        name: tiny
        trigger: {event: test.fired}
        actions:
          - {label: Ask, actionType: http_request, config: {method: POST, url: RECEIVER/echo, body: {id: "{{event.id}}"}}}
    """)
    handle = await engine.start("tiny", {"type": "anything", "data": {}}, id=f"by-hand-{engine.task_queue}")
    report = await engine.finish(handle)
    assert report["event"] == {"id": handle.id, "type": "anything", "source": "manual"}
    assert engine.receiver.to("/echo")[0].body == {"id": handle.id}


async def test_an_inline_definition_runs(engine: Engine) -> None:
    automation = {
        "name": "made-up",
        "trigger": {"event": "test.fired"},
        "actions": [
            {
                "label": "Ask",
                "actionType": "http_request",
                "config": {"method": "GET", "url": f"{engine.receiver.url}/x"},
            }
        ],
    }
    report = await engine.run("inline", {"automation": automation, "event": engine.event()})
    assert report["outcome"] == "completed"
    assert report["automation"] == "made-up"


async def test_an_inline_definition_runs_only_where_the_worker_says_so(engine: Engine) -> None:
    engine.inline = False
    automation = {"name": "made-up", "trigger": {"event": "test.fired"}, "actions": [{"stop": "completed"}]}
    handle = await engine.start("inline", {"automation": automation, "event": engine.event()})
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 10)
    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "InlineOff"
    assert failure.value.cause.non_retryable
    assert "TRUNKLINE_INLINE=on" in failure.value.cause.message
    report = await handle.query("report")
    assert (report["outcome"], report["steps"]) == ("failed", [])
    assert "TRUNKLINE_INLINE=on" in report["reason"]


async def test_a_run_that_has_begun_inline_goes_on_where_it_is_switched_off(engine: Engine) -> None:
    waiting = {"label": "Wait", "wait": "1s"}
    automation = {"name": "made-up", "trigger": {"event": "test.fired"}, "actions": [waiting]}
    handle = await engine.start("inline", {"automation": automation, "event": engine.event()})
    while await handle.query("plan") is None:
        await asyncio.sleep(0.05)
    await engine.stop()
    engine.inline = False
    await engine.serve()
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_a_bad_inline_definition_fails_with_its_problems(engine: Engine) -> None:
    handle = await engine.start(
        "inline", {"automation": {"name": "x", "actions": [{"actionType": "send_smss"}]}, "event": engine.event()}
    )
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 10)
    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "BadAutomation"
    assert "send_sms" in failure.value.cause.message


async def test_paths_run_side_by_side_and_a_failing_one_skips_only_its_own_rest(engine: Engine) -> None:
    engine.define("""
        name: two-paths
        trigger: {event: test.fired}
        paths:
          - label: Left
            actions:
              - {label: Fails, actionType: http_request, config: {method: GET, url: RECEIVER/bad}}
              - {label: Never, actionType: http_request, config: {method: GET, url: RECEIVER/never}}
          - label: Right
            actions:
              - {label: Slow, actionType: http_request, config: {method: GET, url: RECEIVER/slow}}
              - {label: Goes on, actionType: http_request, config: {method: GET, url: RECEIVER/on}}
    """)
    engine.receiver.answer("/bad", 404, {"error": "no such thing"})
    engine.receiver.stall("/slow", 0.5)
    handle = await engine.start("two-paths")
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 20)
    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "AutomationFailed"
    report: JSON = cause.details[0]
    assert report["outcome"] == "failed"
    assert step(report, "Fails")["status"] == "failed"
    assert step(report, "Fails")["error"]["type"] == "Refused"
    assert "404" in step(report, "Fails")["error"]["message"]
    assert step(report, "Never")["status"] == "skipped"
    assert step(report, "Goes on")["status"] == "succeeded"
    assert step(report, "Left")["status"] == "failed"
    assert step(report, "Right")["status"] == "succeeded"
    assert step(report, "Fails")["parent"] == step(report, "Left")["id"]
    assert not engine.receiver.to("/never")


async def test_paths_really_overlap(engine: Engine) -> None:
    paths = "\n".join(
        f"""  - label: P{n}
    actions:
      - {{label: S{n}, actionType: http_request, config: {{method: GET, url: RECEIVER/slow/{n}}}}}"""
        for n in range(4)
    )
    engine.define(f"name: overlap\ntrigger: {{event: test.fired}}\npaths:\n{paths}\n")
    for n in range(4):
        engine.receiver.stall(f"/slow/{n}", 1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await engine.run("overlap"))["outcome"] == "completed"
    assert loop.time() - began < 3


async def test_on_failure_continue_goes_on_and_the_run_completes(engine: Engine) -> None:
    engine.define("""
        name: forgiving
        trigger: {event: test.fired}
        actions:
          - {label: Fails, actionType: http_request, config: {method: GET, url: RECEIVER/bad}, onFailure: continue}
          - paths:
              - actions: [{label: Fails too, actionType: http_request, config: {method: GET, url: RECEIVER/bad}}]
              - actions: [{label: Fine, actionType: http_request, config: {method: GET, url: RECEIVER/fine}}]
            label: Both
            onFailure: continue
          - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
    """)
    engine.receiver.answer("/bad", 400)
    report = await engine.run("forgiving")
    assert report["outcome"] == "completed"
    assert step(report, "Fails")["status"] == "failed"
    assert step(report, "Both")["status"] == "failed"
    assert step(report, "After")["status"] == "succeeded"


async def test_branch_takes_the_first_match_or_otherwise(engine: Engine) -> None:
    engine.define("""
        name: choice
        trigger: {event: test.fired, data: [call]}
        actions:
          - branch:
              - conditions: {all: [{field: call.digit, operator: equals, value: 1}]}
                actions: [{label: One, actionType: http_request, config: {method: GET, url: RECEIVER/one}}]
              - conditions: {all: [{field: call.digit, operator: less_than, value: 5}]}
                actions: [{label: Few, actionType: http_request, config: {method: GET, url: RECEIVER/few}}]
            otherwise:
              - {label: Many, actionType: http_request, config: {method: GET, url: RECEIVER/many}}
    """)
    for digit, path in (("1", "/one"), (2, "/few"), (9, "/many"), (None, "/many")):
        engine.receiver.requests.clear()
        report = await engine.run("choice", engine.event({"call": {"digit": digit}}))
        assert report["outcome"] == "completed"
        assert [r.path for r in engine.receiver.requests] == [path]


async def test_waits_for_a_duration_and_until_an_instant(engine: Engine) -> None:
    engine.define("""
        name: patient
        trigger: {event: test.fired, data: [due]}
        actions:
          - wait: 300
          - wait: {until: "{{due}}"}
          - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
    """)
    report = await engine.run("patient", engine.event({"due": "2020-01-01T00:00:00Z"}))
    assert report["outcome"] == "completed"
    assert [entry["status"] for entry in report["steps"]] == ["succeeded"] * 3
    report = await engine.run("patient", engine.event({"due": "tomorrow"}))
    assert report["outcome"] == "failed"
    assert "instant" in report["steps"][1]["error"]["message"]


async def test_for_each_runs_the_block_for_every_item_and_collects(engine: Engine) -> None:
    engine.define("""
        name: loop
        trigger: {event: test.fired, data: [emails]}
        actions:
          - id: each
            forEach: "{{emails}}"
            as: email
            parallel: 2
            actions:
              - id: ask
                actionType: http_request
                config: {method: POST, url: RECEIVER/echo, body: {to: "{{email}}", n: "{{loop.index}}"}}
                saveAs: answer
              - id: tell
                actionType: http_request
                config: {method: POST, url: RECEIVER/tell, body: {to: "{{variables.answer.body.body.to}}"}}
            collect: "{{variables.answer.body.body.to}}"
            saveAs: told
          - id: after
            actionType: http_request
            config: {method: POST, url: RECEIVER/after, body: {told: "{{variables.told}}"}}
    """)
    report = await engine.run("loop", engine.event({"emails": ["a", "b", "c"]}))
    assert report["outcome"] == "completed"
    assert sorted((r.body["n"], r.body["to"]) for r in engine.receiver.to("/echo")) == [(0, "a"), (1, "b"), (2, "c")]
    assert sorted(r.body["to"] for r in engine.receiver.to("/tell")) == ["a", "b", "c"]
    assert engine.receiver.to("/after")[0].body == {"told": ["a", "b", "c"]}
    assert report["variables"] == {"told": ["a", "b", "c"]}
    assert step(report, "each")["counts"] == {"succeeded": 3}
    assert [entry["id"] for entry in report["steps"]] == ["each", "after"]


async def test_a_failing_iteration_lets_its_siblings_finish_and_stands_in_the_report(engine: Engine) -> None:
    engine.define("""
        name: loop
        trigger: {event: test.fired, data: [items]}
        actions:
          - id: each
            forEach: "{{items}}"
            actions:
              - {id: call, actionType: http_request, config: {method: GET, url: "RECEIVER/item/{{item}}"}}
          - {id: after, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
    """)
    engine.receiver.answer("/item/2", 400)
    report = await engine.run("loop", engine.event({"items": [1, 2, 3]}))
    assert report["outcome"] == "failed"
    assert [r.path for r in engine.receiver.requests] == ["/item/1", "/item/2", "/item/3"]
    assert step(report, "each")["counts"] == {"succeeded": 2, "failed": 1}
    assert step(report, "each[1].call")["status"] == "failed"
    assert step(report, "each[1].call")["parent"] == "each"
    assert step(report, "after")["status"] == "skipped"


@pytest.mark.parametrize(
    ("items", "words"),
    [("text", "list"), (dict.fromkeys(map(str, range(101))), "maxItems"), (list(range(101)), "maxItems")],
)
async def test_for_each_over_what_is_no_list_or_too_long_fails_the_step(engine: Engine, items: Any, words: str) -> None:
    engine.define("""
        name: loop
        trigger: {event: test.fired, data: [items]}
        actions:
          - id: each
            forEach: "{{items}}"
            actions: [{id: call, actionType: http_request, config: {method: GET, url: RECEIVER/item}}]
    """)
    report = await engine.run("loop", engine.event({"items": items}))
    assert report["outcome"] == "failed"
    assert words in step(report, "each")["error"]["message"]
    assert not engine.receiver.requests


async def test_for_each_over_nothing_is_done_at_once(engine: Engine) -> None:
    engine.define("""
        name: loop
        trigger: {event: test.fired, data: [items]}
        actions:
          - id: each
            forEach: "{{items}}"
            actions: [{id: call, actionType: http_request, config: {method: GET, url: RECEIVER/item}}]
    """)
    nothing: list[JSON] = [{"items": []}, {"items": None}, {}]
    for data in nothing:
        assert (await engine.run("loop", engine.event(data)))["outcome"] == "completed"
    assert not engine.receiver.requests


@pytest.mark.parametrize(
    ("outcome", "status"), [("completed", "COMPLETED"), ("failed", "FAILED"), ("rejected", "COMPLETED")]
)
async def test_stop_ends_the_run_and_what_is_beside_it(engine: Engine, outcome: str, status: str) -> None:
    engine.define(f"""
        name: stopper
        trigger: {{event: test.fired}}
        actions:
          - paths:
              - label: Stops
                actions:
                  - wait: 300
                  - stop: {outcome}
                    reason: "enough, {{{{event.id}}}}"
                    conditions: {{all: [{{field: event.id, operator: exists}}]}}
              - label: Waits
                actions: [{{wait: 1h, label: Long}}, {{label: Never, actionType: http_request, config: {{method: GET, url: RECEIVER/never}}}}]
              - label: Works
                actions: [{{label: Slow, actionType: http_request, config: {{method: GET, url: RECEIVER/slow}}}}]
              - label: Holds
                actions: [{{label: Held, actionType: http_request, config: {{method: GET, url: RECEIVER/held}}, requireApproval: true}}]
          - {{label: After, actionType: http_request, config: {{method: GET, url: RECEIVER/after}}}}
    """)
    engine.receiver.stall("/slow", 30)
    event = engine.event()
    handle = await engine.start("stopper", event)
    report = await engine.finish(handle, 30)
    assert report["outcome"] == outcome
    assert report["reason"] == f"enough, {event['id']}"
    assert (await handle.describe()).status == WorkflowExecutionStatus[status]
    assert {step(report, name)["status"] for name in ("Long", "Slow", "Held")} == {"canceled"}
    assert {step(report, name)["status"] for name in ("Never", "After")} == {"skipped"}
    assert await handle.query("holds") == []
    assert not engine.receiver.to("/after") + engine.receiver.to("/never") + engine.receiver.to("/held")


async def test_missing_values_are_recorded_and_fail_where_the_author_wants_it(engine: Engine) -> None:
    text = """
        name: missing
        trigger: {event: test.fired, data: [contact]}
        actions:
          - {label: Ask, actionType: http_request, config: {method: POST, url: RECEIVER/echo, body: {n: "{{contact.name}}", t: "Hi {{contact.name}}!"}}}
    """
    engine.define(text)
    report = await engine.run("missing", engine.event({"contact": {}}))
    assert report["outcome"] == "completed"
    assert engine.receiver.to("/echo")[0].body == {"n": None, "t": "Hi !"}
    assert step(report, "Ask")["missing"] == ["contact.name"]
    engine.define(text.replace("trigger:", "missingVariables: fail\n        trigger:"))
    report = await engine.run("missing", engine.event({"contact": {}}))
    assert report["outcome"] == "failed"
    assert step(report, "Ask")["error"]["type"] == "MissingVariable"
    assert len(engine.receiver.requests) == 1


async def test_what_any_kind_of_step_misses_is_recorded_and_fails_where_the_author_wants_it(engine: Engine) -> None:
    text = """
        name: missing-parts
        trigger: {event: test.fired, data: [contact]}
        actions:
          - label: Each
            forEach: "{{contact.orders}}"
            actions: [{wait: 0}]
          - label: Kept
            forEach: "{{contact.emails}}"
            actions: [{wait: 0}]
            collect: "{{item.domain}}"
            saveAs: domains
          - {label: Done, stop: completed, reason: "For {{contact.name}}"}
    """
    data = {"contact": {"emails": [{}, {"domain": "example.com"}, {}]}}
    engine.define(text)
    report = await engine.run("missing-parts", engine.event(data))
    missing = {label: step(report, label)["missing"] for label in ("Each", "Kept", "Done")}
    assert missing == {"Each": ["contact.orders"], "Kept": ["item.domain"], "Done": ["contact.name"]}
    assert report["variables"] == {"domains": [None, "example.com", None]}
    engine.define(text.replace("trigger:", "missingVariables: fail\n        trigger:"))
    report = await engine.run("missing-parts", engine.event(data))
    assert report["outcome"] == "failed"
    assert step(report, "Each")["error"] == {"type": "MissingVariable", "message": "This run has no contact.orders."}


async def test_a_step_whose_conditions_do_not_hold_is_skipped(engine: Engine) -> None:
    engine.define("""
        name: maybe
        trigger: {event: test.fired, data: [vip]}
        actions:
          - label: Only VIPs
            conditions: {all: [{field: vip, operator: equals, value: true}]}
            actionType: http_request
            config: {method: GET, url: RECEIVER/vip}
          - {label: All, actionType: http_request, config: {method: GET, url: RECEIVER/all}}
    """)
    report = await engine.run("maybe", engine.event({"vip": False}))
    assert report["outcome"] == "completed"
    assert step(report, "Only VIPs")["status"] == "skipped"
    assert [r.path for r in engine.receiver.requests] == ["/all"]


async def test_a_template_that_hits_a_limit_fails_its_step(engine: Engine) -> None:
    engine.define("""
        name: bomb
        trigger: {event: test.fired, data: [n]}
        actions:
          - label: Bomb
            actionType: http_request
            config: {method: POST, url: RECEIVER/x, body: {t: "{% for i in (1..n) %}{% for j in (1..n) %}x{% endfor %}{% endfor %}"}}
    """)
    report = await engine.run("bomb", engine.event({"n": 5000}))
    assert report["outcome"] == "failed"
    assert step(report, "Bomb")["error"]["type"] == "TemplateError"
    assert not engine.receiver.requests


async def test_an_answer_too_large_to_keep_was_carried_out_once(engine: Engine) -> None:
    engine.define("""
        name: big
        trigger: {event: test.fired}
        actions:
          - {label: Big, actionType: http_request, config: {method: GET, url: RECEIVER/big}, saveAs: big}
    """)
    engine.receiver.answer("/big", 200, {"pad": "x" * 300_000})
    report = await engine.run("big")
    assert step(report, "Big")["error"]["type"] == "ResultTooLarge"
    assert len(engine.receiver.requests) == 1


async def test_the_runs_budget_ends_the_step_that_would_exceed_it(engine: Engine) -> None:
    engine.define("""
        name: hoarder
        trigger: {event: test.fired}
        actions:
          - {label: First, actionType: http_request, config: {method: GET, url: RECEIVER/big}, saveAs: one}
          - {label: Second, actionType: http_request, config: {method: GET, url: RECEIVER/big}, saveAs: two}
    """)
    engine.state_limit = 300_000
    engine.receiver.answer("/big", 200, {"pad": "x" * 200_000})
    report = await engine.run("hoarder")
    assert step(report, "First")["status"] == "succeeded"
    assert step(report, "Second")["error"]["type"] == "TooLarge"
    assert set(report["variables"]) == {"one"}


async def test_parse_response_false_does_not_make_the_path_wait(engine: Engine) -> None:
    engine.define("""
        name: fire
        trigger: {event: test.fired}
        actions:
          - {label: Slow, actionType: http_request, config: {method: POST, url: RECEIVER/slow, parseResponse: false}}
          - {label: Next, actionType: http_request, config: {method: GET, url: RECEIVER/next}}
    """)
    engine.receiver.stall("/slow", 1)
    handle = await engine.start("fire")
    for _ in range(100):
        report = await handle.query("report")
        if report["steps"] and step(report, "Next")["status"] == "succeeded":
            break
        await asyncio.sleep(0.02)
    assert step(report, "Slow")["status"] == "running"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert step(report, "Slow")["status"] == "succeeded"


async def test_a_failure_in_the_background_fails_the_run(engine: Engine) -> None:
    engine.define("""
        name: fire
        trigger: {event: test.fired}
        actions:
          - {label: Bad, actionType: http_request, config: {method: POST, url: RECEIVER/bad, parseResponse: false}}
          - {label: Next, actionType: http_request, config: {method: GET, url: RECEIVER/next}}
    """)
    engine.receiver.answer("/bad", 400)
    report = await engine.run("fire")
    assert report["outcome"] == "failed"
    assert step(report, "Next")["status"] == "succeeded"
    assert step(report, "Bad")["status"] == "failed"


async def test_retries_honour_retry_after(engine: Engine) -> None:
    engine.define("""
        name: again
        trigger: {event: test.fired}
        actions:
          - {label: Ask, actionType: http_request, config: {method: POST, url: RECEIVER/busy, body: {}}}
    """)
    engine.receiver.answer("/busy", 429, headers={"Retry-After": "2"})
    engine.receiver.answer("/busy", 200)
    loop = asyncio.get_running_loop()
    began = loop.time()
    report = await engine.run("again")
    assert report["outcome"] == "completed"
    assert step(report, "Ask")["attempts"] == 2
    assert len({r.headers["idempotency-key"] for r in engine.receiver.requests}) == 1
    assert loop.time() - began >= 2


async def test_an_unknown_outcome_is_not_repeated_unless_it_is_safe(engine: Engine) -> None:
    engine.define("""
        name: post
        trigger: {event: test.fired}
        actions:
          - {label: Post, actionType: http_request, config: {method: POST, url: RECEIVER/drop, body: {}}}
    """)
    engine.define("""
        name: get
        trigger: {event: test.fired}
        actions:
          - {label: Get, actionType: http_request, config: {method: GET, url: RECEIVER/drop}}
    """)
    engine.receiver.drop("/drop")
    report = await engine.run("post")
    assert report["outcome"] == "failed"
    assert step(report, "Post")["status"] == "unknown"
    assert len(engine.receiver.requests) == 1
    engine.receiver.answer("/drop", 200)
    engine.receiver.requests.clear()
    report = await engine.run("get")
    assert report["outcome"] == "completed"
    assert len(engine.receiver.requests) == 2


async def test_cancellation_reaches_the_action_in_flight(engine: Engine) -> None:
    engine.define("""
        name: slow
        trigger: {event: test.fired}
        actions:
          - {label: Slow, actionType: http_request, config: {method: GET, url: RECEIVER/slow}}
          - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
    """)
    engine.receiver.stall("/slow", 25)
    handle = await engine.start("slow")
    while not engine.receiver.requests:
        await asyncio.sleep(0.02)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await handle.cancel()
    report = await engine.finish(handle, 20)
    assert loop.time() - began < 15
    assert (await handle.describe()).status == WorkflowExecutionStatus.CANCELED
    assert report["outcome"] == "canceled"
    assert step(report, "Slow")["status"] == "canceled"
    assert step(report, "After")["status"] == "skipped"


async def test_the_same_event_runs_once_even_after_the_first_run_has_ended(engine: Engine) -> None:
    from temporalio.exceptions import WorkflowAlreadyStartedError

    engine.define(HELLO)
    event = engine.event({"contact": {"name": "Ada"}, "call": {"waiting_time": 75}})
    handle = await engine.start("hello", event)
    with pytest.raises(WorkflowAlreadyStartedError):
        await engine.start("hello", event)
    await engine.finish(handle)
    with pytest.raises(WorkflowAlreadyStartedError):
        await engine.start("hello", event)
    assert len(engine.receiver.to("/echo")) == 1
    unwanted = await engine.start("event", engine.event(type="nobody.asks"), id=f"unwanted/{engine.task_queue}")
    assert await unwanted.result() == []
    history = await unwanted.fetch_history()
    assert sum(one.ByteSize() for one in history.events) < 2_000


async def test_a_run_keeps_the_plan_it_started_with(engine: Engine) -> None:
    text = """
        name: held
        trigger: {event: test.fired}
        actions:
          - {label: First, actionType: http_request, config: {method: GET, url: RECEIVER/one}, requireApproval: true}
          - {label: Second, actionType: http_request, config: {method: GET, url: RECEIVER/old}}
    """
    engine.define(text)
    handle = await engine.start("held")
    (hold,) = await engine.held(handle)
    engine.define(text.replace("/old", "/new"))
    await handle.signal("approve", {"hold": hold["hold"], "by": "ann"})
    assert (await engine.finish(handle))["outcome"] == "completed"
    assert [r.path for r in engine.receiver.requests] == ["/one", "/old"]
    handle = await engine.start("held")
    (hold,) = await engine.held(handle)
    await handle.signal("approve", {"hold": hold["hold"], "by": "ann"})
    await engine.finish(handle)
    assert engine.receiver.requests[-1].path == "/new"


async def test_a_bad_file_parks_the_run_until_it_is_good(engine: Engine) -> None:
    engine.define("name: broken\ntrigger: {event: test.fired}\nactions: [{actionType: send_smss}]\n")
    handle = await engine.start("broken")
    for _ in range(100):
        report = await handle.query("report")
        if "parked" in report:
            break
        await asyncio.sleep(0.05)
    assert "send_sms" in report["parked"]
    engine.define("""
        name: broken
        trigger: {event: test.fired}
        actions: [{actionType: http_request, config: {method: GET, url: RECEIVER/fixed}}]
    """)
    assert (await engine.finish(handle))["outcome"] == "completed"
    assert engine.receiver.to("/fixed")


async def parked(handle: Any) -> str:
    for _ in range(200):
        report = await handle.query("report")
        if "parked" in report:
            return str(report["parked"])
        await asyncio.sleep(0.05)
    raise AssertionError(report)


DEFINED = """
    name: same
    trigger: {event: test.fired}
    actions: [{actionType: http_request, config: {method: GET, url: "RECEIVER/NAME"}}]
"""


async def test_two_files_of_one_name_park_the_run_until_one_is_gone(engine: Engine) -> None:
    for name in ("one", "two"):
        engine.define(DEFINED.replace("NAME", name), name)
    handle = await engine.start("same")
    assert "one.yaml and " in (sentence := await parked(handle))
    assert "two.yaml" in sentence
    (engine.folder / "one.yaml").unlink()
    assert (await engine.finish(handle))["outcome"] == "completed"
    assert [r.path for r in engine.receiver.requests] == ["/two"]


def test_a_parked_run_asks_in_time_after_a_mend() -> None:
    assert PAUSES[1].total_seconds() + QUIET + 2 * EVERY <= 30, "it goes on within 35 s, on a busy machine too"


async def test_a_run_of_an_old_version_says_so_in_its_report(engine: Engine) -> None:
    engine.define(DEFINED.replace("NAME", "good"), "same")
    assert "outdated" not in await engine.run("same")
    (engine.folder / "same.yaml").write_text("name: same\nactions: 3\n")
    report = await engine.run("same")
    assert report["outcome"] == "completed"
    assert report["outdated"].startswith("The last good version of 'same' runs, not the present one: ")
    assert "same.yaml" in report["outdated"]
    assert [r.path for r in engine.receiver.requests] == ["/good", "/good"]


@pytest.fixture
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parked runs ask often, and continue as new soon."""
    monkeypatch.setattr("workflows.run.parked.long_history", lambda: workflow.info().get_current_history_length() > 8)
    monkeypatch.setattr("workflows.run.parked.PAUSES", (timedelta(milliseconds=50), timedelta(milliseconds=100)))


@pytest.mark.usefixtures("short_histories")
async def test_a_run_that_is_parked_for_long_continues_as_new(engine: Engine) -> None:
    engine.define("name: same\ntrigger: {event: test.fired}\nactions: 3\n", "same")
    handle = await engine.start("same", engine.event({"n": 5}))
    while (await handle.describe()).run_id == handle.first_execution_run_id:
        await asyncio.sleep(0.1)
    assert "same.yaml" in await parked(handle)
    engine.define(DEFINED.replace("NAME", "{{event.id}}-{{n}}"), "same")
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert [r.path for r in engine.receiver.requests] == [f"/{report['event']['id']}-5"]


async def test_dispatch_starts_what_matches_and_says_why_not(engine: Engine) -> None:
    engine.define(HELLO)
    for name, kind in (("other", "call.ended"), ("picky", "test.*")):
        engine.define(
            f"name: {name}\ntrigger: {{event: {kind}}}\nconditions: {{field: call.waiting_time, operator: less_than, value: 9}}\n"
            "actions: [{actionType: http_request, config: {method: GET, url: RECEIVER/x}}]\n"
        )
    event = engine.event({"contact": {"name": "Ada"}, "call": {"waiting_time": 75}})
    answer = {entry["automation"]: entry for entry in await (await engine.start("event", event)).result()}
    assert answer["hello"] == {"automation": "hello", "workflowId": f"hello/{event['id']}", "started": True}
    assert answer["picky"]["started"] is False
    assert "75, not less than 9" in answer["picky"]["reason"]
    assert "other" not in answer
    again = await (await engine.start("event", event, id=f"again/{engine.task_queue}")).result()
    assert next(entry for entry in again if entry["automation"] == "hello")["started"] is False
    handle: Any = engine.client.get_workflow_handle(f"hello/{event['id']}")
    assert (await asyncio.wait_for(handle.result(), 20))["outcome"] == "completed"
    assert len(engine.receiver.to("/echo")) == 1
