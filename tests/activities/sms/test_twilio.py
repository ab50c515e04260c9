from typing import Any

import pytest

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.sms.provider import Accepted
from activities.sms.twilio import Twilio
from activities.vendors.twilio import Transport, client
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import hang
from tests.activities.messages import Marks, answer, named, serving
from workers.sandbox import Sandbox, connections

ACCOUNT = "AC00000000000000000000000000000000"
TOKEN = "sandbox-auth-token"


async def send(
    make_context: MakeContext, url: str, *, token: str = TOKEN, seconds: float = 10, **changes: Any
) -> Accepted:
    provider = Twilio(account_sid=ACCOUNT, auth_token=token, base_url=url)
    message = {"sender": "+15550100", "recipient": "+15550123", "text": "Hello", **changes}
    return await provider.send(**message, context=make_context(action="send_sms", timeout=seconds))


async def test_message_is_created_under_the_connections_address(make_context: MakeContext, sandbox: Sandbox) -> None:
    accepted = await send(make_context, f"{sandbox.url}/twilio", text="50 % off & more, Grüße 😀")

    [received] = sandbox.requests("twilio")
    assert received.request.path == f"/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert received.request.form == {"To": "+15550123", "From": "+15550100", "Body": "50 % off & more, Grüße 😀"}
    assert received.request.headers["authorization"].startswith("Basic ")
    assert (accepted.status, accepted.segments) == ("queued", 1)


async def test_slash_at_the_end_of_the_address_makes_no_difference(make_context: MakeContext, sandbox: Sandbox) -> None:
    assert (await send(make_context, f"{sandbox.url}/twilio/")).status == "queued"


async def test_environment_does_not_redirect_messages(
    make_context: MakeContext, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert (await send(make_context, f"{sandbox.url}/twilio")).status == "queued"


async def test_without_an_address_twilios_own_is_used() -> None:
    context: Any = None
    made = client(ACCOUNT, TOKEN, None, Transport(context))
    assert made.api.base_url == "https://api.twilio.com"


@pytest.mark.parametrize(
    ("changes", "code", "advice"),
    [
        ({"recipient": "+15005550001"}, 21211, "does not exist"),
        ({"recipient": "+15005550002"}, 21612, "no route"),
        ({"recipient": "+15005550003"}, 21408, "messaging permissions"),
        ({"recipient": "+15005550004"}, 21610, "unsubscribed"),
        ({"recipient": "+15005550009"}, 21614, "not a mobile"),
        ({"sender": "+15005550007"}, 21606, "not yours"),
        ({"text": "a" * 1601}, 21617, "longer than 1600"),
        ({"token": "invalid"}, 20003, "authToken"),
    ],
)
async def test_what_twilio_refuses_is_refused_with_code_and_advice(
    make_context: MakeContext, sandbox: Sandbox, changes: dict[str, Any], code: int, advice: str
) -> None:
    with pytest.raises(Refused, match=f"Twilio error {code}: .*{advice}") as raised:
        await send(make_context, f"{sandbox.url}/twilio", **changes)

    assert raised.value.status in {400, 401}
    assert len(sandbox.requests()) == 1
    assert not sandbox.requests()[0].accepted


@pytest.mark.parametrize(
    ("status", "retry_after", "kind"),
    [
        (429, None, Unavailable),
        (429, 7, Unavailable),
        (503, 3, Unavailable),
        (503, None, OutcomeUnknown),
        (500, None, OutcomeUnknown),
        (404, None, Refused),
        (302, None, Refused),
    ],
)
async def test_failures_are_sorted_by_whether_they_can_have_had_an_effect(
    make_context: MakeContext, sandbox: Sandbox, status: int, retry_after: int | None, kind: type[ActionError]
) -> None:
    sandbox.fail("twilio", status=status, retry_after=retry_after)

    with pytest.raises(ActionError) as raised:
        await send(make_context, f"{sandbox.url}/twilio")

    assert (type(raised.value), raised.value.status) == (kind, status)
    assert getattr(raised.value, "retry_after", None) == (retry_after if kind is Unavailable else None)
    assert len(sandbox.requests()) == 1


async def test_full_queue_of_a_sender_is_tried_again_later(make_context: MakeContext, sandbox: Sandbox) -> None:
    with pytest.raises(Unavailable, match="21611"):
        await send(make_context, f"{sandbox.url}/twilio", sender="+15005550008")


async def test_error_in_the_newer_form_is_read_too(make_context: MakeContext) -> None:
    problem = '{"type": "https://x", "title": "Bad", "status": 400, "code": 21610, "detail": "STOP was received"}'
    async with serving(answer(400, problem)) as server:
        with pytest.raises(Refused, match=r"Twilio error 21610: STOP was received \(the recipient has unsubscribed"):
            await send(make_context, server.url)


@pytest.mark.parametrize("body", ["<html>busy</html>", ""])
async def test_failure_without_json_is_sorted_by_its_status(make_context: MakeContext, body: str) -> None:
    async with serving(answer(502, body)) as server:
        with pytest.raises(OutcomeUnknown, match="Twilio error 502"):
            await send(make_context, server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", ["<html>", "", "[]", "null", "{}", '{"sid": "SM'])
async def test_success_that_cannot_be_read_is_an_unknown_outcome(make_context: MakeContext, body: str) -> None:
    async with serving(answer(201, body)) as server:
        with pytest.raises(OutcomeUnknown, match="message log"):
            await send(make_context, server.url)
    assert len(server.requests) == 1


async def test_message_that_failed_at_once_is_refused(make_context: MakeContext) -> None:
    failed = '{"sid": "SM1", "status": "failed", "error_code": 30007, "error_message": "Message filtered"}'
    async with serving(answer(201, failed)) as server:
        with pytest.raises(Refused, match="Twilio error 30007: Message filtered"):
            await send(make_context, server.url)


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_dropped_connection_is_an_unknown_outcome_and_nothing_is_sent_again(
    make_context: MakeContext, sandbox: Sandbox, drop: Any
) -> None:
    sandbox.fail("twilio", drop=drop)

    with pytest.raises(OutcomeUnknown):
        await send(make_context, f"{sandbox.url}/twilio")

    assert [received.accepted for received in sandbox.requests()] == [drop == "after"]


async def test_silence_is_an_unknown_outcome_once_the_attempts_time_is_over(make_context: MakeContext) -> None:
    async with serving(hang) as server:
        with pytest.raises(OutcomeUnknown):
            await send(make_context, server.url, seconds=0.2)
    assert len(server.requests) == 1


async def test_server_that_cannot_be_reached_got_nothing(make_context: MakeContext) -> None:
    async with serving(hang) as server:
        pass
    with pytest.raises(Unavailable):
        await send(make_context, server.url)


async def test_intention_is_written_down_once_before_anything_is_sent(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    marks = Marks()
    provider = Twilio(account_sid=ACCOUNT, auth_token=TOKEN, base_url=f"{sandbox.url}/twilio")
    context = make_context(action="send_sms", sending=marks)
    await provider.send(sender="+15550100", recipient="+15550123", text="Hello", context=context)
    assert marks.count == 1


async def test_nothing_is_sent_where_the_intention_cannot_be_written_down(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    async def too_late() -> None:
        raise Unavailable("The attempt has timed out.")

    provider = Twilio(account_sid=ACCOUNT, auth_token=TOKEN, base_url=f"{sandbox.url}/twilio")
    context = make_context(action="send_sms", sending=too_late)
    with pytest.raises(Unavailable, match="timed out"):
        await provider.send(sender="+15550100", recipient="+15550123", text="Hello", context=context)
    assert not any(received.accepted for received in sandbox.requests())


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
        Transport(make_context(action="send_sms", connections=named(connections(sandbox.url)), sending=marks)),
    )

    found = await looking.messages.list_async(to="+15550123", from_="+15550100", limit=20)

    assert [message.body for message in found] == ["one"]
    assert marks.count == 0
