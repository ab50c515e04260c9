"""`send_webhook` as Standard Webhooks signs it, and its contract; its behaviour is in cases/."""

from __future__ import annotations

from typing import Any

import pytest

from activities.http.send_webhook import Webhook, send_webhook, signature
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def notify(context: Any, url: str, **more: Any) -> Any:
    return await send_webhook.function(Webhook.model_validate({"url": url, **more}), context)


def test_the_signature_is_the_standards() -> None:
    made = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("given", [{"sign": {"secret": SECRET}}, {"secret": SECRET}])
async def test_a_signed_webhook_covers_what_was_sent(
    wire: Wire, make_context: MakeContext, given: dict[str, Any]
) -> None:
    await notify(make_context(), wire.url, body={"a": "ü"}, **given)
    (seen,) = wire.requests
    headers = seen.headers
    expected = signature(SECRET, headers["webhook-id"], headers["webhook-timestamp"], seen.body)
    assert headers["webhook-signature"] == expected


def test_a_webhook_is_repeated_under_its_key() -> None:
    assert send_webhook.repeats({"method": "POST"}) == "keyed"
    assert Webhook.syntaxes({"url": "x", "body": '{"ticketId": "{{ticket.id}}"}'}) == {"/url": "url", "/body": "json"}
