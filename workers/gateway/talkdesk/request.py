"""Requests of Talkdesk's: `{auth, data, meta}`, read leniently, and believed for their `auth` alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from trunkline.wire import LONGEST_ID
from workers.gateway.requests import RefusalError, json_of
from workers.gateway.talkdesk.entry import TalkdeskEntry
from workers.gateway.templates import rendered, text_of
from workers.gateway.verification import one_of, same
from workflows.event import CONTROLS
from workflows.language.template import TemplateError

EMPTY: tuple[Any, ...] = (None, "")


@dataclass(frozen=True, slots=True)
class BridgeRequest:
    """What Talkdesk wants; its `auth` has been judged and is not kept.

    Attributes:
        data: the action's fields.
        meta: what Talkdesk knows besides, such as `contact_external_id`; what it gives empty is left out.
    """

    data: dict[str, Any]
    meta: dict[str, Any]

    def roots(self) -> dict[str, Any]:
        """Return the roots of templates."""
        return {"data": self.data, "meta": self.meta}


def admitted(body: bytes, entry: TalkdeskEntry) -> dict[str, Any]:
    """Return a request's object whose `auth` is right, without it.

    Raises:
        Refusal: it is no JSON object (400), or its `auth` is wrong (401).
    """
    content = json_of(body)
    if not isinstance(content, dict):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "The body is an object with `auth`, `data` and `meta`.")
    given = content.pop("auth", None)
    fields = given if isinstance(given, Mapping) else {}
    right = [
        one_of(same(text_of(fields.get(name)), secret) for secret in secrets) for name, secrets in entry.auth.items()
    ]
    if not all(right):
        raise RefusalError(HTTPStatus.UNAUTHORIZED, "The credentials in `auth` are not right.")
    return content


def request_of(content: Mapping[str, Any]) -> BridgeRequest:
    """Return what is wanted.

    Raises:
        Refusal: `data` or `meta` is no object (400).
    """
    data, meta = content.get("data"), content.get("meta")
    for name, value in (("data", data), ("meta", meta)):
        if value is not None and not isinstance(value, dict):
            raise RefusalError(HTTPStatus.BAD_REQUEST, f"`{name}` is an object.")
    return BridgeRequest(dict(data or {}), {key: value for key, value in (meta or {}).items() if value not in EMPTY})


def given_id(entry: TalkdeskEntry, request: BridgeRequest, room: int) -> str:
    """Return the part of the event's id that says which request it is; nothing where the file's template gives nothing.

    Args:
        entry: the file's entry.
        request: what is wanted.
        room: bytes that it may have; where it is longer, its SHA-256 stands for it.

    Raises:
        Refusal: the template cannot be rendered with it (400).
    """
    if entry.id is None:
        return ""
    try:
        found = text_of(rendered(entry.id, request.roots()))
    except TemplateError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"The request's id cannot be made: {error}") from None
    if CONTROLS.search(found) or len(found.encode("utf-8", "replace")) > room:
        return hashlib.sha256(found.encode("utf-8", "replace")).hexdigest()
    return found


def digest_of(request: BridgeRequest) -> str:
    """Return what is the same for identical requests."""
    content = json.dumps([request.data, request.meta], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def room_of(automation: str) -> int:
    """Return the bytes that are left for an id in the workflow ids of an automation."""
    return LONGEST_ID - len(f"{automation}/{PREFIX}")


PREFIX = "talkdesk:"
"""How the ids of these events begin, so that no other source's are taken for theirs."""
