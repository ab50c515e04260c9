"""Web hooks that the sandbox sends: signed as the vendors sign, believed by a gateway, and to this machine alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from temporalio.client import Client

from tests.workers.gateway.doors import served
from workers.gateway.config import load_config
from workers.local.gateway_file import doors_of
from workers.sandbox import Sandbox
from workers.sandbox.webhooks.senders import SENDERS
from workers.sandbox.webhooks.signing import WAYS, Proof, SignedContent

SLACK = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    "803a0bc887a14d10d2c447fce8b6703c"
)
CALL = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"


@pytest.mark.parametrize(
    ("way", "secret", "body", "at", "header", "signature"),
    [
        ("slack", "8f742231b10e8888abcd99yyyzzz85a5", SLACK, 1531420618, "X-Slack-Signature",
         "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
        ("standardWebhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}', 1614265330,
         "webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ("github", "It's a Secret to Everybody", "Hello, World!", 0, "X-Hub-Signature-256",
         "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
        ("twilio", "12345", CALL, 0, "X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("zendesk", "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==", '{"event":"ticket.updated","id":123}', 1616648967,
         "X-Zendesk-Webhook-Signature", "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM="),
    ],
)  # fmt: skip
def test_signatures_are_those_that_the_vendors_publish(
    way: str, secret: str, body: str, at: int, header: str, signature: str
) -> None:
    outgoing = SignedContent(
        address="https://mycompany.com/myapp.php?foo=1&bar=2",
        body=body.encode(),
        delivery="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(at, UTC),
        is_form=True,
    )
    assert WAYS[way](outgoing, Proof(way, secret))[header] == signature


CONFIG = """\
baseUrl: https://hooks.example.com
events: {verify: {bearer: t}}
sources:
  desk: {verify: {zendesk: [new, old]}, event: {type: ticket.updated, id: "{{body.id}}", data: {ticket: "{{body.detail}}"}}}
  sms: {verify: {twilio: token}, event: {type: message.received, data: {message: "{{body.Body}}"}}}
  freshdesk: {verify: {basic: {user: hooks, password: p}}, event: {type: ticket.updated, data: {ticket: "{{body}}"}}}
  open: {verify: none, event: {type: own, data: {}}}
talkdesk:
  create-case: {auth: {username: ann, password: p}}
"""
TAKEN, STRANGER = 503, 401
"""What a gateway whose Temporal does not answer says to whom it believes, and to others."""


async def test_a_gateway_believes_what_is_sent_to_it_and_to_it_alone(tmp_path: Path) -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    config = load_config_of(tmp_path)
    async with served(client, tmp_path, CONFIG) as gateway, Sandbox(0) as sandbox, aiohttp.ClientSession() as browser:

        async def send(sender: str, **delivery: Any) -> tuple[int, str]:
            async with browser.post(f"{sandbox.url}/_/send/{sender}", json=delivery) as answer:
                return answer.status, await answer.text()

        status, said = await send("zendesk")
        assert (status, "no gateway runs here" in said) == (400, True)
        hooks = f"{gateway.url}/hooks"
        assert (await send("zendesk", url=f"{hooks}/desk", secret="old"))[0] == TAKEN
        assert (await send("zendesk", url=f"{hooks}/desk"))[0] == STRANGER
        signed = {"url": f"{hooks}/sms?a=%7e", "secret": "token", "baseUrl": "https://hooks.example.com/"}
        assert (await send("twilio", **signed))[0] == TAKEN
        assert (await send("twilio", **{**signed, "baseUrl": None}))[0] == STRANGER
        verify = {"basic": {"user": "hooks", "password": "p"}}
        assert (await send("freshdesk", url=f"{hooks}/freshdesk", verify=verify))[0] == TAKEN
        assert (await send("freshdesk", url=f"{hooks}/freshdesk"))[0] == STRANGER

        sandbox.send_to(doors_of(config, gateway.url))
        for sender in ("zendesk", "twilio", "freshdesk", "talkdesk", "cloudevents"):
            assert (await send(sender))[0] == TAKEN, f"{sender}: the only door that believes it"
        assert (await send("github", hook="open", body="plain"))[0] == 400, "a text is sent as it is"
        assert (await send("zendesk", hook="desk", body={"id": 7}, id="again"))[0] == TAKEN
        status, said = await send("stripe")
        assert (status, "the gateway's file has no source 'stripe'" in said) == (400, True)
        assert (await send("zendesk", hook="nobody"))[0] == 400

        for wrong, sentence in (
            ({"url": "http://example.com/hooks/x"}, "an address of this machine"),
            ({"url": f"https://{gateway.url[7:]}"}, "an address of this machine"),
            ({"verify": {"bearer": "a", "github": "b"}}, "says one way"),
            ({"verify": {"telepathy": "a"}}, "says one way"),
            ({"id": "a\nb"}, "`id`"),
            ({"hock": "a"}, "hock"),
            ({"hook": "open", "headers": {"X-A": "a\nb"}}, "the headers are none"),
            ({"hook": "open", "verify": {"standardWebhooks": "a"}}, "the secret is none for standardWebhooks"),
        ):
            status, said = await send("zendesk", **wrong)
            assert (status, sentence in said) == (400, True), said
        assert (await send("nobody"))[0] == 404
        assert (await send("zendesk", url="http://127.0.0.1:1/"))[0] == 502
        async with browser.post(f"{sandbox.url}/_/send/zendesk", headers={"Origin": "http://evil.test"}) as answer:
            assert answer.status == 403, "no page of others has the sandbox send anything"


async def test_people_send_from_the_page(tmp_path: Path) -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    config = load_config_of(tmp_path)
    async with served(client, tmp_path, CONFIG) as gateway, Sandbox(0) as sandbox, aiohttp.ClientSession() as browser:
        sandbox.send_to(doors_of(config, gateway.url))
        async with browser.get(f"{sandbox.url}/_/send") as answer:
            page = await answer.text()
            assert "script" not in answer.headers["Content-Security-Policy"]
        for name, sender in SENDERS.items():
            assert f'action="/_/send/{name}"' in page
            assert f"<b>{sender.title}</b>" in page
        for fields, status in (
            ({"hook": "desk"}, TAKEN),
            ({"hook": "<b>"}, 400),
            ({"hook": "desk", "body": "<b>"}, 400),
        ):
            async with browser.post(
                f"{sandbox.url}/_/send/zendesk", data=fields, headers={"Accept": "text/html"}
            ) as answer:
                page = await answer.text()
                assert f"Answered {status}" in page, page
                assert "&lt;b&gt;" in page or status == TAKEN
        form = {"Content-Type": "application/x-www-form-urlencoded"}  # as urllib and curl say of anything
        async with browser.post(f"{sandbox.url}/_/send/zendesk", data=b'{"hook": "desk"}', headers=form) as answer:
            assert (answer.status, answer.content_type) == (TAKEN, "application/json")
        async with browser.get(sandbox.url) as answer:
            assert 'href="/_/send"' in await answer.text()


def load_config_of(folder: Path) -> Any:
    (folder / "gateway.yaml").write_text(CONFIG)
    return load_config(folder / "gateway.yaml", {})
