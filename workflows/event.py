"""Events: what happened, as CloudEvents 1.0 JSON objects whose `data` holds the roots that templates see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAX_BYTES = 512 * 1024
MAX_DEPTH = 100
MAX_ID = 500

VERSION = "1.0"

ANY: Mapping[str, Any] = {}
"""Fields of a root that may have any."""

CALL = ("external_number", "waiting_time", "uuid", "agent_id", "agent_email")
CONTACT = (
    "id",
    "name",
    "title",
    "company",
    "industry",
    "address",
    "city",
    "zip",
    "state",
    "type",
    "tags",
    "custom_fields",
    "emails",
)
RECORDING = ("id", "url", "uri", "duration", "format", "size", "channels", "sample_rate", "language", "created_at")
TICKET = ("id", "subject", "status", "priority", "tags", "assignee")
CUSTOMER = ("id", "name", "email", "isVip")
MESSAGE = ("id", "body", "senderName")


def _fields(names: tuple[str, ...]) -> Mapping[str, Any]:
    return dict.fromkeys(names)


VOICE: Mapping[str, Mapping[str, Any]] = {
    "call": _fields(CALL),
    "contact": _fields(CONTACT),
    "input": ANY,
    "recording": _fields(RECORDING),
}
HELPDESK: Mapping[str, Mapping[str, Any]] = {
    "ticket": _fields(TICKET),
    "customer": _fields(CUSTOMER),
    "message": _fields(MESSAGE),
    "customFields": ANY,
}

KNOWN: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "call.*": VOICE,
    "recording.uploaded": VOICE,
    "ticket.*": HELPDESK,
    "message.*": HELPDESK,
}
"""Roots and documented fields of the event types that are known; a root without fields may have any."""


class EventError(ValueError):
    """This is no event; the message says why and what would be right."""


def matches(wanted: str, event_type: str) -> bool:
    """Say whether a trigger for `wanted` (`call.ended`, or `call.*` for all that begin with `call.`) takes a type."""
    return event_type.startswith(wanted[:-1]) if wanted.endswith(".*") else event_type == wanted


def known_roots(event_type: str) -> Mapping[str, Mapping[str, Any]] | None:
    """Return the roots and documented fields of a known event type (or of a trigger's `call.*`), else None."""
    return next((roots for pattern, roots in KNOWN.items() if matches(pattern, event_type)), None)


def read_event(value: Any, *, default_id: str) -> dict[str, Any]:
    """Return an event with `specversion`, `id`, `type`, `source` and `data`; other attributes stay as they are.

    `type` and `data` suffice: a missing `id` is `default_id` (the workflow id), a missing `source` is `manual`.

    Raises:
        EventError: it is no such object, or too large or too deep.
    """
    if not isinstance(value, Mapping):
        raise EventError(f"An event is a JSON object with `type` and `data`; this is {what(value)}.")
    event: dict[str, Any] = {"specversion": VERSION, "id": default_id, "source": "manual"}
    event.update((key, content) for key, content in value.items() if content is not None or key == "data")
    if event["specversion"] != VERSION:
        raise EventError(f'An event\'s `specversion` is "{VERSION}"; this one says {_short(event["specversion"])}.')
    for attribute in ("type", "id", "source"):
        if attribute not in event:
            raise EventError(f"An event needs a `{attribute}`, a text such as `call.ended`; this one has none.")
        content = event[attribute]
        if not isinstance(content, str) or not content.strip():
            raise EventError(f"An event's `{attribute}` is a text that is not empty; this one is {_short(content)}.")
        if len(content) > MAX_ID:
            raise EventError(f"An event's `{attribute}` has at most {MAX_ID} characters; this one has {len(content)}.")
    if "data" not in event:
        binary = " `data_base64` cannot be read." if "data_base64" in event else ""
        raise EventError(
            f"An event needs `data`, an object with the roots that templates see; this one has none.{binary}"
        )
    if not isinstance(event["data"], Mapping):
        raise EventError(
            f"An event's `data` is an object with the roots that templates see; this one is {what(event['data'])}."
        )
    _measure(event)
    return event


def _measure(event: Mapping[str, Any]) -> None:
    level: list[Any] = [event]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, Mapping) else node)
            if isinstance(child, (Mapping, list))
        ]
        if not level:
            break
    else:
        raise EventError(f"An event may be nested {MAX_DEPTH} deep; this one is deeper.")
    try:
        size = len(json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())
    except UnicodeEncodeError:
        raise EventError("An event's texts are Unicode; one of this event holds half of a surrogate pair.") from None
    except (TypeError, ValueError):
        raise EventError("An event is JSON; this one holds a value that JSON does not have, such as NaN.") from None
    if size > MAX_BYTES:
        raise EventError(f"An event has at most {MAX_BYTES // 1024} KiB as JSON; this one has {-(-size // 1024)} KiB.")


def what(value: Any) -> str:
    """Return what a JSON value is, for a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, (list, tuple)) else "an object" if isinstance(value, Mapping) else "no JSON"


def _short(value: Any) -> str:
    return repr(value)[:60] if isinstance(value, (str, int, float)) else what(value)
