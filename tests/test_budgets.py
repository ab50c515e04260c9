"""No input makes a workflow task fail, or a run stall: whatever comes, it runs or ends with a sentence, in seconds."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from tests.engine import Engine, step

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
        assert isinstance(error.cause, ApplicationError), error.cause
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
    assert got["status"] == "succeeded" or got["error"]["message"].endswith((".", "…")), got


def answer(engine: Engine, path: str, text: str) -> None:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(body=text.encode("utf-8", "surrogatepass"), content_type="application/json")

    engine.receiver.answers.setdefault(path, []).append(respond)
