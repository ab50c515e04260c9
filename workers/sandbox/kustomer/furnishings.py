"""What an organization is furnished with from the beginning: its users, snippets, hooks, queues and teams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.sandbox.kustomer.resources import MACHINE, ORG, Resource, SandboxOrganization

Maker = Callable[[SandboxOrganization, str], Resource]
SINCE = "2024-05-01T09:00:00.000Z"
"""When all that nobody has made was made: before anything that a run did."""

REV = 3
"""Revision of all that nobody has made."""

CUSTOMER = "ada"
"""Whose conversations are those that nobody has seen."""


def make(
    org: SandboxOrganization, type_: str, id_: str, attributes: dict[str, Any], **relations: tuple[str, str]
) -> Resource:
    """Return a record that nobody has made; one that is there already stays as it is."""
    return org.find(type_, id_) or org.add(
        Resource(type_, id_, {"createdAt": SINCE, "rev": REV, **attributes}, dict(relations))
    )


def _user(org: SandboxOrganization, id_: str) -> Resource:
    machine = id_ == MACHINE
    attributes = {
        "name": "Trunkline" if machine else "Kim",
        "displayName": "Trunkline" if machine else "Kim",
        "userType": "machine" if machine else "user",
        "email": f"{id_}@example.com",
        "emailVerifiedAt": None if machine else SINCE,
        "emailSignature": None if machine else "Kim, Support",
    }
    return make(org, "user", id_, attributes)


def _snippet(org: SandboxOrganization, id_: str) -> Resource:
    langs = [{"lang": "en_us", "text": "We answer within fifteen minutes."}]
    return make(org, "snippet", id_, {"name": id_, "key": id_, "app": "kustomer", "langs": langs})


def _hook(kind: str) -> Maker:
    def hook(org: SandboxOrganization, id_: str) -> Resource:
        place = {"email": f"{id_}@hooks.example.com"} if kind == "email" else {"url": f"/v1/hooks/{kind}/{id_}"}
        event = f"kustomer.hooks.{kind}.{id_}.receive"
        return make(org, f"{kind}_hook", id_, {"name": id_, "eventName": event, **place})

    return hook


def _queue(org: SandboxOrganization, id_: str) -> Resource:
    made = make(org, "queue", id_, {"name": id_, "displayName": id_.title(), "priority": 5, "itemSize": 1})
    for number in () if id_.startswith("empty") else (1, 2):
        _work_item(org, f"item-{number}-of-{id_}", queue=("queue", id_))
    for status in ("available", "busy", "unavailable"):
        attributes = {"statusType": status, "active": True, "capacity": 1, "signedInAt": SINCE}
        session = f"{status}-of-{id_}"
        make(org, "work_session", session, attributes, queue=("queue", id_), user=("user", f"agent-{status}"))
    return made


def _work_item(org: SandboxOrganization, id_: str, **relations: tuple[str, str]) -> Resource:
    attributes = {
        "resourceType": "conversation",
        "status": "queued",
        "paused": False,
        "channel": "email",
        "firstEnterQueueAt": SINCE,
        "queuedCount": 1,
        "priority": 5,
        "itemSize": 1,
        "resourceRev": 1,
        "resourceCreatedAt": SINCE,
        "lastRevision": {"rev": 1, "modifiedAt": SINCE},
    }
    return make(
        org, "work_item", id_, attributes, resource=("conversation", f"conversation-of-{CUSTOMER}"), **relations
    )


def _bare(type_: str) -> Maker:
    return lambda org, id_: make(org, type_, id_, {"name": id_})


def _org(org: SandboxOrganization, id_: str) -> Resource:
    return make(org, "org", id_, {"name": ORG, "displayName": "Sandbox"})


FURNISHINGS: dict[str, Maker] = {
    "user": _user,
    "snippet": _snippet,
    "web_hook": _hook("web"),
    "form_hook": _hook("form"),
    "email_hook": _hook("email"),
    "queue": _queue,
    "org": _org,
    "tag": _bare("tag"),
    "team": _bare("team"),
}
"""What makes a record of an id, by type."""
