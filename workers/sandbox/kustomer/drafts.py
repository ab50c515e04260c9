"""Drafts: one of a note for each conversation, a channel that an update must name, and a time to be sent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from workers.sandbox.kustomer.answers import done, nothing, page, refusal, refusal_at
from workers.sandbox.kustomer.births import conversation_of, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.fields import Instant, Items, JsonBody
from workers.sandbox.kustomer.resources import Resource, stamp
from workers.sandbox.record import VendorAnswer

Channel = Literal[
    "email", "sms", "whatsapp", "chat", "facebook", "twitter-dm", "twitter-tweet", "note", "instagram", "voice"
]
ONLY = {
    "note": frozenset(("userMentions",)),
    "email": frozenset(("from", "to", "cc", "bcc", "replyTo", "subject", "app")),
}
"""Fields that belong to one channel."""


class AddressBody(JsonBody):
    """Who sends an email, or gets it."""

    email: str
    name: str | None = None


class DraftBody(JsonBody):
    """A draft, new or changed; its fields depend on its channel."""

    channel: Channel
    conversation: str | None = None
    body: str | None = None
    send_at: Instant | Literal[""] | None = None
    scheduled: bool | None = None
    lang: str | None = None
    shortcuts: list[str] | None = None
    kb_articles: list[str] | None = None
    payload: dict[str, Any] | None = None
    source: Literal["bulk"] | None = None
    attachments: list[Any] | None = None
    user_mentions: Items | None = None
    from_: AddressBody | None = Field(default=None, alias="from")
    to: list[AddressBody] | list[str] | str | None = None
    cc: list[AddressBody] | None = None
    bcc: list[AddressBody] | None = None
    reply_to: AddressBody | str | None = None
    subject: str | None = None
    app: str | None = None


def _body(call: RoutedRequest) -> dict[str, Any]:
    body: dict[str, Any] = call.body(DraftBody)
    for channel, fields in ONLY.items():
        foreign = next((name for name in body if name in fields and channel != body["channel"]), None)
        if foreign and not (channel == "email" and foreign in {"from", "to", "app"}):
            raise refusal_at(400, f"Unknown field: {foreign}", foreign)
    return body


def _create(call: RoutedRequest) -> VendorAnswer:
    body, customer = _body(call), record(call.org, "customer", call.id)
    relations = {"customer": ("customer", customer.id)}
    if id_ := body.pop("conversation", None):
        conversation = conversation_of(call.org, id_, customer.id, "conversation")
        relations["conversation"] = ("conversation", conversation.id)
        others = call.org.all("draft", conversation=conversation.id)
        if body["channel"] == "note" and any(one.attributes["channel"] == "note" for one in others):
            raise refusal(409, f"The conversation {id_} has a draft of a note already.")
    attributes = {"status": "draft", "scheduled": False, **body}
    if not attributes["scheduled"]:
        # a time without `scheduled` is overridden
        attributes["sendAt"] = stamp()
    return done(200, call.org.add(Resource("draft", call.org.new_id(), attributes, relations)).written())


def _update(call: RoutedRequest) -> VendorAnswer:
    draft, body = record(call.org, "draft", call.id), _body(call)
    channel = draft.attributes["channel"] or body["channel"]
    if body["channel"] != channel:
        raise refusal_at(400, f"The draft's channel is {channel}", "channel")
    if id_ := body.pop("conversation", None):
        conversation = conversation_of(call.org, id_, draft.related("customer"), "conversation")
        draft.relations["conversation"] = ("conversation", conversation.id)
    if "sendAt" in body:
        body |= {"scheduled": bool(body["sendAt"]), "sendAt": body["sendAt"] or None}
    draft.attributes |= body
    draft.touch()
    return done(200, draft.written())


def _delete(call: RoutedRequest) -> VendorAnswer:
    call.org.remove(record(call.org, "draft", call.id))
    return nothing()


def _list(call: RoutedRequest) -> VendorAnswer:
    customer = record(call.org, "customer", call.id)
    return page(call.request.path, call.query, [one.written() for one in call.org.all("draft", customer=customer.id)])


ROUTES = (
    SandboxRoute("GET /v1/customers/{id}/drafts", _list),
    SandboxRoute("POST /v1/customers/{id}/drafts", _create),
    SandboxRoute("PATCH|PUT /v1/drafts/{id}", _update),
    SandboxRoute("DELETE /v1/drafts/{id}", _delete),
)
