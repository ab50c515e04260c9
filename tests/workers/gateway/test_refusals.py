"""What the doors for events refuse, and that nothing is lost where Temporal does not answer: no server is needed."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client

from tests.workers.gateway.doors import Served, hex_hmac, served, slack_headers
from workers.gateway import requests
from workers.gateway.cloudevents import MOST_EVENTS
from workers.gateway.requests import MOST_BODY

CONFIG = """\
events: {verify: {bearer: [new, old]}}
sources:
  calls: {verify: {bearer: t}, event: {type: call.ended, id: "{{body.uuid}}", data: {call: "{{body}}", sum: "{{body.a | plus: 1}}"}}}
  plain: {verify: none, event: {type: "{{body.kind}}", data: {body: "{{body}}"}}}
  github: {verify: {github: secret}, event: {type: push, data: {}}}
  chat: {verify: {slack: secret}, event: {type: chat, data: {}}}
"""
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
GOOD = {"specversion": "1.0", "id": "1", "source": "/a", "type": "call.ended", "data": {}}
IN = {"Authorization": "Bearer new"}


@pytest_asyncio.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Served]:
    """A gateway whose Temporal does not answer."""
    client = await Client.connect("127.0.0.1:1", lazy=True)
    async with served(client, tmp_path, CONFIG) as one:
        yield one


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    ("body", "media", "status", "sentence"),
    [
        ("", STRUCTURED, 400, "no JSON: it is empty"),
        ("{", STRUCTURED, 400, "no JSON"),
        ('{"id": NaN}', STRUCTURED, 400, "no NaN"),
        (b"\xff", STRUCTURED, 400, "UTF-8"),
        ("[" * 5000, STRUCTURED, 400, "nests deeper"),
        ([], STRUCTURED, 400, "this is a list"),
        (GOOD, BATCH, 400, "A batch is a list"),
        *((without(name), STRUCTURED, 400, f"`{name}`") for name in GOOD),
        *(({**GOOD, name: 5}, STRUCTURED, 400, f"`{name}`") for name in GOOD),
        ({**GOOD, "specversion": "0.3"}, STRUCTURED, 400, "`specversion`"),
        ({**GOOD, "id": "a\x00b"}, STRUCTURED, 400, "control characters"),
        ({**GOOD, "id": "x" * 250}, STRUCTURED, 400, "at most 249 bytes"),
        *(({**GOOD, "time": time}, STRUCTURED, 400, "`time`") for time in ("", "now", 5, "2026-01-01", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00")),
        *(({**GOOD, name: value}, STRUCTURED, 400, f"`{name}`") for name in ("subject", "datacontenttype", "dataschema") for value in ("", 5)),
        *(({**GOOD, "time": time, "subject": None}, STRUCTURED, 503, "") for time in (None, "2026-01-01T00:00:00Z", "2016-12-31t23:59:60.123456789+01:00")),
        ({**GOOD, "data": {"x": "y" * 530_000}}, STRUCTURED, 413, "at most 512 KiB"),
        ("x" * (MOST_BODY + 1), STRUCTURED, 413, "at most 1,024 KiB"),
        ([GOOD, without("type")], BATCH, 400, "Event 2 of the batch"),
        ([GOOD, {**GOOD, "source": "/b"}], BATCH, 409, "Event 2 of the batch has the id of another one"),
        ([GOOD] * (MOST_EVENTS + 1), BATCH, 413, "at most 1,000 events"),
        (GOOD, "application/json", 415, STRUCTURED),
        (GOOD, "text/plain", 415, STRUCTURED),
        (GOOD, "", 415, STRUCTURED),
        (GOOD, STRUCTURED, 503, "Temporal does not answer"),
        ([GOOD, GOOD], BATCH, 503, "Temporal does not answer"),
    ],
)  # fmt: skip
async def test_events_that_are_not_taken(gateway: Served, body: Any, media: str, status: int, sentence: str) -> None:
    answer = await gateway.post("/events", body, media=media, **IN)
    assert (answer.status, sentence in answer.json["message"]) == (status, True), answer
    assert ("retry-after" in answer.headers) == (status == 503)
    assert (await gateway.post("/events", body, media=media)).status == 401


async def test_attributes_in_headers_are_read_as_they_are_written(gateway: Served) -> None:
    whole = {"ce_specversion": "1.0", "ce_id": "%C3%BC", "ce_source": "/a", "ce_type": "call.ended"}
    assert (await gateway.post("/events", {}, **whole, **IN)).status == 503
    assert (
        await gateway.post("/events", {}, **whole, **IN, media="application/vnd.a+json; charset=utf-8")
    ).status == 503
    for wrong in (
        {"ce_id": "%FF"},
        {"ce_a_b": "1"},
        {"ce_data": "{}"},
        {"ce_specversion": ""},
        {"ce_datacontenttype": "a"},
    ):
        assert (await gateway.post("/events", {}, **{**whole, **wrong}, **IN)).status == 400, wrong
    assert (await gateway.post("/events", "no", **whole, **IN)).status == 400
    assert (await gateway.post("/events", GOOD, **{**whole, "ce_id": "\x80"}, media=STRUCTURED, **IN)).status == 503, (
        "the media type decides"
    )


async def test_what_came_compressed_is_not_unpacked(gateway: Served) -> None:
    answer = await gateway.post("/events", b"\x1f\x8b", media=STRUCTURED, Content_Encoding="gzip", **IN)
    assert answer.status == 415
    assert (await gateway.post("/events", b"\x1f\x8b", media=STRUCTURED, Content_Encoding="gzip")).status == 401


async def test_methods_and_paths_that_are_not_served(gateway: Served) -> None:
    for path in ("/events", "/hooks/calls"):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = await gateway.send(method, path)
            assert (answer.status, "POST" in answer.headers["allow"]) == (405, True)
    for path in ("/", "/hooks/nobody", "/hooks/", "/events/", "/hooks/calls/x", "/hooks/%2e%2e/events", "/openapi"):
        assert (await gateway.post(path, **IN)).status == 404, path


async def test_the_handshake_of_web_hooks(gateway: Served) -> None:
    answer = await gateway.send("OPTIONS", "/events", WebHook_Request_Origin="eventgrid.azure.net")
    assert (answer.status, answer.headers["webhook-allowed-origin"]) == (200, "eventgrid.azure.net")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "body", "options", "status", "sentence"),
    [
        ("/hooks/calls", {}, {}, 401, "as `bearer` says"),
        ("/hooks/calls", "{", {"Authorization": "Bearer no"}, 401, "as `bearer` says"),
        ("/hooks/calls", "{", {"Authorization": "Bearer t"}, 400, "no JSON"),
        ("/hooks/calls", {"a": 1}, {"Authorization": "Bearer t"}, 400, "id gives nothing"),
        ("/hooks/calls", {"uuid": "", "a": 1}, {"Authorization": "Bearer t"}, 400, "id gives nothing"),
        ("/hooks/calls", {"uuid": "1", "a": "x"}, {"Authorization": "Bearer t"}, 400, "not what the source calls expects"),
        ("/hooks/calls", {"uuid": 1, "a": 1}, {"Authorization": "Bearer t"}, 503, "Temporal"),
        ("/hooks/plain", {"a": 1}, {}, 400, "type gives nothing"),
        ("/hooks/plain", "a=1&kind=x&a=2", {"media": "application/x-www-form-urlencoded"}, 503, "Temporal"),
        ("/hooks/plain", b"a=%ff&kind=x", {"media": "application/x-www-form-urlencoded"}, 400, "no form in UTF-8"),
        ("/hooks/plain", "&".join(["a=1"] * 2000), {"media": "application/x-www-form-urlencoded"}, 400, "1,000 fields"),
        ("/hooks/plain", b"<kind/>", {"media": "application/xml"}, 415, "Send JSON"),
        ("/hooks/plain", {"kind": "x", "a": "y" * 530_000}, {}, 413, "512 KiB"),
        ("/hooks/github", b"x" * (MOST_BODY + 1), {}, 413, "1,024 KiB"),
        ("/hooks/github", "{", {"X_Hub_Signature_256": "sha256=no"}, 401, "as `github` says"),
        ("/hooks/github", "{", {"X_Hub_Signature_256": f"sha256={hex_hmac('secret', b'{')}"}, 400, "no JSON"),
        ("/hooks/github", "{}", {"X_Hub_Signature_256": f"sha256={hex_hmac('secret', b'{}')}"}, 503, "Temporal"),
    ],
)  # fmt: skip
async def test_hooks_that_are_not_taken(
    gateway: Served, path: str, body: Any, options: dict[str, str], status: int, sentence: str
) -> None:
    answer = await gateway.post(path, body, **options)
    assert (answer.status, sentence in answer.json["message"]) == (status, True), answer


async def test_slack_hears_its_challenge_only_where_it_is_slack(gateway: Served) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c"}).encode()
    assert (await gateway.post("/hooks/chat", body)).status == 401
    answer = await gateway.post("/hooks/chat", body, **slack_headers("secret", body))
    assert (answer.status, answer.json) == (200, {"challenge": "c"})
    assert (await gateway.post("/hooks/chat", body, **slack_headers("secret", body, "1"))).status == 401


async def test_it_lives_without_temporal_and_says_so(gateway: Served) -> None:
    assert (await gateway.send("GET", "/livez")).status == 200
    answer = await gateway.send("GET", "/healthz")
    assert answer.headers["server"] == "trunkline", "nobody learns which versions serve"
    assert (answer.status, answer.json["status"]) == (503, "unreachable")


async def test_a_body_that_does_not_come_is_not_waited_for(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "BODY_WITHIN", 0.1)
    assert b" 408 " in await gateway.raw(b"POST /hooks/plain HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    broken = b"POST /hooks/plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    assert b" 400 " in await gateway.raw(broken)


async def test_no_line_holds_what_was_sent(gateway: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await gateway.post("/hooks/calls?token=hidden-1", {"uuid": "hidden-2"}, Authorization="Bearer hidden-3")
    await gateway.post("/hidden-4", "hidden-5", **IN)
    await gateway.post("/hooks/hidden-6")
    assert b" 400 " in await gateway.raw(b"POST /hidden-7 HTTP/1.1 hidden-8\r\nhidden-9\r\n\r\n")
    lines = [record for record in caplog.records if record.name == "trunkline.gateway"]
    told = [{**line.__dict__["fields"], "ms": 0} for line in lines]
    other = {"method": "POST", "route": "other", "status": 404, "ms": 0}
    calls = {"method": "POST", "route": "/hooks/calls", "status": 401, "ms": 0, "source": "calls"}
    assert told == [calls, other, other]
    assert "hidden" not in caplog.text
    text = await gateway.gateway.metrics()
    assert 'trunkline_gateway_requests_total{route="/hooks/calls",status="401"} 1.0' in text
    assert 'trunkline_gateway_requests_total{route="other",status="404"} 2.0' in text
    assert 'trunkline_gateway_events_total{source="calls",status="401"} 1.0' in text
    assert 'trunkline_gateway_request_seconds_bucket{le="+Inf",route="other"} 2.0' in text
    assert "open_holds" not in text, "Temporal does not answer"
    assert "_created" not in text
