"""Stripe's events: each says under which idempotency key the request came that caused it.

https://docs.stripe.com/api/events/object (`request.idempotency_key`)
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from activities.openapi.lookups import LookUp, UnknownRequest
from activities.openapi.operation import PLACE_IN_PATH, Operation

EVENTS = "/v1/events"
PAGE = 100
MOST_PAGES = 5
"""Pages of events that are read, the newest first."""

CLOCKS = timedelta(minutes=1)
"""How far Stripe's clock may be behind ours; the key tells the step's events from all others."""

VERBS = frozenset((
    "accept", "approve", "attach", "cancel", "capture", "close", "confirm", "decline", "detach", "finalize",
    "mark_uncollectible", "pay", "reject", "release", "reverse", "send", "submit", "void",
))  # fmt: skip
"""Ends of paths that change the object before them, and answer with it."""

HALTED = ("failed", "action_required", "requires_action")
"""Ends of types of events under which a request may have been answered with an error, although it left something."""

PLURAL = re.compile(r"(?:(?<=ss)es|(?<=x)es|(?<=ch)es|s)$")


def look_up(one: Operation) -> LookUp | None:
    """Return how Stripe is asked what became of an operation: whatever it dedupes has a key, and so have its events."""
    return LookUp(find=found) if one.method == "POST" else None


async def found(sent: UnknownRequest) -> list[Any]:
    """Return the object that the step made or changed, as it is now; none where its request failed in part."""
    caused = [event async for event in _events(sent) if _key(event) == sent.key]
    if not caused or any(str(event.get("type")).endswith(HALTED) for event in caused):
        return []
    objects = [event["data"]["object"] for event in caused]
    places = {place for one in objects if (place := _place(sent, one)) is not None}
    return [await sent.read(places.pop(), {})] if len(places) == 1 else []


async def _events(sent: UnknownRequest) -> AsyncIterator[Mapping[str, Any]]:
    query: dict[str, Any] = {"created[gte]": int((sent.since - CLOCKS).timestamp()), "limit": PAGE}
    for _ in range(MOST_PAGES):
        page = await sent.read(EVENTS, query)
        for event in page["data"]:
            yield event
        if not page["has_more"]:
            return
        query["starting_after"] = page["data"][-1]["id"]


def _key(event: Mapping[str, Any]) -> Any:
    request = event.get("request")
    return request.get("idempotency_key") if isinstance(request, Mapping) else None


def _place(sent: UnknownRequest, one: Mapping[str, Any]) -> str | None:
    """Return where an object is read that the operation answers with, or None where it is none of those."""
    template, id_ = sent.operation.path.strip("/").split("/"), one.get("id")
    if not isinstance(id_, str):
        return None
    last = template[-1]
    if changed := PLACE_IN_PATH.fullmatch(template[-2] if last in VERBS else last):
        place = sent.path.rpartition("/")[0] if last in VERBS else sent.path
        return place if sent.values.get(changed[1]) == id_ else None
    return f"{sent.path}/{quote(id_, safe='')}" if one.get("object") in _kinds(template) else None


def _kinds(template: list[str]) -> set[str]:
    """Return what an object may call itself that is made at a path: `checkout.session` of `checkout/sessions`."""
    names = [part for part in template[1:] if not PLACE_IN_PATH.fullmatch(part)]
    last = f"{names[-1][:-3]}y" if names[-1].endswith("ies") else PLURAL.sub("", names[-1])
    return {last, ".".join([*names[:-1], last])}
