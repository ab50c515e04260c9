"""`POST /_/send/<sender>`: sends a sender's web hook to a gateway on this machine, and answers what that answered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel
from yarl import URL

from workers.hosts import is_loopback
from workers.sandbox.webhooks.gateway import GatewayDoors, Hook
from workers.sandbox.webhooks.senders import FORM, SENDERS, Sender
from workers.sandbox.webhooks.signing import WAYS, Proof, SignedContent

WITHIN = 15.0
"""Seconds that the gateway has: as long as the patient ones of the senders wait."""

LONGEST_ANSWER = 1024 * 1024
DOORS = {"cloudevents": "`events`", "talkdesk": "such entry of `talkdesk`"}


class Delivery(BaseModel):
    """What is sent, where it is not the usual.

    Attributes:
        hook: the name of the source, or of Talkdesk's automation, in the gateway's file.
        url: where it is sent instead: an address of this machine.
        base_url: the public address of a gateway at `url`, for senders that sign addresses.
        body: what it says: a value for JSON, fields for a form, or a text that is sent as it is.
        id: what tells the delivery from others; the same once more is a repetition.
        secret: the secret, where the sender proves itself in its usual way.
        verify: how it proves itself, as `verify` of a gateway's file has it.
        headers: more headers, which go before the usual ones.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=False)

    hook: str | None = None
    url: str | None = None
    base_url: str | None = None
    body: Any = None
    id: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")
    secret: str | None = Field(default=None, min_length=1)
    verify: Any = None
    headers: dict[str, str] = Field(default_factory=dict)

    @field_validator("url")
    @classmethod
    def _is_here(cls, given: str | None) -> str | None:
        if given is None:
            return None
        try:
            parts = urlsplit(given)
            here = parts.scheme == "http" and is_loopback(parts.hostname or "") and (parts.port or 1) > 0
        except ValueError:
            here = False
        if not here or "@" in given:
            raise ValueError("this must be an address of this machine, as http://127.0.0.1:8700/hooks/zendesk")
        return given

    @field_validator("verify")
    @classmethod
    def _is_a_way(cls, given: Any) -> Any:
        if given is not None:
            proof_of(given)
        return given


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """What the gateway answered.

    Attributes:
        status: its status; 502 where nothing listens there.
        media: the media type of its body.
        body: its body.
    """

    status: int
    media: str
    body: bytes


class UndeliverableError(ValueError):
    """A web hook cannot be sent; the message says what to say instead."""


async def send(name: str, delivery: Delivery, gateway: GatewayDoors | None) -> GatewayAnswer:
    """Send a sender's web hook.

    Args:
        name: the sender.
        delivery: what of it is not the usual.
        gateway: the gateway that runs beside the sandbox, if one does.

    Raises:
        UndeliverableError: there is no gateway, it has no door for it, or it cannot be signed.
    """
    sender = SENDERS[name]
    url, hook = _door(name, sender, delivery, gateway)
    at = datetime.now(UTC)
    unique = delivery.id or uuid.uuid4().hex
    body = sender.body(unique, at) if delivery.body is None else delivery.body
    if hook.auth and isinstance(body, Mapping):
        body = {"auth": dict(hook.auth), **body}
    content = body.encode() if isinstance(body, str) else _written(sender, body)
    address = _signed_address(url, delivery.base_url or (None if delivery.url or gateway is None else gateway.base_url))
    outgoing = SignedContent(address, content, unique, at, is_form=sender.media == FORM)
    try:
        signed = WAYS[hook.proof.way](outgoing, hook.proof)
    except ValueError as error:
        raise UndeliverableError(f"the secret is none for {hook.proof.way} ({error})") from None
    headers = {"Content-Type": sender.media, **sender.headers(unique), **signed, **delivery.headers}
    return await _post(url, content, headers)


def proof_of(verify: Any) -> Proof:
    """Return the proof that a `verify` of a gateway's file believes.

    Raises:
        ValueError: it says none.
    """
    match verify:
        case "none":
            return Proof("none")
        case {"basic": {"user": str(user), "password": str(password), **rest}} if not rest and len(verify) == 1:
            return Proof("basic", password, user)
        case {"header": {"name": str(name), "value": str(value), **rest}} if not rest and len(verify) == 1:
            return Proof("header", value, name)
        case dict() if len(verify) == 1:
            way, secret = next(iter(verify.items()))
            if way in WAYS and way not in {"none", "basic", "header"} and isinstance(secret, str):
                return Proof(way, secret)
    raise ValueError(f"this says one way and its secret, as {{bearer: …}}: one of {', '.join(WAYS)}")


def _door(name: str, sender: Sender, delivery: Delivery, gateway: GatewayDoors | None) -> tuple[str, Hook]:
    """Return the address, and the door that is believed to be there."""
    known = None if gateway is None else gateway.hook(name, sender.proof.way, delivery.hook)
    if delivery.url is None and (gateway is None or known is None):
        raise UndeliverableError(_nowhere(name, delivery, gateway))
    url = delivery.url or f"{gateway.url if gateway else ''}{known.path if known else ''}"
    hook = known if known is not None and delivery.url is None else Hook(url, sender.proof)
    if delivery.verify is not None:
        return url, Hook(hook.path, proof_of(delivery.verify), hook.auth)
    if delivery.secret is not None:
        return url, Hook(hook.path, Proof(hook.proof.way, delivery.secret, hook.proof.name), hook.auth)
    return url, hook


def _nowhere(name: str, delivery: Delivery, gateway: GatewayDoors | None) -> str:
    if gateway is None:
        return "no gateway runs here (`trunkline dev --gateway-port 8700` starts one): say its address as `url`"
    wanted = DOORS.get(name, f"source {delivery.hook or name!r}")
    known = ", ".join(gateway.hooks) or "nothing"
    return f"the gateway's file has no {wanted}; it has {known}: say another one's name as `hook`"


def _written(sender: Sender, body: Any) -> bytes:
    if sender.media == FORM and isinstance(body, Mapping):
        return urlencode({name: "" if value is None else str(value) for name, value in body.items()}).encode()
    return json.dumps(body, ensure_ascii=False).encode()


def _signed_address(url: str, base_url: str | None) -> str:
    parts = urlsplit(url)
    if base_url is None:
        return url
    return f"{base_url.rstrip('/')}{parts.path}{f'?{parts.query}' if parts.query else ''}"


async def _post(url: str, content: bytes, headers: Mapping[str, str]) -> GatewayAnswer:
    timeout = aiohttp.ClientTimeout(total=WITHIN)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(URL(url, encoded=True), data=content, headers=headers, allow_redirects=False) as answer,
        ):
            body = await answer.content.read(LONGEST_ANSWER)
            return GatewayAnswer(answer.status, answer.headers.get("Content-Type", "text/plain"), body)
    except ValueError as error:
        raise UndeliverableError(f"the headers are none ({error})") from None
    except (aiohttp.ClientError, TimeoutError) as error:
        why = "does not answer in time" if isinstance(error, TimeoutError) else "does not answer"
        return GatewayAnswer(502, "application/json", json.dumps({"error": f"The gateway at {url} {why}."}).encode())
