"""`send_webhook`, as the helpdesk's documents write it and as Standard Webhooks signs it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.http.send_webhook import Webhook, send_webhook, signature
from tests.activities.conftest import KEY, MakeContext
from tests.activities.http_client.wire import Wire, drop, ok

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def notify(context: Any, url: str, **more: Any) -> Any:
    return await send_webhook.function(Webhook.model_validate({"url": url, **more}), context)


async def test_the_documents_webhook_is_sent_as_they_describe_it(wire: Wire, make_context: MakeContext) -> None:
    result = await notify(make_context(), f"{wire.url}/notify", method="POST", body='{"ticketId": "17"}')
    (seen,) = wire.requests
    assert (seen.method, seen.target, seen.body) == ("POST", "/notify", b'{"ticketId": "17"}')
    assert (seen.headers["content-type"], seen.headers["webhook-id"]) == ("application/json", KEY)
    assert abs(int(seen.headers["webhook-timestamp"]) - time.time()) < 5
    assert "webhook-signature" not in seen.headers
    assert (result.status, result.body) == (200, {"ok": True})


async def test_post_is_the_default_and_objects_nest(wire: Wire, make_context: MakeContext) -> None:
    await notify(make_context(), wire.url, body={"ticket.id": 17}, headers={"X-A": "b", "Webhook-Id": "forged"})
    (seen,) = wire.requests
    assert (seen.method, seen.body, seen.headers["x-a"]) == ("POST", b'{"ticket":{"id":17}}', "b")
    assert seen.headers["webhook-id"] == KEY


def test_the_signature_is_the_standards() -> None:
    made = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_signed_webhook_covers_what_was_sent(wire: Wire, make_context: MakeContext) -> None:
    await notify(make_context(), wire.url, body={"a": "ü"}, secret=SECRET)
    (seen,) = wire.requests
    headers = seen.headers
    expected = signature(SECRET, headers["webhook-id"], headers["webhook-timestamp"], seen.body)
    assert headers["webhook-signature"] == expected


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64!", "ü"])
async def test_a_secret_that_signs_nothing_is_refused_and_not_repeated_back(
    wire: Wire, make_context: MakeContext, secret: str
) -> None:
    with pytest.raises(Refused, match="whsec_") as refused:
        await notify(make_context(), wire.url, secret=secret)
    assert wire.requests == []
    assert len(secret) < 8 or secret not in str(refused.value)


async def test_what_the_receiver_answers_is_kept_but_need_not_be_json(wire: Wire, make_context: MakeContext) -> None:
    wire.reply(ok(b"{broken", kind="application/json"))
    assert (await notify(make_context(), wire.url)).body == "{broken"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (ok(b"", status="410 Gone"), Refused),
        (ok(b"", "Location: /b", status="302 Found"), Refused),
        (ok(b"", "Retry-After: 1", status="429 Too Many"), Unavailable),
        (ok(b"", status="502 Bad Gateway"), OutcomeUnknown),
        (drop, OutcomeUnknown),
    ],
)
async def test_failures_are_sorted(wire: Wire, make_context: MakeContext, reply: Any, error: type[Exception]) -> None:
    wire.reply(reply)
    with pytest.raises(error):
        await notify(make_context(), wire.url)
    assert len(wire.requests) == 1


def test_a_webhook_is_repeated_under_its_key() -> None:
    assert send_webhook.repeats({"method": "POST"}) == "keyed"
    assert Webhook.syntaxes({"url": "x", "body": '{"ticketId": "{{ticket.id}}"}'}) == {"/url": "url", "/body": "json"}
