"""A secret's value is nowhere but in the request that needs it: canaries, through success and every kind of failure."""

from __future__ import annotations

import base64
import json
import logging
from urllib.parse import quote

import pytest

from activities.secrets import Scrubber
from tests.engine import Engine, step

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
    engine.connections |= {"other": other, "defaults": {"send_sms": "phone"}}
    leaks = {**tokens, "basic": base64.b64encode(f"AC{'0' * 32}:{tokens['twilio']}".encode()).decode()}
    engine.receiver.answer(
        f"/twilio/2010-04-01/Accounts/AC{'0' * 32}/Messages.json",
        400,
        {"code": 1, "message": json.dumps(leaks), "status": 400},
    )
    engine.receiver.answer(
        "/ct/sms/send.json", 200, {"responseData": {"success": False, "data": f"Bad {tokens['cloudtalk']}"}}
    )
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
    assert {step(report, name)["status"] for name in ("Text", "Other text", "Channel")} == {"failed"}
    assert {step(report, name)["status"] for name in ("Hook", "Seed")} == {"succeeded"}
    assert not engine.receiver.to("/x")
    history = await handle.fetch_history()
    seen = [
        history.to_json(),
        json.dumps(report),
        caplog.text,
        *(event.SerializeToString().decode("latin-1") for event in history.events),
    ]
    for text in seen:
        for form in (*SECRETS.values(), *tokens.values(), *forms(CANARY), leaks["basic"], "cnry"):
            assert form not in text.replace("cnryXX", ""), f"{form} is in {text[:200]}"


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


@pytest.mark.parametrize("around", ["{}", "Bearer {}!", '"{}"', "x{}y", "xx{}yy"])
@pytest.mark.parametrize("value", ["cnry0123456789", CANARY, "ключ-ключ-ключ", "a" * 8, "=?&%/\\'\" <>" * 2])
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
