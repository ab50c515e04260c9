"""Hooks: what vendors send in words of their own, made events by a source's templates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from trunkline.wire import LONGEST_ID
from workers.gateway.cloudevents import DISPATCH, checked
from workers.gateway.config import HookSource
from workers.gateway.requests import RefusalError, content_of, media_type
from workers.gateway.templates import rendered, text_of
from workers.gateway.verification import PROOFS
from workflows.event import CONTROLS, VERSION
from workflows.language.template import TemplateError

IN_HEADERS = {
    "standardWebhooks": "webhook-id",
    "zendesk": "X-Zendesk-Webhook-Invocation-Id",
    "zammad": "X-Zammad-Delivery",
    "github": "X-GitHub-Delivery",
}
"""Where a vendor says which delivery it is, the same over its retries."""

IN_BODY = {"stripe": "id", "kustomer": "id", "slack": "event_id"}


def event_of(name: str, source: HookSource, request: web.Request, body: bytes) -> dict[str, Any]:
    """Return the event that a request to a source is.

    Args:
        name: the source's name.
        source: its entry.
        request: the request, which is verified.
        body: its bytes.

    Raises:
        Refusal: it is malformed, or a template cannot be rendered with it (400), too large (413), or of a type that
            is not read here (415).
    """
    content = content_of(media_type(request.headers), body)
    hidden = PROOFS if source.verify.header is None else {*PROOFS, source.verify.header.name.lower()}
    headers = {key.lower(): value for key, value in request.headers.items() if key.lower() not in hidden}
    roots = {"body": content, "headers": headers, "query": dict(request.query)}
    try:
        kind = text_of(rendered(source.event.type, roots))
        given = None if source.event.id is None else text_of(rendered(source.event.id, roots))
        data = rendered(source.event.data, roots)
    except TemplateError as error:
        raise _unfit(name, str(error)) from None
    if not kind:
        raise _unfit(name, "The template of the event's type gives nothing for it.")
    if given == "":
        raise _unfit(name, "The template of the event's id gives nothing for it.")
    delivery = given if given is not None else delivery_of(source.verify.kind, request.headers, content, body)
    return checked(
        {
            "specversion": VERSION,
            "id": _id(name, delivery),
            "type": kind,
            "source": f"/hooks/{name}",
            "data": data,
        }
    )


def delivery_of(kind: str, headers: Mapping[str, str], content: Any, body: bytes) -> str:
    """Return what tells a delivery from others, and is the same where it is repeated.

    Args:
        kind: how the sender is verified, which says who it is.
        headers: of the request.
        content: what its body says.
        body: its bytes, whose SHA-256 it is where the sender says nothing.
    """
    if kind in IN_HEADERS and (found := headers.get(IN_HEADERS[kind], "").strip()):
        return found
    fields = content if isinstance(content, Mapping) else {}
    if kind == "twilio" and (message := text_of(fields.get("MessageSid"))):
        status = text_of(fields.get("MessageStatus"))
        return f"{message}-{status}" if status else message
    if kind in IN_BODY and (found := text_of(fields.get(IN_BODY[kind]))):
        return found
    return hashlib.sha256(body).hexdigest()


def _id(name: str, delivery: str) -> str:
    """Return the event's id; a delivery that is no part of a workflow id is there as its SHA-256."""
    whole = f"{name}:{delivery}"
    if CONTROLS.search(delivery) or len(f"{DISPATCH}/{whole}".encode("utf-8", "replace")) > LONGEST_ID:
        return f"{name}:{hashlib.sha256(delivery.encode('utf-8', 'replace')).hexdigest()}"
    return whole


def _unfit(name: str, sentence: str) -> RefusalError:
    return RefusalError(HTTPStatus.BAD_REQUEST, f"This is not what the source {name} expects. {sentence}")
