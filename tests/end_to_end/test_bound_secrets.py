"""Secrets that are bound to hosts, in runs: wherever one stands in a step, it goes to its hosts or nowhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from tests.activities.speech.conftest import sound
from tests.activities.speech.google_server import FakeGoogle
from tests.end_to_end import test_secrets
from tests.engine import Engine, step
from tests.receiver import Receiver

google = test_secrets.google

TOKEN = "cnry+token/0123456789"
SIGNING = "whsec_Y25yeXNpZ25pbmcwMTIzNDU2Nzg5MDEyMzQ1Njc4OTA="


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[Receiver]:
    """A host that no secret is bound to."""
    async with Receiver() as receiver:
        yield receiver


def host(receiver: Receiver) -> str:
    return receiver.url.removeprefix("http://")


def bind(engine: Engine, *hosts: str) -> None:
    engine.environment |= {"TRUNKLINE_SECRET_TOKEN": TOKEN, "TRUNKLINE_SECRET_SIGNING": SIGNING}
    engine.connections["secrets"] = {"token": {"hosts": [*hosts]}, "signing": {"hosts": [*hosts]}}


PLACES: dict[str, str] = {
    "header": 'http_request, config: {method: GET, url: AT/x, headers: {X-Token: "Bearer {{secrets.token}}"}}',
    "url": 'http_request, config: {method: GET, url: "AT/x?t={{secrets.token}}"}',
    "query": 'http_request, config: {method: GET, url: AT/x, query: {t: "{{secrets.token}}"}}',
    "basic": 'http_request, config: {method: GET, url: AT/x, headers: {Authorization: "Basic {{secrets.user | basic: secrets.token}}"}}',
    "body": 'http_request, config: {method: POST, url: AT/x, body: {deep: ["{{secrets.token}}"]}}',
    "raw body": """http_request, config: {method: POST, url: AT/x, body: '{"t": "{{secrets.token}}"}'}""",
    "form": 'http_request, config: {method: POST, url: AT/x, encoding: form, body: {t: "{{secrets.token}}"}}',
    "other case": 'http_request, config: {method: GET, url: AT/x, headers: {X-Token: "{{secrets.TOKEN}}"}}',
    "values": 'api_request, config: {method: POST, url: AT/x, values: [{key: t, value: "{{secrets.token}}"}]}',
    "webhook": 'send_webhook, config: {url: AT/x, body: {t: "{{secrets.token}}"}}',
    "signature": 'send_webhook, config: {url: AT/x, body: {a: 1}, secret: "{{secrets.signing}}"}',
}


def steps(address: str, name: str) -> str:
    return f"name: {name}\ntrigger: {{event: test.fired}}\nactions:\n" + "\n".join(
        f"  - {{label: {label}, actionType: {config.replace('AT', address)}, onFailure: continue}}"
        for label, config in PLACES.items()
    )


async def test_wherever_it_stands_it_goes_to_its_host_alone(engine: Engine, elsewhere: Receiver) -> None:
    engine.environment["TRUNKLINE_SECRET_USER"] = "ann"
    bind(engine, host(engine.receiver))
    engine.define(steps(engine.receiver.url, "right"))
    engine.define(steps(elsewhere.url, "wrong"))
    report = await engine.run("right")
    assert {step(report, label)["status"] for label in PLACES} == {"succeeded"}, report
    assert len(engine.receiver.to("/x")) == len(PLACES)
    report = await engine.run("wrong")
    for label in PLACES:
        error = step(report, label)["error"]
        assert error["type"] == "Refused"
        assert f"may go to {host(engine.receiver)} only" in error["message"]
        assert f"this request goes to {host(elsewhere)}" in error["message"]
    assert TOKEN not in json.dumps(report)
    assert elsewhere.requests == []


REDIRECTED = """
name: redirected
trigger: {event: test.fired}
actions:
  - label: Moved
    actionType: http_request
    config: {method: METHOD, url: RECEIVER/moved, followRedirects: 3, headers: {X-Token: "{{secrets.token}}"}, body: BODY}
    onFailure: continue
"""


@pytest.mark.parametrize("status", [302, 303, 307])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_does_not_take_it_along(engine: Engine, elsewhere: Receiver, method: str, status: int) -> None:
    bind(engine, host(engine.receiver))
    engine.receiver.answer("/moved", status, headers={"Location": f"{elsewhere.url}/y"})
    body = "null" if method == "GET" else '{t: "{{secrets.token}}"}'
    engine.define(REDIRECTED.replace("METHOD", method).replace("BODY", body))
    entry = step(await engine.run("redirected"), "Moved")
    assert (entry["status"], entry["error"]["type"]) == ("failed", "Refused")
    assert "The secret 'token' may go to" in entry["error"]["message"]
    assert len(engine.receiver.to("/moved")) == 1
    assert elsewhere.requests == []


VENDORS = """
name: vendors
trigger: {event: test.fired}
actions:
  - {label: Slack, actionType: send_slack_message, config: {channel: "#ops", text: Hi, token: "{{secrets.token}}", connection: team-slack}, onFailure: continue}
  - {label: Post, actionType: send_slack_message, config: {channel: "#ops", text: "It is {{secrets.token}}"}, onFailure: continue}
  - {label: Text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: "It is {{secrets.token}}"}, onFailure: continue}
"""


@pytest.mark.parametrize("at_home", [True, False])
async def test_a_connections_address_counts_for_what_its_sdk_sends(engine: Engine, at_home: bool) -> None:
    bind(engine, host(engine.receiver) if at_home else "shop.example.com")
    engine.define(VENDORS)
    report = await engine.run("vendors")
    found = {label: step(report, label) for label in ("Slack", "Post", "Text")}
    assert {entry["status"] for entry in found.values()} == {"succeeded" if at_home else "failed"}, report
    assert len(engine.receiver.requests) == (3 if at_home else 0)
    assert at_home or {entry["error"]["type"] for entry in found.values()} == {"Refused"}


async def test_the_vendor_that_a_connection_stands_in_for_is_the_host_that_was_meant(engine: Engine) -> None:
    bind(engine, "slack.com")
    engine.connections["team-slack"]["standsFor"] = "slack.com"
    engine.define(VENDORS)
    report = await engine.run("vendors")
    assert {label: step(report, label)["status"] for label in ("Slack", "Post", "Text")} == {
        "Slack": "succeeded",
        "Post": "succeeded",
        "Text": "failed",
    }


RECORDINGS = {
    "at once": ({"recording": "RECEIVER/1.wav?t={{secrets.token}}"}, "succeeded"),
    "a job": ({"recording": "RECEIVER/1.wav?t={{secrets.token}}", "connection": "bucket"}, "succeeded"),
    "moved": ({"recording": "RECEIVER/moved.wav?t={{secrets.token}}"}, "succeeded"),
    "told on": ({"recording": "RECEIVER/told.wav?t={{secrets.token}}"}, "failed"),
    "elsewhere": ({"recording": "ELSEWHERE/1.wav?t={{secrets.token}}"}, "failed"),
    "object": ({"recording": "gs://acme/{{secrets.token}}.wav"}, "failed"),
    "looked at": ({"recording": "gs://acme/{{secrets.token}}.mp3"}, "failed"),
    "model": ({"recording": "RECEIVER/1.wav?t=1", "model": "{{secrets.token}}"}, "failed"),
    "job's model": (
        {"recording": "RECEIVER/1.wav?t=1", "model": "{{secrets.token}}", "connection": "bucket"},
        "failed",
    ),
}


async def test_a_recording_is_fetched_with_it_and_google_gets_none_of_it(
    engine: Engine, google: FakeGoogle, elsewhere: Receiver, tmp_path: Path
) -> None:
    """Two hosts in one attempt: what is judged is each request's own content, the SDK's own connection included."""
    bind(engine, host(engine.receiver))

    async def answer(request: web.Request) -> web.StreamResponse:
        told = request.path.startswith("/told")
        there = f"{elsewhere.url}/1.wav?{request.query_string if told else 'signed=1'}"
        return web.Response(status=302, headers={"Location": there})

    async def audio(_: web.Request) -> web.StreamResponse:
        return web.Response(body=sound())

    engine.receiver.answers |= {"/1.wav": [audio], "/moved.wav": [answer], "/told.wav": [answer]}
    elsewhere.answers["/1.wav"] = [audio]
    lines = []
    for label, (config, _) in RECORDINGS.items():
        written = json.dumps(config).replace("ELSEWHERE", elsewhere.url)
        lines.append(
            f'  - {{label: "{label}", actionType: transcribe_recording, config: {written}, onFailure: continue, '
            "retry: {maximumAttempts: 1}}"
        )
    engine.define("name: speech\ntrigger: {event: recording.uploaded}\nactions:\n" + "\n".join(lines))
    report = await engine.finish(await engine.start("speech", engine.event(type="recording.uploaded")), 120)
    found = {label: step(report, label)["status"] for label in RECORDINGS}
    assert found == {label: status for label, (_, status) in RECORDINGS.items()}, report
    for label, (_, status) in RECORDINGS.items():
        assert status == "succeeded" or "The secret 'token' may go to" in step(report, label)["error"]["message"], label
    assert [request.query for request in elsewhere.requests] == [{"signed": "1"}]
    assert TOKEN not in str([google.recognized, google.__dict__])


APPROVED = """
name: approved
trigger: {event: test.fired}
actions:
  - label: Ask
    actionType: http_request
    config: {method: POST, url: ELSEWHERE/x, headers: {X-Token: "{{secrets.token}}"}}
    requireApproval: {approvers: [lead@example.com]}
    onFailure: continue
"""


async def test_a_held_request_shows_the_same_and_is_refused_when_it_is_sent(
    engine: Engine, elsewhere: Receiver
) -> None:
    bind(engine, host(engine.receiver))
    engine.define(APPROVED.replace("ELSEWHERE", elsewhere.url))
    handle = await engine.start("approved")
    [hold] = await engine.held(handle)
    assert hold["request"]["config"]["headers"] == {"X-Token": "{{secrets.token}}"}
    assert [place["name"] for place in hold["request"]["secrets"]] == ["token"]
    await engine.decide(handle, hold=hold["hold"], decision="approve", by="lead@example.com")
    entry = step(await engine.finish(handle), "Ask")
    assert (entry["status"], entry["error"]["type"]) == ("failed", "Refused")
    assert elsewhere.requests == []
