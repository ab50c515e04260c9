"""Events over HTTP into a real Temporal: held before they are answered, once each, whoever is there to run them."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from temporalio.service import RPCError, RPCStatusCode

from tests.engine import Engine
from tests.starts import Processes
from tests.workers.command import address, surroundings
from tests.workers.gateway.doors import Served, base64_hmac, hex_hmac, served, sha256
from workers.client.start import StartResult, start
from workers.gateway import intake

CONFIG = """\
baseUrl: https://hooks.example.com
events: {verify: {bearer: t}}
sources:
  calls: {verify: {header: {name: X-Token, value: t}}, event: {type: call.ended, id: "{{body.uuid}}", data: {call: {waiting_time: "{{body.waited}}"}, contact: {name: "{{headers['x-name']}} {{headers['x-token']}}"}}}}
  zendesk: {verify: {zendesk: s}, event: {type: ticket.updated, data: {ticket: "{{body.detail}}"}}}
  sms: {verify: {twilio: s}, event: {type: message.received, data: {message: {body: "{{body.Body}}"}}}}
  stripe: {verify: {stripe: s}, event: {type: "stripe.{{body.type}}", data: {order: "{{body.data}}"}}}
  own: {verify: none, event: {type: own, data: {}}}
"""
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
IN = {"Authorization": "Bearer t"}


def event(name: str, source: str = "/phone", **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": "call.ended",
        "data": {"call": {"waiting_time": 5}},
        **more,
    }


async def started(engine: Engine, run: str) -> Any:
    """Return what a run was started with."""
    async for found in engine.client.get_workflow_handle(run).fetch_history_events(page_size=1):
        payloads = found.workflow_execution_started_event_attributes.input.payloads
        return (await engine.client.data_converter.decode(payloads))[0]
    raise AssertionError("a run has a history")


async def test_events_are_held_before_they_are_answered_and_run_once(engine: Engine, tmp_path: Path) -> None:
    engine.define("name: ended\ntrigger: {event: call.ended}\nactions: [{set: {a: '{{contact.name}}'}}]")
    async with served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as gateway:
        assert (await gateway.send("GET", "/healthz")).status == 200
        # nobody is there to run anything
        ids = [f"{engine.task_queue}-{number}" for number in range(6)]
        one = await gateway.post("/events", event(ids[0]), media=STRUCTURED, **IN)
        assert (one.status, one.json) == (
            202,
            {"events": [{"id": ids[0], "workflowId": f"event/{ids[0]}", "repeated": False}]},
        )
        again = await gateway.post("/events", event(ids[0], time="2026-01-01T00:00:00Z"), media=STRUCTURED, **IN)
        assert (again.status, again.json["events"][0]["repeated"]) == (202, True)
        assert (await gateway.post("/events", event(ids[0], "/other"), media=STRUCTURED, **IN)).status == 409
        batch = [event(ids[1]), event(ids[2]), event(ids[1])]
        assert len((await gateway.post("/events", batch, media=BATCH, **IN)).json["events"]) == 2
        refused = await gateway.post("/events", [event(ids[3]), event(ids[0], "/other")], media=BATCH, **IN)
        assert (refused.status, await runs(engine, f"event/{ids[3]}")) == (409, 0)
        assert (await gateway.post("/events", [], media=BATCH, **IN)).json == {"events": []}
        attributes = {
            "ce_specversion": "1.0",
            "ce_id": ids[4],
            "ce_source": "/phone",
            "ce_type": "call.ended",
            "ce_tenant": "a%20b",
        }
        assert (await gateway.post("/events", {"call": {}}, **attributes, **IN)).status == 202
        held = await started(engine, f"event/{ids[4]}")
        assert (held["tenant"], held["data"], held["datacontenttype"]) == ("a b", {"call": {}}, "application/json")
        await twice(gateway, engine)
        await engine.serve()
        events = (*ids[:3], ids[4], f"calls:{engine.task_queue}")
        results = [await engine.client.get_workflow_handle(f"event/{name}").result() for name in events]
        assert [[line["started"] for line in result] for result in results] == [[True]] * 5
        report = await engine.client.get_workflow_handle(f"ended/calls:{engine.task_queue}").result()
        assert report["variables"] == {"a": "Ada "}, "a template sees no header that proves who sent it"
        after = await gateway.post("/events", event(ids[0]), media=STRUCTURED, **IN)
        assert (after.status, after.json["events"][0]["repeated"]) == (202, True)


async def twice(gateway: Served, engine: Engine) -> None:
    """Send what each kind of vendor sends, and again as it does where it has not heard: each is one event."""
    unique = engine.task_queue
    body = json.dumps({"uuid": unique, "waited": 75}).encode()
    for _ in range(2):
        assert (await gateway.post("/hooks/calls", body, X_Token="t", X_Name="Ada")).status == 202
    assert (await started(engine, f"event/calls:{unique}"))["data"]["call"] == {"waiting_time": 75}
    assert (await started(engine, f"event/calls:{unique}"))["source"] == "/hooks/calls"

    body = b'{"detail": {"id": 7}}'
    for late in (0, 30):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - late))
        signature = base64_hmac("s", stamp.encode() + body)
        proof = {"X_Zendesk_Webhook_Signature": signature, "X_Zendesk_Webhook_Signature_Timestamp": stamp}
        answer = await gateway.post("/hooks/zendesk", body, X_Zendesk_Webhook_Invocation_Id=unique, **proof)
        assert (answer.status, answer.json["events"][0]["repeated"]) == (202, late > 0)
    assert (await started(engine, f"event/zendesk:{unique}"))["data"] == {"ticket": {"id": 7}}

    sid = f"SM{unique}"
    for status in ("", "&MessageStatus=sent"):
        body = f"MessageSid={sid}&Body=Hi%20%26%20bye{status}".encode()
        url = f"https://hooks.example.com/hooks/sms?a=%7e&b=BodyHi & byeMessageSid{sid}{status[1:].replace('=', '')}"
        answer = await gateway.post(
            "/hooks/sms?a=%7e&b=",
            body,
            media="application/x-www-form-urlencoded",
            X_Twilio_Signature=base64_hmac("s", url.encode(), "sha1"),
        )
        assert (answer.status, answer.text) == (204, "")
    assert (await started(engine, f"event/sms:{sid}"))["data"] == {"message": {"body": "Hi & bye"}}
    assert (await started(engine, f"event/sms:{sid}-sent"))["id"] == f"sms:{sid}-sent"

    body, now = json.dumps({"id": f"evt_{unique}", "type": "charge.refunded", "data": {}}).encode(), int(time.time())
    answer = await gateway.post(
        "/hooks/stripe", body, Stripe_Signature=f"t={now},v1={hex_hmac('s', f'{now}.'.encode() + body)}"
    )
    assert answer.json["events"][0]["id"] == f"stripe:evt_{unique}"
    assert (await started(engine, f"event/stripe:evt_{unique}"))["type"] == "stripe.charge.refunded"

    body = json.dumps(unique).encode()
    assert (await gateway.post("/hooks/own", body)).json["events"][0]["id"] == f"own:{sha256(body)}"


async def runs(engine: Engine, run: str) -> int:
    return (await engine.client.count_workflows(f"WorkflowId = '{run}'")).count


async def test_gateways_side_by_side_are_one(engine: Engine, tmp_path: Path) -> None:
    """The same event at two of them, at the same time and later, is one; what one takes the other knows."""
    async with (
        served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as one,
        served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as other,
    ):
        sent = event(engine.task_queue)
        answers = await asyncio.gather(
            *(gate.post("/events", sent, media=STRUCTURED, **IN) for gate in (one, other) * 5)
        )
        assert {answer.status for answer in answers} == {202}
        assert sum(not answer.json["events"][0]["repeated"] for answer in answers) == 1
        foreign = event(engine.task_queue, "/other")
        assert (await other.post("/events", foreign, media=STRUCTURED, **IN)).status == 409


async def test_a_batch_that_was_not_finished_goes_on_where_it_was_left(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a large one would never be taken by a slow Temporal, however often it is sent."""
    batch = [event(f"{engine.task_queue}-{number}") for number in range(5)]
    asked: list[str] = []

    async def slow(client: Any, kind: str, one: dict[str, Any], **options: Any) -> StartResult:
        asked.append(one["id"])
        if len(asked) == 3:  # the others have been started, or wait for this one
            raise RPCError("slow", RPCStatusCode.DEADLINE_EXCEEDED, b"")
        return await start(client, kind, one, **options)

    monkeypatch.setattr(intake, "AT_ONCE", 1)
    monkeypatch.setattr(intake, "start", slow)
    async with served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as gateway:
        assert (await gateway.post("/events", batch, media=BATCH, **IN)).status == 503
        answer = await gateway.post("/events", batch, media=BATCH, **IN)
        assert answer.status == 202
        assert [one["repeated"] for one in answer.json["events"]].count(True) >= 2
        assert [asked.count(one) for one in asked[:2]] == [1, 1], "what was started is not asked for again"
        assert len(asked) <= 5 + 2, "and nothing went on behind the answer"
        monkeypatch.setattr(intake, "source_of", None)
        answer = await gateway.post("/events", batch, media=BATCH, **IN)
        assert [one["repeated"] for one in answer.json["events"]] == [True] * 5


async def test_its_description_is_true(engine: Engine, tmp_path: Path) -> None:
    """What its schema takes is taken, and every answer is one that it names, with the body that it names."""
    async with served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as gateway:
        described = (await gateway.send("GET", "/openapi.json")).json
        assert set(described["paths"]) == {
            *("/healthz", "/livez", "/openapi.json", "/events"),
            *(f"/hooks/{name}" for name in ("calls", "zendesk", "sms", "stripe", "own")),
        }
        operation = described["paths"]["/events"]["post"]
        schema = described["components"]["schemas"]["Event"]
        for number, change in enumerate(CHANGES):
            sent = {**event(f"{engine.task_queue}-{number}"), **change}
            sent = {key: value for key, value in sent.items() if value is not ...}
            answer = await gateway.post("/events", sent, media=STRUCTURED, **IN)
            good = jsonschema.Draft202012Validator(schema).is_valid(sent)
            assert (answer.status == 202) == good, (sent, answer)
            response = operation["responses"][str(answer.status)]
            jsonschema.validate(answer.json, response["content"]["application/json"]["schema"])


WRONG: list[Any] = [..., None, 5, "", [], True]
CHANGES: list[dict[str, Any]] = [
    {},
    {"data": {"x": [None, 1.5, "ü"]}, "tenant": "a"},
    *({name: wrong} for name in ("id", "source", "type", "data", "specversion") for wrong in WRONG),
    *({name: "x" * 501} for name in ("source", "type")),
    *({name: "x" * 500} for name in ("source", "type")),
]


async def test_the_command_says_when_it_is_ready_and_ends_in_order(
    engine: Engine, tmp_path: Path, processes: Processes
) -> None:
    (tmp_path / "gateway.yaml").write_text("events: {verify: {bearer: t}}\n")
    process = await processes.start(
        *(sys.executable, "-m", "workers.cli", "gateway", "--port", "0", "--metrics-address", "127.0.0.1:0"),
        cwd=tmp_path,
        env=surroundings(TEMPORAL_ADDRESS=address(engine), TRUNKLINE_TASK_QUEUE=engine.task_queue),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = (await process.stdout.readline()).decode()
    assert ready.startswith("ready: gateway http://127.0.0.1:"), await process.communicate()
    url = ready.split()[-1]
    gateway = Served(url, None)  # type: ignore[arg-type] # the other process has it
    assert (await gateway.post("/events", event(engine.task_queue), media=STRUCTURED, **IN)).status == 202
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(event(f"{engine.task_queue}-late")).encode()
    head = f"POST /events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nContent-Type: {STRUCTURED}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:20])
    await asyncio.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.2)
    writer.write(body[20:])
    assert b" 202 " in await reader.read(), "what is in flight is finished"
    writer.close()
    await writer.wait_closed()
    _, lines = await process.communicate()
    assert process.returncode == 0
    requests = [json.loads(line) for line in lines.splitlines() if b'"route"' in line]
    told = [(line["method"], line["route"], line["status"], line["source"], line["event"]) for line in requests]
    ids = [engine.task_queue, f"{engine.task_queue}-late"]
    assert told == [("POST", "/events", 202, "events", name) for name in ids]
