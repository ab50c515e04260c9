"""Zendesk's fields of a ticket: what they are called in an event, and in an answer of Zendesk's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workers.importing.unsaid import UnsayableError

FRESH = "variables.fresh.body.ticket"
"""Where the ticket is that was looked up anew."""

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
ORDERS: Mapping[str, tuple[str, ...]] = {"status": STATUSES, "priority": PRIORITIES}
"""Fields whose values have an order."""

_CUSTOM = re.compile(r"(?:custom_fields|ticket_fields|ticket_field)_(\d+)")
_PLACE = re.compile(r"(\{\{-?|\{%-?)(.*?)(-?\}\}|-?%\})", re.DOTALL)
_NAME = re.compile(r"(?<![\w.'\"-])(ticket|current_user|satisfaction|dc|agent|user|target)((?:\.\w+)+)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        event: its path in an event of ours.
        fresh: its name in a ticket of Zendesk's, None where it is not part of one.
    """

    event: str
    fresh: str | None


FIELDS: Mapping[str, Field] = {
    "status": Field("ticket.status", "status"),
    "priority": Field("ticket.priority", "priority"),
    "type": Field("ticket.type", "type"),
    "subject": Field("ticket.subject", "subject"),
    "current_tags": Field("ticket.tags", "tags"),
    "tags": Field("ticket.tags", "tags"),
    "assignee_id": Field("ticket.assignee.id", "assignee_id"),
    "group_id": Field("ticket.group.id", "group_id"),
    "requester_id": Field("customer.id", "requester_id"),
    "organization_id": Field("customer.organization.id", "organization_id"),
    "brand_id": Field("ticket.brand.id", "brand_id"),
    "ticket_form_id": Field("ticket.form.id", "ticket_form_id"),
    "via_id": Field("ticket.via", None),
    "locale_id": Field("customer.locale", None),
    "requester_role": Field("customer.role", None),
    "role": Field("event.actor.role", None),
    "comment_is_public": Field("message.public", None),
    "comment_includes_word": Field("message.body", None),
    "subject_includes_word": Field("ticket.subject", "subject"),
    "description_includes_word": Field("message.body", "description"),
    "satisfaction_score": Field("ticket.satisfaction.score", "satisfaction_rating"),
    "recipient": Field("ticket.recipient", "recipient"),
    "reopens": Field("ticket.reopens", None),
    "replies": Field("ticket.replies", None),
}

_PLACEHOLDERS: Mapping[str, str] = {
    "ticket.title": "ticket.subject",
    "ticket.requester.name": "customer.name",
    "ticket.requester.first_name": "customer.name",
    "ticket.requester.email": "customer.email",
    "ticket.requester.id": "customer.id",
    "ticket.requester.phone": "customer.phone",
    "ticket.organization.name": "customer.organization.name",
    "ticket.latest_comment": "message.body",
    "ticket.latest_public_comment": "message.body",
    "ticket.latest_comment_formatted": "message.body",
    "ticket.latest_public_comment_formatted": "message.body",
    "ticket.latest_comment_html": "message.body",
    "ticket.comments_formatted": "message.body",
    "ticket.public_comments_formatted": "message.body",
    "ticket.description": "message.body",
    "ticket.verbatim_description": "message.body",
    "ticket.link": "ticket.url",
    "current_user.name": "event.actor",
    "current_user.email": "event.actor",
    "agent.name": "ticket.assignee.name",
}


def path_of(name: str, *, fresh: bool) -> str:
    """Return where a field is: in the event, or in the ticket that was looked up anew.

    Raises:
        UnsayableError: it is not there.
    """
    custom = _CUSTOM.fullmatch(name)
    if custom is not None and fresh:
        raise UnsayableError(f"`{name}` is in a list when a ticket is looked up anew, which conditions do not search.")
    if custom is not None:
        return f'customFields["{custom[1]}"]'
    known = FIELDS.get(name)
    if known is None:
        raise UnsayableError(f"`{name}` is a field that has no name here.")
    if not fresh:
        return known.event
    if known.fresh is None:
        raise UnsayableError(f"`{name}` is not part of a ticket that is looked up anew.")
    return f"{FRESH}.{known.fresh}"


def text_of(text: str) -> str:
    """Return a text with Zendesk's placeholders as ours; it is Liquid already.

    Raises:
        UnsayableError: a placeholder has nothing here.
    """
    return _PLACE.sub(lambda match: f"{match[1]}{_named(match[2])}{match[3]}", text)


def _named(inner: str) -> str:
    parts, at = [], 0
    for quoted in _QUOTED.finditer(inner):
        parts += [_NAME.sub(_placeholder, inner[at : quoted.start()]), quoted[0]]
        at = quoted.end()
    return "".join([*parts, _NAME.sub(_placeholder, inner[at:])])


def _placeholder(match: re.Match[str]) -> str:
    name = match[0]
    if name in _PLACEHOLDERS:
        return _PLACEHOLDERS[name]
    custom = _CUSTOM.match(match[2].removeprefix("."))
    if match[1] == "ticket" and custom is not None:
        return f'customFields["{custom[1]}"]'
    if match[1] == "ticket":
        return name
    raise UnsayableError(f"The placeholder `{name}` has nothing here.")
