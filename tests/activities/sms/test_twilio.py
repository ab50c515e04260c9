"""Twilio's SDK on this machine; what is sent and answered is in cases/send_sms.yml."""

from typing import Any

import pytest

from activities.sms.provider import AcceptedText
from activities.sms.twilio import Twilio
from activities.vendors.twilio import TwilioTransport, client
from tests.activities.conftest import MakeContext
from tests.activities.messages import Marks, named
from workers.sandbox import Sandbox, connections

ACCOUNT = "AC00000000000000000000000000000000"
TOKEN = "sandbox-auth-token"


async def send(make_context: MakeContext, url: str, **changes: Any) -> AcceptedText:
    provider = Twilio(account_sid=ACCOUNT, auth_token=TOKEN, base_url=url)
    message = {"sender": "+15550100", "recipient": "+15550123", "text": "Hello", **changes}
    return await provider.send(**message, context=make_context(action="send_sms"))


async def test_environment_does_not_redirect_messages(
    make_context: MakeContext, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert (await send(make_context, f"{sandbox.url}/twilio")).status == "queued"


async def test_without_an_address_twilios_own_is_used() -> None:
    context: Any = None
    made = client(ACCOUNT, TOKEN, None, TwilioTransport(context))
    assert made.api.base_url == "https://api.twilio.com"


async def test_sdk_can_look_up_what_was_sent_without_saying_that_it_sends(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    await send(make_context, f"{sandbox.url}/twilio", text="one")
    await send(make_context, f"{sandbox.url}/twilio", text="two", recipient="+15550124")
    marks = Marks()
    looking = client(
        ACCOUNT,
        TOKEN,
        f"{sandbox.url}/twilio",
        TwilioTransport(make_context(action="send_sms", connections=named(connections(sandbox.url)), sending=marks)),
    )

    found = await looking.messages.list_async(to="+15550123", from_="+15550100", limit=20)

    assert [message.body for message in found] == ["one"]
    assert marks.count == 0
