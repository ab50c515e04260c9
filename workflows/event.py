"""Events: what happened, as CloudEvents 1.0 JSON objects whose `data` holds the roots that templates see."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from trunkline.wire import LONGEST_ID

MAX_BYTES = 512 * 1024
MAX_DEPTH = 100
MAX_ID = 500

VERSION = "1.0"

BY_HAND = "manual"
"""The source of an event that names none."""

FIRED = "schedule.fired"
"""The type of the event that a schedule brings; emitted by others it starts nothing."""

CALLED = "automation.called"
"""The type of the event for which one automation runs another."""

CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
"""Characters that no workflow id has: Temporal's databases do not take all of them, and nobody sees them."""

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
    FIRED: {},
}
"""Roots and documented fields of the event types that are known; a root without fields may have any."""


NULLABLE: Mapping[str, tuple[str, ...]] = {"call": ("uuid", "agent_id", "agent_email")}
"""Documented fields that are null where a call was not answered; absent they are the same."""

MISSED = "call.missed"
"""The type of calls that nobody answered."""

UNANSWERED = tuple((root, name) for root, names in NULLABLE.items() for name in names)
"""Paths of the fields that are null in every event of that type."""

PRIORITIES = ("low", "normal", "medium", "high", "urgent")
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")

VALUES: Mapping[tuple[str, ...], tuple[Any, ...]] = {
    ("contact", "type"): ("contact", "lead"),
    ("ticket", "status"): STATUSES,
    ("ticket", "priority"): PRIORITIES,
    ("customer", "isVip"): (True, False),
}
"""The values that documented fields of known event types have."""


class EventError(ValueError):
    """This is no event; the message says why and what would be right."""


class EventTooLargeError(EventError):
    """An event is larger than events may be."""


def matches(wanted: str, event_type: str) -> bool:
    """Say whether a trigger for `wanted` (`call.ended`, or `call.*` for all that begin with `call.`) takes a type."""
    return event_type.startswith(wanted[:-1]) if wanted.endswith(".*") else event_type == wanted


def known_roots(event_type: str) -> Mapping[str, Mapping[str, Any]] | None:
    """Return the roots and documented fields of a known event type (or of a trigger's `call.*`), else None."""
    return next((roots for pattern, roots in KNOWN.items() if matches(pattern, event_type)), None)


def roots_of(event: Mapping[str, Any], inputs: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the roots that an event brings: its data, with documented fields that are null and not there, and names.

    Args:
        event: the event.
        inputs: names for the ids of collected inputs (`trigger.inputs`).
    """
    data = dict(event["data"])
    if known_roots(event["type"]) is VOICE:
        for root, names in NULLABLE.items():
            if isinstance(data.get(root), Mapping):
                data[root] = {**dict.fromkeys(names), **data[root]}
    collected = data.get("input")
    if inputs and isinstance(collected, Mapping):
        named = {name: collected[key] for name, key in inputs.items() if key in collected}
        data["input"] = {**collected, **named}
    return data


def read_event(value: Any, *, default_id: str) -> dict[str, Any]:
    """Return an event with `specversion`, `id`, `type`, `source` and `data`; other attributes stay as they are.

    `type` and `data` suffice: a missing `id` is `default_id` (the workflow id), a missing `source` is `manual`.

    Raises:
        EventError: it is no such object, or too deep.
        EventTooLargeError: it is too large.
    """
    if not isinstance(value, Mapping):
        raise EventError(f"An event is a JSON object with `type` and `data`; this is {what(value)}.")
    event: dict[str, Any] = {"specversion": VERSION, "id": default_id, "source": BY_HAND}
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


def run_id(automation: str, event_id: str, once: str | None = None, *, again: str = "") -> str:
    """Return the workflow id under which an automation runs for an event.

    Args:
        automation: the automation's name.
        event_id: the event's id.
        once: what `trigger.once` came to, instead of the event's id: where it is no part of a workflow id, because it
            is too long or holds control characters, its SHA-256 is.
        again: what tells another run for the same event from the first.

    Raises:
        EventError: Temporal's databases do not take so long an id.
    """
    whole = f"{automation}/{event_id if once is None else once}{again}"
    short = len(whole.encode("utf-8", "replace")) <= LONGEST_ID
    if once is None:
        if not short:
            raise EventError(f"The event's id is too long: a workflow id takes at most {LONGEST_ID} bytes.")
        return whole
    if short and CONTROLS.search(once) is None:
        return whole
    return f"{automation}/{hashlib.sha256(once.encode('utf-8', 'replace')).hexdigest()}{again}"


def another_event(run: str, event: Mapping[str, Any], earlier: str | None) -> str | None:
    """Return why an event is not the one that a run was started for, or None where it is: of the same source.

    Args:
        run: the workflow id that both have.
        event: the event that is to start a run now.
        earlier: the source of the event that started the run; None where nobody can say.
    """
    source = event.get("source") or BY_HAND
    if earlier == source:
        return None
    if earlier is None:
        return (
            f"There is a run {run} already, and nobody can say here whether it is this event's: what it was started "
            "with is no event, or cannot be read."
        )
    return (
        f"This is another event than that of the run {run}: both have the id {event['id']!r}, but that one came from "
        f"{earlier!r} and this one from {source!r}. Let `trigger.once` say what makes an event the same, such as "
        '"{{event.source}}/{{event.id}}".'
    )


def kept_out(inside: str) -> str:
    """Return why an event starts nothing while the run for its key is under way."""
    return f"A run for the same key is under way: {inside}."


def fired(automation: str, instant: str) -> dict[str, Any]:
    """Return the event of a schedule's instant (UTC, to the second: `2026-11-28T08:00:00Z`)."""
    return {
        "specversion": VERSION,
        "id": f"schedule-{instant}",
        "type": FIRED,
        "source": f"/schedules/{automation}",
        "time": instant,
        "data": {},
    }


def called(key: str, caller: str, data: Any) -> dict[str, Any]:
    """Return the event for which a step runs another automation.

    Args:
        key: idempotency key of the step.
        caller: workflow id of the step's run.
        data: what the step gives it.

    Raises:
        EventError: it is too large or too deep, or `data` is no object.
    """
    source = f"/runs/{caller}"
    return read_event({"id": key, "type": CALLED, "source": source[:MAX_ID], "data": data}, default_id=key)


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
        raise EventTooLargeError(
            f"An event has at most {MAX_BYTES // 1024} KiB as JSON; this one has {-(-size // 1024)} KiB."
        )


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
