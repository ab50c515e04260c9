import json
import time
from typing import Any

import pytest

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.sms.cloudtalk import CloudTalk
from activities.sms.provider import Accepted
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import hang
from tests.activities.messages import Marks, answer, serving
from workers.sandbox import Sandbox

SECRET = "sandbox-key-secret"


async def send(
    make_context: MakeContext, url: str, *, secret: str = SECRET, seconds: float = 10, **changes: Any
) -> Accepted:
    provider = CloudTalk(key_id="sandbox-key-id", key_secret=secret, base_url=url)
    message = {"sender": "+15550100", "recipient": "+15550123", "text": "Hello", **changes}
    return await provider.send(**message, context=make_context(action="send_sms", timeout=seconds))


async def test_message_goes_to_the_connections_address_as_json(make_context: MakeContext, sandbox: Sandbox) -> None:
    accepted = await send(make_context, f"{sandbox.url}/cloudtalk", text="Grüße 😀")

    [received] = sandbox.requests("cloudtalk")
    assert (received.request.method, received.request.path) == ("POST", "/cloudtalk/sms/send.json")
    assert received.request.json == {"recipient": "+15550123", "message": "Grüße 😀", "sender": "+15550100"}
    assert accepted == Accepted(status="accepted")


@pytest.mark.parametrize(
    ("told", "accepted"),
    [
        ({"success": True, "data": {"id": 1}}, Accepted(status="accepted", id="1")),
        ({"success": "true", "data": {}}, Accepted(status="accepted")),
        ({"status": 200, "success": True}, Accepted(status="accepted")),
    ],
)
async def test_success_is_read_leniently(make_context: MakeContext, told: Any, accepted: Accepted) -> None:
    async with serving(answer(200, json.dumps({"responseData": told}))) as server:
        assert await send(make_context, server.url) == accepted


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"recipient": "+15005550003"}, Refused, "Not allowed country"),
        ({"recipient": "123"}, Refused, "Unknown number"),
        ({"sender": "+15005550007"}, Refused, "Bad number configuration"),
        ({"sender": "+15005550008"}, Unavailable, "Limit exceeded"),
        ({"recipient": "+15005550002"}, OutcomeUnknown, "SMS send failed"),
    ],
)
async def test_a_200_without_success_is_a_failure_sorted_by_its_reason(
    make_context: MakeContext, sandbox: Sandbox, changes: dict[str, Any], kind: type[ActionError], reason: str
) -> None:
    with pytest.raises(ActionError, match=reason) as raised:
        await send(make_context, f"{sandbox.url}/cloudtalk", **changes)

    assert (type(raised.value), raised.value.status) == (kind, 200)


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "{}", '{"responseData": []}', '{"responseData": {"status": 200}}']
)
async def test_a_200_that_does_not_say_is_an_unknown_outcome(make_context: MakeContext, body: str) -> None:
    async with serving(answer(200, body)) as server:
        with pytest.raises(OutcomeUnknown, match="does not say"):
            await send(make_context, server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (401, Refused), (403, Refused), (301, Refused), (500, OutcomeUnknown)]
)
async def test_other_failures_are_sorted_by_status_and_carry_cloudtalks_words(
    make_context: MakeContext, status: int, kind: type[ActionError]
) -> None:
    body = json.dumps({"responseData": {"status": status, "message": "Insufficient Funds"}})
    async with serving(answer(status, body)) as server:
        with pytest.raises(ActionError, match=f"CloudTalk answered {status}: Insufficient Funds.") as raised:
            await send(make_context, server.url)
    assert (type(raised.value), raised.value.status) == (kind, status)


async def test_wrong_key_is_refused(make_context: MakeContext, sandbox: Sandbox) -> None:
    with pytest.raises(Refused, match="401"):
        await send(make_context, f"{sandbox.url}/cloudtalk", secret="invalid")


async def test_rate_limit_says_when_to_come_back_in_cloudtalks_own_header(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    sandbox.fail("cloudtalk", status=429, retry_after=30)
    with pytest.raises(Unavailable) as raised:
        await send(make_context, f"{sandbox.url}/cloudtalk")
    assert raised.value.retry_after == pytest.approx(30, abs=2)


async def test_window_that_is_over_needs_no_wait(make_context: MakeContext) -> None:
    async with serving(answer(429, "", f"X-CloudTalkAPI-ResetTime: {int(time.time()) - 100}")) as server:
        with pytest.raises(Unavailable) as raised:
            await send(make_context, server.url)
    assert raised.value.retry_after == 0


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_dropped_connection_is_an_unknown_outcome_and_nothing_is_sent_again(
    make_context: MakeContext, sandbox: Sandbox, drop: Any
) -> None:
    sandbox.fail("cloudtalk", drop=drop)
    with pytest.raises(OutcomeUnknown):
        await send(make_context, f"{sandbox.url}/cloudtalk")
    assert [received.accepted for received in sandbox.requests()] == [drop == "after"]


async def test_silence_is_an_unknown_outcome_once_the_attempts_time_is_over(make_context: MakeContext) -> None:
    async with serving(hang) as server:
        with pytest.raises(OutcomeUnknown):
            await send(make_context, server.url, seconds=0.2)
    assert len(server.requests) == 1


async def test_intention_is_written_down_once(make_context: MakeContext, sandbox: Sandbox) -> None:
    marks = Marks()
    provider = CloudTalk(key_id="sandbox-key-id", key_secret=SECRET, base_url=f"{sandbox.url}/cloudtalk/")
    context = make_context(action="send_sms", sending=marks)
    await provider.send(sender="+15550100", recipient="+15550123", text="Hello", context=context)
    assert marks.count == 1
