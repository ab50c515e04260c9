"""Twilio's messages: they carry no key, so that one is known by its numbers, its text and its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from activities.openapi.lookups import LookUp, UnknownRequest
from activities.openapi.operation import Operation

MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"

CLOCKS = timedelta(seconds=2)
"""How far Twilio's clock, which shows whole seconds, may be behind ours: more would take an earlier message for this
one, and a clock that is further behind only leaves the outcome unknown."""

TRIAL = "Sent from your Twilio trial account - "
"""What Twilio puts before the texts of trial accounts."""

MOST_LISTED = 50
"""Messages to one number that are looked at, the newest first."""

UNSEEN = frozenset(("ContentSid", "MediaUrl"))
"""What a message is made of that the list of messages does not show."""


def look_up(one: Operation) -> LookUp | None:
    """Return how Twilio is asked what became of a message; of nothing else can it tell."""
    if one.method != "POST" or one.path != MESSAGES:
        return None
    return LookUp(find=found, identity=identity, status=201)


def identity(message: Any) -> str | None:
    """Return provider and id, as `send_sms` does: two steps may send the same text."""
    sid = message.get("sid") if isinstance(message, Mapping) else None
    return f"twilio:{sid}" if sid else None


async def found(sent: UnknownRequest) -> list[Any]:
    """Return the account's messages of this text to this number since then."""
    text, values = sent.values.get("Body"), sent.values
    if not text or UNSEEN & values.keys():
        return []
    query = {name: values[name] for name in ("To", "From") if values.get(name)}
    page = await sent.read(sent.path, {**query, "PageSize": MOST_LISTED})
    return [
        one
        for one in page["messages"]
        if one["body"] in (text, TRIAL + text)
        and one.get("messaging_service_sid") == values.get("MessagingServiceSid")
        and sent.after(parsedate_to_datetime(one["date_created"]), CLOCKS)
    ]
