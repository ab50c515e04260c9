"""CloudEvents 1.0 over HTTP: structured, batched and binary, told apart by the media type alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs
from multidict import CIMultiDictProxy

from trunkline.wire import LONGEST_ID
from workers.gateway.requests import JSON, RefusalError, is_json, json_of, media_type
from workflows.event import CONTROLS, EventError, EventTooLargeError, read_event

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PREFIX = "ce-"
ATTRIBUTE = re.compile(r"[a-z0-9]+")
REQUIRED = ("specversion", "id", "source", "type")
OPTIONAL = ("subject", "datacontenttype", "dataschema")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
FRACTION = re.compile(r"\.\d+")
MOST_EVENTS = 1_000
"""Events of one batch: as many as are started well within the time that senders wait."""

DISPATCH = "event"
"""The workflow type that starts what an event concerns, and how the ids of its runs begin."""


def events_of(headers: CIMultiDictProxy[str], body: bytes) -> list[dict[str, Any]]:
    """Return the events of a request, each whole.

    Raises:
        Refusal: one of them is malformed (400) or too large (413), or the media type is none of these (415).
    """
    kind = media_type(headers)
    if kind == STRUCTURED:
        return [checked(json_of(body))]
    if kind == BATCH:
        return _batch(json_of(body))
    if is_json(kind) and any(name.lower().startswith(PREFIX) for name in headers):
        return [checked(_binary(headers, body))]
    raise RefusalError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"Send {STRUCTURED}, {BATCH}, or {JSON} with the event's attributes in headers ({PREFIX}id, …).",
    )


def _batch(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "A batch is a list of events.")
    if len(given) > MOST_EVENTS:
        sentence = f"A batch has at most {MOST_EVENTS:,} events; this one has {len(given):,}."
        raise RefusalError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    events: dict[str, dict[str, Any]] = {}
    for place, entry in enumerate(given, 1):
        try:
            event = checked(entry)
        except RefusalError as refusal:
            raise RefusalError(refusal.status, f"Event {place} of the batch: {refusal.sentence}") from None
        before = events.setdefault(event["id"], event)
        if before["source"] != event["source"]:
            sentence = f"Event {place} of the batch has the id of another one, from another source: {event['id']!r}."
            raise RefusalError(HTTPStatus.CONFLICT, sentence)
    return list(events.values())


def _binary(headers: CIMultiDictProxy[str], body: bytes) -> dict[str, Any]:
    event: dict[str, Any] = {"datacontenttype": headers.get(hdrs.CONTENT_TYPE, "")}
    for header, value in headers.items():
        name = header.lower().removeprefix(PREFIX)
        if name == header.lower():
            continue
        if not ATTRIBUTE.fullmatch(name) or name in event or name == "data":
            raise RefusalError(
                HTTPStatus.BAD_REQUEST, f"The header {header[:100]!r} is no attribute of an event, or is there twice."
            )
        event[name] = _decoded(header, value)
    return {**event, "data": json_of(body)}


def _decoded(header: str, value: str) -> str:
    try:
        return unquote_to_bytes(value.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError:
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"The header {header[:100]!r} is no text in UTF-8.") from None


def checked(given: Any) -> dict[str, Any]:
    """Return a whole event.

    Raises:
        Refusal: it is none (400), or is too large (413).
    """
    if isinstance(given, Mapping):
        for name in REQUIRED:
            if given.get(name) is None:
                raise RefusalError(
                    HTTPStatus.BAD_REQUEST, f"An event of CloudEvents 1.0 has `{name}`; this one has none."
                )
        _check_optional(given)
    try:
        event = read_event(given, default_id="")
    except EventTooLargeError as error:
        raise RefusalError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error)) from None
    except EventError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, str(error)) from None
    if CONTROLS.search(event["id"]) or CONTROLS.search(event["type"]) or CONTROLS.search(event["source"]):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "An event's `id`, `type` and `source` have no control characters.")
    if len(f"{DISPATCH}/{event['id']}".encode()) > LONGEST_ID:
        most = LONGEST_ID - len(DISPATCH) - 1
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"An event's `id` has at most {most} bytes; this one has more.")
    return event


def _check_optional(event: Mapping[str, Any]) -> None:
    """Refuse an optional attribute that is not what CloudEvents 1.0 says (section 3, context attributes).

    Raises:
        Refusal: it is not (400).
    """
    for name in OPTIONAL:
        if (value := event.get(name)) is not None and not (isinstance(value, str) and value):
            raise RefusalError(
                HTTPStatus.BAD_REQUEST, f"An event's `{name}` is a text that is not empty, where it is there."
            )
    time = event.get("time")
    if time is not None and not (isinstance(time, str) and is_instant(time)):
        sentence = "An event's `time` is an instant of RFC 3339, as 2026-01-31T12:00:00Z, where it is there."
        raise RefusalError(HTTPStatus.BAD_REQUEST, sentence)


def is_instant(text: str) -> bool:
    """Say whether a text is an instant of RFC 3339."""
    if not INSTANT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(FRACTION.sub("", text.upper().replace(":60", ":59")))
    except ValueError:
        return False
    return True
