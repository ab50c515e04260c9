"""No input makes a workflow task fail, or a run stall: whatever comes, it runs or ends with a sentence, in seconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from typing import Any

import pytest
from aiohttp import web
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from tests.engine import Engine, step
from trunkline.actions import Config, Context, action
from workers.process.replay_clock import LARGEST as ANSWERED
from workflows.run import walk
from workflows.view.attributes import APPROVERS, HOLDS

JSON = dict[str, Any]

SECONDS = 30
"""Most a run may take here, on a machine that does other things too."""


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


VALUES: dict[str, str] = {
    "NUL": '"a\\u0000b"',
    "half a character": '"a\\ud83db"',
    "half a character as a key": '{"\\udc00": 1}',
    "a long text": json.dumps("x" * 400_000),
    "a long text of wide characters": json.dumps("\U0001f600" * 100_000, ensure_ascii=False),
    "a long text of controls": '"' + "\\u0001" * 80_000 + '"',
    "a 400-digit number": "9" * 400,
    "a 4,000-digit number": "9" * 4_000,
    "a 5,000-digit number": "9" * 5_000,
    "a 5,000-digit text": f'"{"9" * 5_000}"',
    "1e400": "1e400",
    "1e400 as a text": '"1e400"',
    "1e308": "1e308",
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "keys that stand twice": '{"a": 1, "a": 2}',
    "10,000 elements": json.dumps(list(range(10_000))),
    "10,000 keys": json.dumps({f"k{n}": n for n in range(10_000)}),
    "an empty key": '{"": {"": [""]}}',
    "90 deep": deep(90),
    "97 deep": deep(97),
    "98 deep": deep(98),
    "99 deep": deep(99),
    "100 deep": deep(100),
    "101 deep": deep(101),
    "500 deep": deep(500),
    "5,000 deep": deep(5_000),
    "nothing": "null",
    "a secret's spelling": '"{{secrets.shop_token}}"',
}

PLACES = """
name: NAME
trigger: {event: test.fired, data: [x, many]}
actions:
  BEFORE
  - onFailure: continue
    paths:
      - actions:
          - {label: Body, actionType: http_request, config: {method: POST, url: RECEIVER/echo, body: {x: "VALUE"}}, saveAs: echo}
          - {label: Again, actionType: http_request, config: {method: POST, url: RECEIVER/echo, body: {x: "{{variables.echo.body}}"}}}
      - actions: [{label: Text, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: "so: VALUE"}}]
      - actions: [{label: Raw, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: '{"x": "VALUE", "y": VALUE}'}}]
      - actions: [{label: Form, actionType: http_request, config: {method: POST, url: RECEIVER/x, encoding: form, body: {x: "VALUE"}}}]
      - actions: [{label: Query, actionType: http_request, config: {method: GET, url: "RECEIVER/x/VALUE?x=VALUE", query: {y: "VALUE"}}}]
      - actions: [{label: Header, actionType: http_request, config: {method: GET, url: RECEIVER/x, headers: {X-Value: "VALUE"}}}]
      - actions: [{label: Host, actionType: http_request, config: {method: GET, url: "https://VALUE/x"}}]
      - actions: [{label: Text message, actionType: send_sms, config: {from: "+15550100", to: "VALUE", text: "VALUE"}}]
      - actions: [{label: Post, actionType: send_slack_message, config: {channel: "#ops", text: "so: VALUE"}}]
      - actions: [{label: Until, wait: {until: "VALUE"}}]
      - actions: [{label: Until a sum, wait: {until: "{{PATH | times: PATH}}"}}]
      - actions: [{label: Each of a sum, forEach: "{{PATH | times: PATH}}", actions: [{wait: 1s}]}]
      - actions:
          - label: Each
            forEach: "VALUE"
            maxItems: 10000
            actions: [{label: Item, conditions: {field: item, operator: equals, value: 9999}, actionType: send_slack_message, config: {channel: "#ops", text: "{{item}}"}}]
            collect: "{{item}}"
            saveAs: items
          - {label: Listed, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {x: "{{variables.items}}"}}}
      - actions:
          - label: Approved
            actionType: http_request
            config: {method: POST, url: RECEIVER/x, body: {x: "VALUE"}}
            requireApproval: {expiresAfter: 100ms, approvers: ["VALUE", "so: VALUE", "{{PATH | times: PATH}}"]}
      - actions:
          - {label: Sums, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {x: "{{PATH | times: 9 | times: 1.5 | plus: 1}}", y: "{{PATH | times: PATH}}", z: "{{PATH | divided_by: 3 | round: 2}}"}}}
      - actions:
          - {label: Filters, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {x: "{{PATH | json}}", y: "{{PATH | size}}", z: "{{PATH | truncate: 20}}", w: "{{PATH | split: '' | join: '-'}}"}}}
      - actions:
          - {label: Base64, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {x: "{{PATH | base64_encode}}", y: "{{PATH | url_encode}}"}}}
      - actions:
          - {label: Date, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {x: "{{PATH | date: '%Y'}}"}}}
      - actions:
          - {label: Sorted, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {x: "{{PATH | sort | uniq | sum}}"}}}
      - actions:
          - label: Asked
            branch:
              - conditions: {any: [OPERATORS]}
                actions: [{label: Yes, actionType: send_slack_message, config: {channel: "#ops", text: "yes"}}]
            otherwise: [{stop: completed, reason: "VALUE"}]
"""

OPERATORS = (
    "equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with", "greater_than", "greater_or_equal",
    "less_than", "less_or_equal", "in", "not_in",
)  # fmt: skip


def places(name: str, path: str, before: str = "") -> str:
    """Return a definition that uses one value in every place where a value can stand."""
    against = ("VALUE", "{{now}}", "5", "x")
    tests = [
        f'{{all: [{{field: "{field}", operator: {operator}, value: "{value}"}}, {{field: run.id, operator: equals, value: no}}]}}'
        for operator in OPERATORS
        for field, value in [*((path, value) for value in against), ("run.id", "VALUE")]
        if "in" not in operator.split("_") or value == "VALUE"
    ]
    tests.append(f'{{field: "{path}", operator: matches, value: "^never$"}}')
    text = PLACES.replace("OPERATORS", ", ".join(tests)).replace("BEFORE", before).replace("NAME", name)
    return text.replace("VALUE", "{{PATH}}").replace("PATH", path)


def payload(text: str) -> RawValue:
    """Return a JSON text as it stands, as any client may send it."""
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=text.encode("utf-8", "surrogatepass")))


async def ended(handle: WorkflowHandle[Any, Any]) -> tuple[JSON, str]:
    """Wait until a run is over; return its report, and the sentence with which it failed, if it did."""
    said, report = "", {}
    try:
        report = await asyncio.wait_for(handle.result(), SECONDS)
    except WorkflowFailureError as error:
        assert isinstance(error.cause, ApplicationError), error.cause  # noqa: PT017 # other errors are raised as they are
        said = error.cause.message
        report = await handle.query("report")
    except TimeoutError:
        raise AssertionError(f"The run stalls: {await failures(handle) or await handle.query('report')}") from None
    assert not await failures(handle)
    json.dumps(report, allow_nan=False)
    return report, said


async def failures(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Return why workflow tasks failed; a task that a signal overtook does not count."""
    found = []
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            attributes = event.workflow_task_failed_event_attributes
            if attributes.cause != WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND:
                found.append(f"{attributes.failure.message}\n{attributes.failure.stack_trace}"[:3000])
    return found


@pytest.mark.parametrize("name", VALUES)
async def test_any_value_of_an_event(engine: Engine, name: str) -> None:
    engine.define(places("anything", "x"))
    event = json.dumps(engine.event()).replace('"data": {}', f'"data": {{"x": {VALUES[name]}}}')
    report, said = await ended(await engine.start("anything", payload(event)))
    assert said.endswith(".") or report["outcome"] == "completed", said


@pytest.mark.parametrize("name", VALUES)
async def test_any_value_of_an_answer(engine: Engine, name: str) -> None:
    engine.define(
        places(
            "answered",
            "variables.got.body.x",
            "- {label: Get, actionType: http_request, config: {method: GET, url: RECEIVER/odd}, saveAs: got, onFailure: continue, retry: {maximumAttempts: 1}}",
        )
    )
    answer(engine, "/odd", f'{{"x": {VALUES[name]}}}')
    report, _ = await ended(await engine.start("answered"))
    assert report["outcome"] == "completed"
    got = step(report, "Get")
    assert got["status"] == "succeeded" or got["error"]["message"], got


def answer(engine: Engine, path: str, text: str) -> None:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(body=text.encode("utf-8", "surrogatepass"), content_type="application/json")

    engine.receiver.answers.setdefault(path, []).append(respond)


HELD = """
    name: held
    trigger: {event: test.fired}
    actions:
      - label: Pay
        actionType: http_request
        config: {method: POST, url: RECEIVER/pay, body: {}}
        requireApproval: {approvers: [lead@example.com]}
      - {label: Odd, actionType: http_request, config: {method: GET, url: RECEIVER/refused}, onFailure: hold}
"""


@pytest.mark.parametrize("name", VALUES)
async def test_any_value_of_a_decision(engine: Engine, name: str) -> None:
    engine.define(HELD)
    engine.receiver.answer("/refused", 400)
    handle = await engine.start("held")
    await engine.held(handle)
    value = VALUES[name]
    for said in (value, f'{{"hold": {value}, "by": "lead@example.com"}}', f'{{"hold": "pay", "by": {value}}}'):
        await handle.signal("approve", payload(said))
        await handle.signal("reject", args=[payload(said), payload(said)])
        assert (await handle.execute_update("decide", payload(said)))["result"] in {
            "invalid",
            "not_found",
            "not_allowed",
        }
    for extra in ("reason", "digest", "more"):
        said = f'{{"hold": "pay", "by": "nobody", "decision": "approve", "{extra}": {value}}}'
        assert (await handle.execute_update("decide", payload(said)))["result"] in {"invalid", "not_allowed"}
    json.dumps(await handle.query("holds", payload(value)))
    await handle.query("report", payload(value))
    await handle.query("__temporal_workflow_metadata")
    await handle.signal("approve", {"hold": "pay", "by": "lead@example.com"})
    held = (await engine.held(handle))[0]
    while held["hold"] == "pay":
        held = (await engine.held(handle))[0]
    await handle.signal(
        "reject", payload(f'{{"hold": "odd", "by": "lead@example.com", "decision": "stop", "reason": {value}}}')
    )
    await engine.decide(handle, hold="odd", decision="stop", by="lead@example.com", reason="no " + "\U0001f600" * 999)
    report, said = await ended(handle)
    assert said, report
    assert len(engine.receiver.to("/pay")) == 1


async def test_a_decision_with_half_characters_is_taken_and_shown(engine: Engine) -> None:
    engine.define(HELD)
    engine.receiver.answer("/refused", 400)
    handle = await engine.start("held")
    await engine.held(handle)
    said = '{"hold": "pay", "by": "lead@example.com", "decision": "reject", "reason": "no \\ud83d"}'
    receipt = await handle.execute_update("decide", payload(said))
    assert receipt["result"] in {"accepted", "invalid"}
    if receipt["result"] == "invalid":
        await engine.decide(handle, hold="pay", decision="reject", by="lead@example.com")
    report, _ = await ended(handle)
    assert report["outcome"] == "rejected"
    await handle.query("__temporal_workflow_metadata")


LARGEST = 2 * 1024 * 1024


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("size", [512 * 1024, LARGEST])
async def test_an_event_around_a_limit(engine: Engine, size: int, over: int) -> None:
    """Counted is the payload: what Temporal refuses reaches no run, everything else ends."""
    engine.define("""
        name: sized
        trigger: {event: test.fired, data: [pad]}
        actions: [{wait: 1ms}]
    """)
    event = engine.event({"pad": ""})
    bare = len(json.dumps(event, separators=(",", ":")))
    event["data"]["pad"] = "x" * (size + over - bare)
    try:
        handle = await engine.start("sized", payload(json.dumps(event, separators=(",", ":"))))
    except RPCError as error:
        assert (size, "exceeds" in error.message) == (LARGEST, True)  # noqa: PT017 # what Temporal refuses reaches no run
        return
    report, said = await ended(handle)
    if size < LARGEST and over <= 0:
        assert report["outcome"] == "completed"
    else:
        assert "512 KiB" in said


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("size", [256 * 1024, 1024 * 1024, LARGEST])
async def test_an_answer_around_a_limit(engine: Engine, size: int, over: int) -> None:
    engine.define("""
        name: large
        trigger: {event: test.fired}
        actions:
          - {label: Get, actionType: http_request, config: {method: GET, url: RECEIVER/large}, saveAs: got}
    """)
    answer(engine, "/large", json.dumps("x" * (size + over - 2)))
    report, said = await ended(await engine.start("large"))
    assert step(report, "Get")["error"]["type"] == "ResultTooLarge"
    assert "pick" in said
    assert len(engine.receiver.to("/large")) == 1


def padded(size: int) -> RawValue:
    """Return a decision of so many bytes that means nothing."""
    return payload(f'{{"hold": "pay", "reason": "{"x" * (size - 29)}"}}')


SIZES = [ANSWERED - 1_000, LARGEST - 1_024, LARGEST - 1, LARGEST, LARGEST + 1, 2_500_000, 3_500_000, 4_190_000]
"""Up to what Temporal takes as one request."""


@pytest.mark.parametrize("cached", [0, 1000])
@pytest.mark.parametrize("size", SIZES)
async def test_a_decision_around_temporals_limit(engine: Engine, size: int, cached: int) -> None:
    """Temporal takes an update that no worker can answer, so its sender is told at once, and the run does not see it."""
    engine.cached = cached
    engine.define(HELD)
    engine.receiver.answer("/refused", 400)
    handle = await engine.start("held")
    await engine.held(handle)
    said = padded(size)
    with contextlib.suppress(RPCError):
        await handle.signal("approve", said)
    began = asyncio.get_running_loop().time()
    if size <= ANSWERED:
        assert (await handle.execute_update("decide", said))["result"] == "invalid"
    else:
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await handle.execute_update("decide", said)
        assert "UnprocessedUpdate" in str(caught.value.cause)
    assert asyncio.get_running_loop().time() - began < 10, "it did not stall"
    await engine.decide(handle, hold="pay", by="lead@example.com", decision="reject")
    report, _ = await ended(handle)
    assert report["outcome"] == "rejected"
    assert not engine.receiver.to("/pay")


async def test_many_large_decisions_at_once_are_answered_or_refused(engine: Engine) -> None:
    """Each alone could be answered, all in one task could not."""
    engine.define(HELD)
    engine.receiver.answer("/refused", 400)
    handle = await engine.start("held")
    await engine.held(handle)
    await engine.stop()
    said = padded(1_200_000)
    waiting = [asyncio.create_task(handle.execute_update("decide", said)) for _ in range(6)]
    await asyncio.sleep(1)
    await engine.serve()
    receipts = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), SECONDS)
    invalid = [receipt for receipt in receipts if isinstance(receipt, dict) and receipt["result"] == "invalid"]
    assert invalid
    assert len(invalid) + sum(isinstance(receipt, WorkflowUpdateFailedError) for receipt in receipts) == 6
    await engine.decide(handle, hold="pay", by="lead@example.com", decision="reject")
    report, _ = await ended(handle)
    assert report["outcome"] == "rejected"


@pytest.mark.parametrize("value", VALUES)
async def test_any_value_of_an_inline_definition(engine: Engine, value: str) -> None:
    plain = dict.fromkeys(["body", "label", "value", "reason", "name", "data"], '"x"') | {"step": '{"wait": "1ms"}'}
    handles = []
    for place in plain:
        asked = inline(engine, {**plain, "data": '["y"]', place: VALUES[value]})
        try:
            handles.append(await engine.start("inline", payload(asked)))
        except RPCError as error:  # what Temporal refuses reaches no run
            assert "exceeds" in error.message  # noqa: PT017 # same
    for handle in handles:
        report, said = await ended(handle)
        assert said or report["outcome"] == "completed"


def inline(engine: Engine, places: dict[str, str]) -> str:
    """Return what starts an inline run of a definition with JSON texts in its places."""
    definition = (
        f'{{"name": {places["name"]}, "trigger": {{"event": "test.fired", "data": {places["data"]}}},'
        f'"conditions": {{"not": {{"field": "event.id", "operator": "equals", "value": {places["value"]}}}}}, "actions": ['
        f'{{"label": {places["label"]}, "actionType": "http_request", "config": {{"method": "POST",'
        f'"url": "{engine.receiver.url}/x", "body": {{"x": {places["body"]}}}}}}}, {places["step"]},'
        f'{{"stop": "completed", "reason": {places["reason"]}}}]}}'
    )
    return f'{{"automation": {definition}, "event": {json.dumps(engine.event())}}}'


async def test_values_that_are_kept_again_and_again_reach_the_budget_and_not_temporals(engine: Engine) -> None:
    request = {"method": "POST", "url": f"{engine.receiver.url}/x"}
    actions: list[JSON] = []
    for n in range(8):
        get = {"actionType": "http_request", "config": {"method": "GET", "url": f"{engine.receiver.url}/large"}}
        use = {"actionType": "http_request", "config": {**request, "body": {"all": "{{variables}}"}}}
        approval = {"approvers": [f"{{{{variables.got{n}.body.name}}}}"], "expiresAfter": "100ms"}
        hold = {"actionType": "http_request", "config": {**request, "body": {"a": f"{{{{variables.got{n}.body}}}}"}}}
        actions += [
            {**get, "label": f"Get {n}", "saveAs": f"got{n}", "onFailure": "continue"},
            {**use, "label": f"Use {n}", "onFailure": "continue"},
            {
                "label": f"Aside {n}",
                "paths": [{"actions": [{**hold, "requireApproval": approval}]}],
                "onFailure": "continue",
            },
        ]
    actions.append({"stop": "failed", "reason": "{{variables}}"})
    engine.define(
        json.dumps({"name": "hoarder", "trigger": {"event": "test.fired"}, "actions": actions}), name="hoarder"
    )
    answer(engine, "/large", json.dumps({"name": "n" * 20_000, "pad": "\U0001f600" * 18_000}))
    report, said = await ended(await engine.start("hoarder"))
    assert report["outcome"] == "failed"
    assert {"TooLarge"} <= {entry["error"]["type"] for entry in report["steps"] if "error" in entry}
    assert len(json.dumps(report)) < 1024 * 1024
    assert len(said) < 3_000


async def test_a_long_loop_of_nothing_and_one_of_failures_end(engine: Engine) -> None:
    engine.define("""
        name: loops
        trigger: {event: test.fired, data: [many, some]}
        actions:
          - paths:
              - actions:
                  - label: Nothing
                    forEach: "{{many}}"
                    maxItems: 10000
                    parallel: 100
                    actions: [{conditions: {field: item, operator: equals, value: -1}, wait: 1h}]
              - actions:
                  - label: Failing
                    forEach: "{{some}}"
                    maxItems: 10000
                    onFailure: continue
                    actions: [{wait: {until: "day {{item}}"}}]
              - actions:
                  - label: Collecting
                    forEach: "{{some}}"
                    maxItems: 10000
                    actions: [{conditions: {field: item, operator: equals, value: -1}, wait: 1h}]
                    collect: "{{item | append: ' of very many, which is a text that is long enough to reach the budget of a run'}}"
                    saveAs: all
    """)
    event = engine.event({"many": list(range(10_000)), "some": list(range(4_000))})
    report, _ = await ended(await engine.start("loops", event))
    assert step(report, "Nothing")["counts"] == {"succeeded": 10_000}
    assert step(report, "Failing")["counts"] == {"failed": 4_000}
    assert step(report, "Collecting")["status"] in {"succeeded", "failed"}
    assert len(json.dumps(report)) < 1024 * 1024


async def test_many_costly_conditions_end(engine: Engine) -> None:
    steps = "\n".join(
        f"  - {{conditions: {{field: text, operator: matches, value: '(a|b)*c{n}$'}}, wait: 1h}}" for n in range(1_000)
    )
    engine.define(f"name: costly\ntrigger: {{event: test.fired, data: [text]}}\nactions:\n{steps}")
    report, _ = await ended(await engine.start("costly", engine.event({"text": "ab" * 200_000})))
    assert report["outcome"] == "completed"


ODD: dict[str, Any] = {
    "infinity": float("inf"),
    "NaN": [float("nan")],
    "a 5,000-digit number": 10**5_000,
    "101 deep": json.loads(deep(101)),
    "900 deep": json.loads(deep(900)),
    "a set": {1, 2},
    "bytes": b"x",
    "half a character": {"\udc00": "a\ud83d"},
    "emoji": "\U0001f600",
}


class Nothing(Config):
    pass


@pytest.mark.parametrize("name", ODD)
async def test_any_result_of_an_action(engine: Engine, name: str) -> None:
    calls = []

    @action("odd", repeat="safe", example={})
    async def odd(config: Nothing, context: Context) -> Any:
        """Give anything."""
        calls.append(config)
        return ODD[name]

    engine.actions["odd"] = odd
    engine.define("""
        name: odd
        trigger: {event: test.fired}
        actions:
          - {label: Odd, actionType: odd, saveAs: got}
          - {stop: failed, reason: "{{variables.got}}"}
    """)
    report, said = await ended(await engine.start("odd"))
    assert len(calls) == 1
    if name in {"half a character", "emoji"}:
        assert said in {'{"\ufffd":"a\ufffd"}', "\U0001f600"}
    else:
        assert step(report, "Odd")["error"]["type"] == "ResultTooLarge", report


async def test_many_holds_and_approvers_fit_into_search_attributes(engine: Engine) -> None:
    engine.define("""
        name: crowd
        trigger: {event: test.fired, data: [people]}
        actions:
          - forEach: "{{people}}"
            parallel: 100
            actions:
              - label: Pay a person whose name is long
                actionType: http_request
                config: {method: POST, url: RECEIVER/pay, body: {}}
                requireApproval: {approvers: ["{{item}}"], expiresAfter: 1h}
    """)
    people = [str(n) + "-" + "\u017e" * 240 + "@example.com" for n in range(90)]
    handle = await engine.start("crowd", engine.event({"people": people}))
    await engine.held(handle, 90)
    attributes = (await handle.describe()).typed_search_attributes
    for key in (HOLDS, APPROVERS):
        kept = attributes[key]
        assert kept[-1] == "more"
        assert len(json.dumps(list(kept))) <= 1_536
    await handle.cancel()
    assert (await engine.finish(handle))["outcome"] == "canceled"
    assert not await failures(handle)


async def test_a_run_hands_over_as_much_as_it_may_keep(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    def must(self: walk.Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > 60

    monkeypatch.setattr(walk.Walk, "must_continue_as_new", must)
    chance = random.Random(7)  # noqa: S311 # what does not compress, the same each time
    gets = "\n".join(
        f"  - {{actionType: http_request, config: {{method: GET, url: RECEIVER/{n}}}, saveAs: got{n}}}"
        for n in range(4)
    )
    asks = "\n".join("  - {actionType: http_request, config: {method: GET, url: RECEIVER/x}}" for _ in range(20))
    padding = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=300_000))
    engine.define(
        f"name: heavy\ndescription: x\ntrigger: {{event: test.fired, data: [pad]}}\nactions:\n{gets}\n{asks}\n"
        + "".join(
            f"  - {{stop: completed, reason: '{padding[n : n + 3_900]}', conditions: {{any: []}}}}\n"
            for n in range(0, 300_000, 3_900)
        )
    )
    for n in range(4):
        answer(
            engine, f"/{n}", json.dumps("".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789+/ABC", k=150_000)))
        )
    pad = "".join(map(chr, chance.choices(range(0x1F300, 0x1F600), k=125_000)))
    handle = await engine.start("heavy", engine.event({"pad": pad}))
    report, _ = await ended(handle)
    assert report["outcome"] == "completed"
    assert set(report["variables"]) == {f"got{n}" for n in range(4)}
    assert (await handle.describe()).run_id != handle.first_execution_run_id, "it continued as new"
