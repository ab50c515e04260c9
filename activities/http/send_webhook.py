"""Notify another system over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from typing import Annotated

from pydantic import Field, model_validator

from activities.action import Config, Credential, action
from activities.context import Context
from activities.errors import Refused
from activities.exchange.answer import HttpAnswer, succeeded
from activities.exchange.body import Body
from activities.exchange.encoding import encoded
from activities.exchange.request import Destination, Method, completed


class Signing(Config):
    """How a webhook is signed."""

    secret: Annotated[str, Credential()] = Field(
        description="`whsec_` and the base64 of at least 24 bytes: `{{secrets.name}}`."
    )


class Webhook(Destination):
    """A notification for another system."""

    method: Method = Field(default="POST", description="POST unless the receiver wants another method.")
    body: Body = Field(
        default=None,
        description="A JSON value, a raw text, or a list of `{key, value, format}`. Dots in the body's own keys nest.",
    )
    sign: Signing | None = Field(
        default=None,
        description="Signs the very bytes that are sent, as Standard Webhooks says (`webhook-signature`), with a "
        "`secret`.",
    )
    secret: Annotated[str | None, Credential()] = Field(default=None, description="Short for `sign: {secret: …}`.")

    @model_validator(mode="after")
    def _signed_once(self) -> Webhook:
        if self.sign is not None and self.secret is not None:
            raise ValueError("`secret` is short for `sign`: give `sign: {secret: …}` alone")
        return self


@action(
    "send_webhook",
    repeat="keyed",
    example={
        "url": "https://api.example.com/notify",
        "body": '{"ticketId": "{{ticket.id}}"}',
        "sign": {"secret": "{{secrets.notify_signing}}"},
    },
)
async def send_webhook(config: Webhook, context: Context) -> HttpAnswer:
    """Notify another system over HTTP, at least once.

    The request carries `webhook-id`, the same over all attempts, so that its receiver can tell a repetition, and
    `webhook-timestamp`, as in Standard Webhooks 1.0.0.
    """
    content, content_type = encoded(config.body, config.headers)
    now = str(int(time.time()))
    stamp = {"webhook-id": context.key, "webhook-timestamp": now}
    secret = config.secret if config.sign is None else config.sign.secret
    if secret is not None:
        stamp["webhook-signature"] = signature(secret, context.key, now, content or b"")
    headers = completed(stamp, config.headers)
    response = await context.request(
        config.method,
        config.url,
        headers=headers if content is None else completed(headers, {"Content-Type": content_type}),
        content=content,
        effect=config.method != "GET",
    )
    return await succeeded(response, (), read=True)


def signature(secret: str, message: str, timestamp: str, content: bytes) -> str:
    """Return the `v1` signature of Standard Webhooks 1.0.0: HMAC-SHA256 over id, time and body.

    Raises:
        Refused: the secret is not `whsec_` and base64 of at least 24 bytes.
    """
    try:
        key = b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < 24:  # noqa: PLR2004 - the least that the standard allows
        raise Refused("The webhook's secret must be `whsec_` followed by the base64 of at least 24 bytes.")
    signed = b".".join((message.encode(), timestamp.encode(), content))
    return "v1," + b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
