"""A secret's value is nowhere but in the request that needs it: canaries, through success and every kind of failure."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest
import pytest_asyncio
from aiohttp import web
from temporalio.client import WorkflowHandle

from activities.attempt.scrubber import Scrubber
from activities.bounds import CUT, cut
from tests.activities.speech.conftest import sound
from tests.activities.speech.google_server import Failure, FakeGoogle, FakeStorage, heard, serve_speech, serve_storage
from tests.activities.speech.test_google_sign_in import TokenServer
from tests.engine import Engine, step
from tests.together import together
from tests.workers.command import on

CANARY = 'cnry/0123+"é456 789'
"""Awkward on purpose: URL-encoding, JSON and base64 each write it in another way."""

STEPS = """
name: canary
trigger: {event: test.fired, data: [contact]}
actions:
  - label: Echoes
    actionType: http_request
    config:
      method: POST
      url: RECEIVER/echo
      headers: {X-Token: "{{secrets.plain_token}}", Authorization: "Basic {{secrets.user_name | basic: secrets.plain_token}}"}
      query: {token: "{{secrets.awkward}}"}
      body: {deep: {token: "{{secrets.awkward}}", twice: "{{secrets.plain_token}}-{{secrets.plain_token}}"}, name: "{{contact.name}}"}
    saveAs: echo
  - label: Raw
    actionType: http_request
    config: {method: POST, url: RECEIVER/raw, body: '{"token": "{{secrets.awkward}}", "name": "{{contact.name}}"}'}
    saveAs: raw
  - {label: Refused, actionType: http_request, config: {method: POST, url: RECEIVER/refused, headers: {X-Token: "{{secrets.plain_token}}"}}, onFailure: continue}
  - {label: Broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken, body: {t: "{{secrets.awkward}}"}}, onFailure: continue}
  - {label: Slack, actionType: send_slack_message, config: {channel: "#ops", text: "{{contact.name}}", token: "{{secrets.plain_token}}"}, onFailure: continue}
  - {label: Text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: "{{contact.name}}"}, onFailure: continue}
  - {label: Other text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Hi, connection: other}, onFailure: continue}
  - {label: Channel, actionType: send_slack_message, config: {channel: "#ops", text: Hi}, onFailure: continue}
  - {label: Chat, actionType: send_teams_message, config: {connection: chat, channel: alerts, message: "**{{contact.name}}**"}, onFailure: continue}
  - {label: Graph, actionType: send_teams_message, config: {connection: graph, teamId: t, channelId: c, message: Hi}, onFailure: continue}
  - {label: Note, actionType: add_internal_note, config: {ticketId: 7, content: "{{contact.name}}", connection: zendesk}, onFailure: continue}
  - {label: Other note, actionType: add_internal_note, config: {ticketId: 7, content: Hi, connection: zammad}, onFailure: continue}
  - {label: Email, actionType: send_email, config: {connection: post, to: ada@example.com, subject: Hi, markdown: "{{contact.name}}"}, onFailure: continue}
  - {label: Reply, actionType: send_reply, config: {ticketId: 7, content: Hi, connection: freshdesk}, saveAs: reply}
  - {label: Hook, actionType: send_webhook, config: {url: RECEIVER/hook, body: {t: "{{secrets.plain_token}}"}, secret: "{{secrets.signing}}"}, saveAs: hook}
  - {label: Seed, actionType: api_request, config: {method: POST, url: RECEIVER/seed, headers: [{key: Authorization, value: "Bearer {{secrets.plain_token}}"}], values: [{key: t, value: "{{secrets.awkward}}", format: String}]}, saveAs: seed}
  - {label: Bad header, actionType: http_request, config: {method: GET, url: RECEIVER/x, headers: {X-Token: "{{secrets.multi_line}}"}}, onFailure: continue}
  - {label: Missing, actionType: http_request, config: {method: GET, url: RECEIVER/x, headers: {X-Token: "{{secrets.not_there}}"}}, onFailure: continue}
"""

SECRETS = {
    "PLAIN_TOKEN": "cnryplain0123456789",
    "USER_NAME": "cnryuser0123",
    "AWKWARD": CANARY,
    "SIGNING": "whsec_Y25yeXNpZ25pbmcwMTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
    "MULTI_LINE": "cnryline0123456\r\nX-Evil: cnryinjected0123",
}


def plant_in_messages(engine: Engine) -> None:
    """Give the worker connections of Teams and Postmark made of canaries, and servers that repeat them."""
    flow = f"{engine.receiver.url}/flows/cnryflow0123456789abc/invoke"
    chat = {"kind": "teams", "channels": {"alerts": f"{flow}?sp=run&sig=cnrysig-0123456789ABC"}}
    graph = {
        "kind": "teams_graph",
        "tenantId": "t",
        "clientId": "c",
        "clientSecret": "cnrygraph0123456789",
        "refreshToken": "cnryrefresh0123456789",
        "baseUrl": engine.receiver.url,
        "tokenUrl": f"{engine.receiver.url}/token",
    }
    post = {"kind": "postmark", "serverToken": "cnrypostmark-0123456", "from": "support@example.com"}
    engine.connections |= {"chat": chat, "graph": graph, "post": {**post, "baseUrl": f"{engine.receiver.url}/postmark"}}
    engine.receiver.answer("/postmark/email", 422, {"ErrorCode": 300, "Message": f"Bad {post['serverToken']}"})
    engine.receiver.answer("/flows/cnryflow0123456789abc/invoke", 400, {"error": f"bad {chat['channels']}"})
    refusal = f"{graph['refreshToken']} of {graph['clientSecret']} has expired"
    engine.receiver.answer("/token", 400, {"error": "invalid_grant", "error_description": refusal})


def repeat_in_helpdesks(engine: Engine, tokens: dict[str, str], leaks: dict[str, str]) -> None:
    """Have helpdesks repeat in their answers what signed the requests in."""
    leaks |= {
        "zendesk": base64.b64encode(f"bot@example.com/token:{tokens['zendesk']}".encode()).decode(),
        "freshdesk": base64.b64encode(f"{tokens['freshdesk']}:X".encode()).decode(),
    }
    engine.receiver.answer("/zendesk/api/v2/tickets/7", 200, {"ticket": {"id": 7, "status": "open"}})
    engine.receiver.answer(
        "/zendesk/api/v2/tickets/7", 422, {"error": "RecordInvalid", "description": json.dumps(leaks)}
    )
    engine.receiver.answer("/zammad/api/v1/ticket_articles", 422, {"error": f"{leaks} {tokens['zammad']}"})
    engine.receiver.answer("/freshdesk/api/v2/tickets/7/reply", 201, {"id": 1, "body": leaks})
    ticket = {"id": 7, "status": 2, "tags": [leaks["freshdesk"], tokens["freshdesk"]], "updated_at": "now"}
    engine.receiver.answer("/freshdesk/api/v2/tickets/7", 200, ticket)


async def test_no_canary_leaves_the_worker(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine.environment |= {f"TRUNKLINE_SECRET_{name}": value for name, value in SECRETS.items()}
    tokens = {"slack": "cnryslack-0123456789", "twilio": "cnrytwilio/0123+456", "cloudtalk": "cnrycloud:0123456"}
    engine.connections["team-slack"]["token"] = tokens["slack"]
    engine.connections["phone"]["authToken"] = tokens["twilio"]
    other = {
        "kind": "cloudtalk",
        "keyId": "key",
        "keySecret": tokens["cloudtalk"],
        "baseUrl": f"{engine.receiver.url}/ct",
    }
    plant_in_messages(engine)
    engine.connections |= {"other": other, "defaults": {"send_sms": "phone"}}
    desks = {
        "zendesk": {"email": "bot@example.com", "apiToken": "cnryzendesk/0123+456"},
        "zammad": {"token": "cnryzammad-0123456"},
        "freshdesk": {"apiKey": "cnryfreshdesk?0123"},
    }
    for kind, fields in desks.items():
        engine.connections[kind] = {"kind": kind, **fields, "baseUrl": f"{engine.receiver.url}/{kind}"}
        tokens[kind] = next(value for name, value in fields.items() if name != "email")
    leaks = {**tokens, "basic": base64.b64encode(f"AC{'0' * 32}:{tokens['twilio']}".encode()).decode()}
    engine.receiver.answer(
        f"/twilio/2010-04-01/Accounts/AC{'0' * 32}/Messages.json",
        400,
        {"code": 1, "message": json.dumps(leaks), "status": 400},
    )
    engine.receiver.answer(
        "/ct/sms/send.json", 200, {"responseData": {"success": False, "data": f"Bad {tokens['cloudtalk']}"}}
    )
    repeat_in_helpdesks(engine, tokens, leaks)
    engine.receiver.answer("/hook", 200, leaks)
    engine.receiver.answer("/seed", 200, leaks)
    engine.define(STEPS)
    said = {
        "error": f"no such token {SECRETS['PLAIN_TOKEN']} {quote(CANARY, safe='')}",
        "b": base64.b64encode(CANARY.encode()).decode(),
    }
    engine.receiver.answer("/raw", 200, {"you sent": CANARY, SECRETS["PLAIN_TOKEN"]: [json.dumps(CANARY)]})
    engine.receiver.answer("/refused", 400, said)
    engine.receiver.answer("/broken", 500, said)
    engine.receiver.answer(
        "/slack/chat.postMessage", 200, {"ok": False, "error": f"invalid_auth {SECRETS['PLAIN_TOKEN']}"}
    )
    imitation = "{{secrets.plain_token}}"
    handle = await engine.start("canary", engine.event({"contact": {"name": imitation}}))
    report = await engine.finish(handle)
    assert report["outcome"] == "completed", report
    echo, raw = engine.receiver.to("/echo")[0], engine.receiver.to("/raw")[0]
    assert echo.headers["x-token"] == SECRETS["PLAIN_TOKEN"]
    assert (
        base64.b64decode(echo.headers["authorization"].removeprefix("Basic ")).decode()
        == "cnryuser0123:cnryplain0123456789"
    )
    assert echo.query == {"token": CANARY}
    assert echo.body == {
        "deep": {"token": CANARY, "twice": "cnryplain0123456789-cnryplain0123456789"},
        "name": imitation,
    }
    assert raw.body == {"token": CANARY, "name": imitation}, "what a customer wrote stays what it was"
    assert "not_there" in step(report, "Missing")["error"]["message"]
    assert step(report, "Missing")["error"]["type"] == "Refused"
    assert step(report, "Bad header")["status"] == "failed"
    assert step(report, "Broken")["status"] == "unknown"
    failing = ("Text", "Other text", "Channel", "Chat", "Graph", "Email", "Note", "Other note")
    assert {step(report, name)["status"] for name in failing} == {"failed"}
    assert len(engine.receiver.to("/flows")) == len(engine.receiver.to("/postmark")) == 1
    assert "has expired" in step(report, "Graph")["error"]["message"]
    assert {step(report, name)["status"] for name in ("Hook", "Seed", "Reply")} == {"succeeded"}
    assert not engine.receiver.to("/x")
    seen = await everything(engine, handle, report, caplog)
    for text in seen:
        for form in (*SECRETS.values(), *tokens.values(), *forms(CANARY), *leaks.values(), "cnry"):
            assert form not in text, f"{form} is in {text[:200]}"


async def everything(
    engine: Engine, handle: WorkflowHandle[Any, Any], report: Any, caplog: pytest.LogCaptureFixture
) -> list[str]:
    """Return all that anybody but the worker sees of a run."""
    history = await handle.fetch_history()
    said = [await on(engine, "report", handle.id), await on(engine, "report", handle.id, "--json")]
    assert all(handle.id in ended.out for ended in said[:1])
    return [
        history.to_json(),
        json.dumps(report, ensure_ascii=False),
        json.dumps(report),
        caplog.text,
        *(event.SerializeToString().decode("latin-1") for event in history.events),
        *(ended.out + ended.err for ended in said),
    ]


CUTS = """
name: cuts
trigger: {event: test.fired}
actions:
  - {label: Excerpt, actionType: http_request, config: {method: POST, url: RECEIVER/excerpt, headers: {X-Token: "{{secrets.plain_token}}"}}, onFailure: continue}
  - {label: Header, actionType: http_request, config: {method: GET, url: RECEIVER/header, headers: {X-Token: "{{secrets.plain_token}}"}}, saveAs: header}
  - {label: Scheme, actionType: http_request, config: {method: GET, url: "{{secrets.long}}://x.example"}, onFailure: continue}
  - {label: Number, actionType: api_request, config: {method: POST, url: RECEIVER/x, values: [{key: t, value: "{{secrets.long}}", format: Number}]}, onFailure: continue}
  - {label: Text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Hi}, onFailure: continue}
"""


async def test_no_cut_leaves_half_a_canary(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """What a vendor echoes is shortened before it is scrubbed; the cut must not hide a secret from the scrubber."""
    caplog.set_level(logging.INFO)
    secrets = {"PLAIN_TOKEN": SECRETS["PLAIN_TOKEN"], "LONG": "cnry" + "long.secret" * 20}
    engine.environment |= {f"TRUNKLINE_SECRET_{name}": value for name, value in secrets.items()}
    for at in range(170, 200):  # the words before it take a part of the 200 characters that are kept
        engine.receiver.answer("/excerpt", 400, "x" * at + SECRETS["PLAIN_TOKEN"])

    async def header(_: web.Request) -> web.StreamResponse:
        return web.json_response({}, headers={"X-Echo": "x" * 1_990 + SECRETS["PLAIN_TOKEN"]})

    engine.receiver.answers["/header"] = [header]
    twilio = f"/twilio/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    engine.receiver.answer(twilio, 400, {"code": 1, "message": "x" * 190 + "twilio-token-1234567890", "status": 400})
    engine.define(CUTS)
    for _ in range(30):
        handle = await engine.start("cuts")
        report = await engine.finish(handle)
        assert report["outcome"] == "completed", report
        for text in [json.dumps(report), (await handle.fetch_history()).to_json(), caplog.text]:
            assert "cnry" not in text
    assert step(report, "Excerpt")["error"]["message"].endswith(CUT)


def forms(value: str) -> list[str]:
    raw = value.encode()
    return [
        quote(value),
        quote(value, safe=""),
        json.dumps(value)[1:-1],
        base64.b64encode(raw).decode().rstrip("=")[:-1],
        base64.b64encode(b"user:" + raw).decode()[8:-4],
        raw.decode("latin-1"),
    ]


@together("around", ["{}", "Bearer {}!", '"{}"', "x{}y", "xx{}yy"])
@together("value", ["cnry0123456789", CANARY, "ключ-ключ-ключ", "a" * 8, "=?&%/\\'\" <>" * 2])
def test_every_way_of_writing_a_value_is_scrubbed(value: str, around: str) -> None:
    scrubber = Scrubber([value, "short"])
    text = around.format(value)
    written = [
        text,
        quote(text),
        quote(text, safe=""),
        json.dumps(text),
        json.dumps(text, ensure_ascii=False),
        json.dumps({"k": [text]}),
    ]
    for form in written:
        assert value not in scrubber.scrub(form)
        assert "[secret]" in scrubber.scrub(form)
    encoded = base64.b64encode(text.encode()).decode()
    assert scrubber.scrub(encoded) != encoded
    assert scrubber.scrub("nothing to see") == "nothing to see"
    assert scrubber.too_short == ["short"]


@pytest.mark.parametrize("secret", ["cnry0123456789", CANARY, "ключ-ключ-ключ"])
def test_half_a_value_before_a_cut_is_scrubbed(secret: str) -> None:
    scrubber = Scrubber([secret, "another-secret"])
    writers: list[Callable[[str], str]] = [
        str,
        lambda text: quote(text, safe=""),
        lambda text: json.dumps(text)[1:-1],
        lambda text: repr(text)[1:-1],
    ]
    for write in writers:
        written = write(secret)
        for kept in range(len(write(secret[:4])), len(written)):
            text = cut(f"you sent {written} and more", len("you sent ") + kept + 1)
            assert text.endswith(CUT)
            assert scrubber.scrub(text) == f"you sent [secret]{CUT}", text
            assert scrubber.scrub(f"{text} And so on.") == f"you sent [secret]{CUT} And so on."
    assert scrubber.scrub(f"nothing to see{CUT} and cnry{CUT} ").startswith("nothing to see")
    assert scrubber.scrub(f"anot {CUT}") == f"anot {CUT}"


SPEECH = """
name: speech
trigger: {event: recording.uploaded}
actions:
STEPS
"""

SIGNED = "calls/1.wav?signature={{secrets.plain_token}}&other={{secrets.awkward}}"
KEY_ID = "cnrykeyid0123456789abcdef"


@pytest_asyncio.fixture
async def google(engine: Engine, tmp_path: Path) -> AsyncIterator[FakeGoogle]:
    """Google Speech and Storage of this machine, and connections whose credentials are canaries."""
    fake, storage, tokens = FakeGoogle(), FakeStorage(), TokenServer()
    stops = [await serve_speech(fake), await serve_storage(storage)]
    app = web.Application()
    app.router.add_post("/token", tokens.token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tokens.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    key = json.loads(tokens.key()) | {"private_key_id": KEY_ID}
    (tmp_path / "key.json").write_text(json.dumps(key))
    engine.files = tmp_path
    shared = {"kind": "google", "baseUrl": fake.address, "storageUrl": storage.address}
    engine.connections |= {
        "speech": {**shared, "credentials": json.dumps(key)},
        "bucket": {**shared, "credentials": json.dumps(key), "bucket": "acme-recordings"},
        "nowhere": {"kind": "google", "credentials": json.dumps(key), "baseUrl": "https://127.0.0.1:9"},
        "withdrawn": {
            "kind": "google",
            "credentials": json.dumps({**key, "token_uri": f"{tokens.address}/gone?{KEY_ID}"}),
        },
        "unreached": {"kind": "google", "credentials": json.dumps({**key, "token_uri": "http://127.0.0.1:9/token"})},
        "no-key": {"kind": "google", "credentials": '{"type": "cnrytype0123456789"'},
        "odd-key": {"kind": "google", "credentials": json.dumps({**key, "private_key": "cnryprivate0123456789"})},
        "no-file": {"kind": "google", "credentials": str(tmp_path / "not-there.json")},
        "key-file": {"kind": "google", "credentials": str(tmp_path / "key.json"), "baseUrl": "https://127.0.0.1:9"},
        "defaults": {"transcribe_recording": "speech"},
    }
    fake.private = [line for line in key["private_key"].splitlines() if len(line) > 20]
    yield fake
    for stop in (*stops, runner.cleanup):
        await stop()


LEAK = (
    f"you sent {SECRETS['PLAIN_TOKEN']} {quote(CANARY, safe='')} {KEY_ID} {base64.b64encode(CANARY.encode()).decode()}"
)
"""What a vendor may say that quotes whatever it was sent."""

SAID = Failure(grpc.StatusCode.INVALID_ARGUMENT, LEAK)
HALF = Failure(grpc.StatusCode.INVALID_ARGUMENT, "x" * 290 + LEAK)
BUSY = Failure(grpc.StatusCode.UNAVAILABLE, LEAK)
LOST = Failure(grpc.StatusCode.UNKNOWN, LEAK)

RECORDINGS: dict[str, tuple[dict[str, str], dict[str, list[Failure]], str]] = {
    "success": ({"recording": f"RECEIVER/{SIGNED}"}, {}, "succeeded"),
    "a job": ({"recording": f"RECEIVER/{SIGNED}", "connection": "bucket"}, {}, "succeeded"),
    "a file": ({"recording": "file:one.wav"}, {}, "succeeded"),
    "no file": ({"recording": "file:{{secrets.plain_token}}/{{secrets.awkward}}.wav"}, {}, "failed"),
    "not there": ({"recording": f"RECEIVER/missing/{SIGNED}"}, {}, "failed"),
    "not now": ({"recording": f"RECEIVER/busy/{SIGNED}"}, {}, "failed"),
    "elsewhere": ({"recording": f"RECEIVER/elsewhere/{SIGNED}"}, {}, "failed"),
    "no sound": ({"recording": f"RECEIVER/page/{SIGNED}"}, {}, "failed"),
    "refused at the door": ({"recording": "http://127.0.0.1:9/" + SIGNED}, {}, "failed"),
    "no such host": ({"recording": "https://{{secrets.plain_token}}.invalid/" + SIGNED}, {}, "failed"),
    "no address": ({"recording": "ftp://" + "x" * 50 + "/{{secrets.plain_token}}{{secrets.awkward}}"}, {}, "failed"),
    "no object": ({"recording": "gs://" + "x" * 60 + "/{{secrets.plain_token}}{{secrets.awkward}}"}, {}, "failed"),
    "no bucket": ({"recording": "gs:" + "x" * 60 + "/{{secrets.plain_token}}{{secrets.awkward}}"}, {}, "failed"),
    "an object": ({"recording": "gs://acme/{{secrets.plain_token}}.mp3"}, {}, "failed"),
    "Google refuses": ({"recording": f"RECEIVER/{SIGNED}"}, {"recognize": [SAID]}, "failed"),
    "Google refuses at length": ({"recording": f"RECEIVER/{SIGNED}"}, {"recognize": [HALF]}, "failed"),
    "Google is busy": ({"recording": f"RECEIVER/{SIGNED}"}, {"recognize": [BUSY]}, "failed"),
    "Google breaks": ({"recording": f"RECEIVER/{SIGNED}"}, {"recognize": [LOST]}, "failed"),
    "no job": ({"recording": f"RECEIVER/{SIGNED}", "connection": "bucket"}, {"start": [SAID]}, "failed"),
    "a lost job": ({"recording": f"RECEIVER/{SIGNED}", "connection": "bucket"}, {"get": [SAID]}, "failed"),
    "no way to Google": ({"recording": f"RECEIVER/{SIGNED}", "connection": "nowhere"}, {}, "failed"),
    "a withdrawn key": ({"recording": f"RECEIVER/{SIGNED}", "connection": "withdrawn"}, {}, "failed"),
    "no sign-in": ({"recording": f"RECEIVER/{SIGNED}", "connection": "unreached"}, {}, "failed"),
    "no key": ({"recording": f"RECEIVER/{SIGNED}", "connection": "no-key"}, {}, "failed"),
    "an odd key": ({"recording": f"RECEIVER/{SIGNED}", "connection": "odd-key"}, {}, "failed"),
    "no key's file": ({"recording": f"RECEIVER/{SIGNED}", "connection": "no-file"}, {}, "failed"),
    "a key's file": ({"recording": f"RECEIVER/{SIGNED}", "connection": "key-file"}, {}, "failed"),
}


async def test_no_canary_leaves_with_a_recording(
    engine: Engine, google: FakeGoogle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Addresses with secrets, credentials of Google, and whatever Google or the recording's server say about them."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, "aiohttp.access")  # what Google and the recording's server log for themselves
    engine.environment |= {f"TRUNKLINE_SECRET_{name}": value for name, value in SECRETS.items()}
    (tmp_path / "one.wav").write_bytes(sound())
    google.answer = heard(LEAK)
    fetched = _serve_recordings(engine, google)
    engine.define(SPEECH.replace("STEPS", "\n".join(_step(name) for name in RECORDINGS)))
    handle = await engine.start("speech", engine.event(type="recording.uploaded"))
    report = await engine.finish(handle, 120)
    found = {name: step(report, name)["status"] for name in RECORDINGS}
    assert found == {name: status for name, (_, _, status) in RECORDINGS.items()}, report
    assert all(query["signature"] == SECRETS["PLAIN_TOKEN"] for query in fetched)
    assert len(fetched) > 10
    assert len(google.recognized) >= 2
    for text in await everything(engine, handle, report, caplog):
        for form in (*SECRETS.values(), *forms(CANARY), *google.private, "cnry"):
            assert form not in text, f"{form} is in {text[max(text.find(form) - 200, 0) :][:500]}"


def _step(name: str) -> str:
    config, failures, _ = RECORDINGS[name]
    if failures:
        config = {**config, "recording": config["recording"].replace("RECEIVER", f"RECEIVER/{quote(name)}")}
    return f"  - {{label: {name!r}, actionType: transcribe_recording, config: {json.dumps(config)}, saveAs: 'x{len(name)}', onFailure: continue, retry: {{maximumAttempts: 1}}}}"


def _serve_recordings(engine: Engine, google: FakeGoogle) -> list[Any]:
    """Answer for recordings, quoting what was asked, and return the queries."""
    queries: list[Any] = []

    def answers(status: int, body: bytes, **headers: str) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            queries.append(dict(request.query))
            return web.Response(status=status, body=body, headers=headers)

        return answer

    leak = LEAK.encode()
    there = f"http://127.0.0.2:9/{quote(CANARY, safe='')}?{SECRETS['PLAIN_TOKEN']}"
    for path, answer in (
        ("/calls/1.wav", answers(200, sound())),
        ("/missing/calls/1.wav", answers(404, leak)),
        ("/busy/calls/1.wav", answers(503, leak)),
        ("/page/calls/1.wav", answers(200, b"<html>" + leak)),
        ("/elsewhere/calls/1.wav", answers(302, b"", Location=there)),
    ):
        engine.receiver.answers[path] = [answer]

    for name, (_, failures, _) in RECORDINGS.items():

        async def fails(request: web.Request, failures: dict[str, list[Failure]] = failures) -> web.StreamResponse:
            for method, planned in failures.items():
                google.failures[method] = [*planned]
            found: web.StreamResponse = await answers(200, sound())(request)
            return found

        if failures:
            engine.receiver.answers[f"/{name}/calls/1.wav"] = [fails]
    return queries
