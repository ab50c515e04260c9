"""Records that come into being when first asked for, so that an automation finds them without making them first.

Every id has its record, but for those that begin with `missing`. What stands in a look-up has one where it is plainly
made up: addresses at example.com, telephone numbers that begin with +1555, and whatever begins with `known`.
"""

from __future__ import annotations

import re
from typing import Any

from workers.sandbox.kustomer.answers import refusal_at
from workers.sandbox.kustomer.furnishings import CUSTOMER, FURNISHINGS, SINCE, Maker, make
from workers.sandbox.kustomer.resources import MACHINE, Identifier, Resource, SandboxOrganization, not_found

MISSING = "missing"
KNOWN = "known"
TEXT = "Hello, where is my order 4712?"
OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def record(org: SandboxOrganization, type_: str, id_: str) -> Resource:
    """Return the record of an id.

    Raises:
        Refusal: there is none.
    """
    found = org.find(type_, id_)
    if found is None and not id_.startswith(MISSING) and not org.was_deleted(type_, id_):
        found = _born(org, type_, id_)
    if found is None:
        raise not_found(type_, id_)
    return found


def named(org: SandboxOrganization, type_: str, id_: str, pointer: str) -> Resource:
    """Return the record that a body names.

    Raises:
        Refusal: there is none.
    """
    if id_.startswith(MISSING) or org.was_deleted(type_, id_):
        raise refusal_at(400, f"There is no {type_} {id_}", pointer)
    return record(org, type_, id_)


def holder(org: SandboxOrganization, type_: str, identifier: Identifier) -> Resource | None:
    """Return the record that holds an identifier, which comes into being where the identifier is plainly made up."""
    found = org.holder(type_, identifier)
    kind, value = identifier
    if found is not None or not is_known(kind, value):
        return found
    born = record(org, type_, org.new_id())
    born.attributes |= {"externalId": value} if kind == "externalId" else _identified(kind, value)
    org.claim(born, [identifier])
    return born


def is_known(kind: str, value: str) -> bool:
    """Say whether an identifier is held although nobody has given it away."""
    if value.startswith(MISSING):
        return False
    made_up = {"email": value.endswith("@example.com"), "phone": value.startswith("+1555")}
    return value.startswith(KNOWN) or made_up.get("phone" if kind == "whatsapp" else kind, False)


def conversation_of(org: SandboxOrganization, id_: str, customer: str | None, pointer: str | None = None) -> Resource:
    """Return a conversation; one that nobody has seen is the customer's in whose name it is asked for.

    Args:
        org: whose records they are.
        id_: the conversation's id.
        customer: id of the customer, where the request names one.
        pointer: member of the body that names the conversation; None where the path does.

    Raises:
        Refusal: there is no such conversation, or it is another customer's.
    """
    if customer and org.find("conversation", id_) is None and not id_.startswith(MISSING):
        _conversation(org, id_, customer)
    found = record(org, "conversation", id_) if pointer is None else named(org, "conversation", id_, pointer)
    if customer and customer != found.related("customer"):
        raise refusal_at(400, f"The conversation {id_} is not the customer's", "conversation")
    return found


def klass(org: SandboxOrganization, name: str) -> Resource:
    """Return the klass of a name.

    Raises:
        Refusal: there is none.
    """
    if name.startswith(MISSING):
        raise not_found("klass", name)
    found = org.holder("klass", ("name", name))
    if found is None:
        found = record(org, "klass", org.new_id())
        found.attributes |= {"name": name, "displayName": name.title()}
        org.claim(found, [("name", name)])
    return found


def kobject(org: SandboxOrganization, id_: str, relations: dict[str, tuple[str, str]]) -> Resource:
    """Return a custom object that nobody has made."""
    attributes = {"title": "Order 4712", "data": {"number": "4712"}, "custom": {}, "tags": []}
    return make(org, "kobject", id_, attributes, **relations)


def _identified(kind: str, value: str) -> dict[str, Any]:
    match kind:
        case "email":
            return {"emails": [{"id": "e1", "type": "home", "email": value, "verified": True}]}
        case "phone" | "whatsapp":
            return {f"{kind}s": [{"id": "p1", "type": "mobile", "phone": value, "verified": True}]}
        case "facebook":
            return {"facebookIds": [{"pageId": "known-page", "userId": value, "name": "Ada"}]}
        case "instagram":
            return {"instagramIds": [{"pageId": "known-page", "threadId": value, "username": "ada"}]}
        case _:
            return {"socials": [{"id": "s1", "type": kind, "userid": value, "username": "ada", "verified": True}]}


def _born(org: SandboxOrganization, type_: str, id_: str) -> Resource | None:
    made = MAKERS.get(type_)
    return made(org, id_) if made else None


def _customer(org: SandboxOrganization, id_: str) -> Resource:
    attributes = {"name": "Ada", "displayName": "Ada", "emails": [], "phones": [], "tags": [], "custom": {}}
    made = make(org, "customer", id_, attributes, company=("company", f"company-of-{id_}"))
    own = ("email", f"{id_}@example.com")
    if org.holder("customer", own) is None and not OBJECT_ID.fullmatch(id_):
        made.attributes |= _identified(*own)
        org.claim(made, [own])
    _conversation(org, f"conversation-of-{id_}")
    if not org.was_deleted("draft", f"draft-of-{id_}"):
        _draft(org, f"draft-of-{id_}")
    belongs = {"klass": ("klass", klass(org, "order").id), "customer": ("customer", id_)}
    kobject(org, f"order-of-{id_}", belongs)
    return made


def _company(org: SandboxOrganization, id_: str) -> Resource:
    return make(org, "company", id_, {"name": "Analytical Engines", "emails": [], "tags": [], "custom": {}})


def _conversation(org: SandboxOrganization, id_: str, customer: str = CUSTOMER) -> Resource:
    if id_.startswith("conversation-of-"):
        customer = id_.removeprefix("conversation-of-")
    attributes = {
        "name": "Where is my order?",
        "status": "open",
        "priority": 3,
        "direction": "in",
        "channels": ["email"],
        "tags": [],
        "assignedUsers": [],
        "assignedTeams": [],
        "custom": {},
    }
    made = make(org, "conversation", id_, attributes, customer=("customer", customer))
    _email(org, f"message-of-{id_}", made)
    return made


def _email(org: SandboxOrganization, id_: str, conversation: Resource) -> Resource:
    customer = conversation.relations["customer"]
    attributes = {
        "channel": "email",
        "app": "postmark",
        "size": len(TEXT),
        "direction": "in",
        "subject": conversation.attributes["name"],
        "preview": TEXT,
        "status": "received",
        "sentAt": SINCE,
        "meta": {"from": f"{customer[1]}@example.com", "to": [{"email": "support@example.com"}]},
    }
    belongs = {"conversation": ("conversation", conversation.id), "customer": customer}
    return make(org, "message", id_, attributes, **belongs)


def _message(org: SandboxOrganization, id_: str) -> Resource:
    place = id_.removeprefix("message-of-")
    conversation = record(org, "conversation", place if place != id_ else f"thread-of-{id_}")
    found = org.find("message", id_)
    return found or _email(org, id_, conversation)


def _note(org: SandboxOrganization, id_: str) -> Resource:
    conversation = record(org, "conversation", f"conversation-of-{CUSTOMER}")
    belongs = {"conversation": ("conversation", conversation.id), "customer": conversation.relations["customer"]}
    by = ("user", "agent-kim") if "agent" in id_ else ("user", MACHINE)
    return make(org, "note", id_, {"body": "Asked the warehouse.", "userMentions": []}, createdBy=by, **belongs)


def _draft(org: SandboxOrganization, id_: str) -> Resource:
    customer = id_.removeprefix("draft-of-") if id_.startswith("draft-of-") else CUSTOMER
    attributes = {"channel": None, "status": "draft", "body": "It is on its way.", "scheduled": False, "sendAt": None}
    if id_.startswith("draft-of-"):
        attributes["channel"] = "email"
    return make(org, "draft", id_, attributes, customer=("customer", customer))


def _klass(org: SandboxOrganization, id_: str) -> Resource:
    return make(org, "klass", id_, {"name": f"klass-{id_[-4:]}", "displayName": None, "status": "enabled"})


MAKERS: dict[str, Maker] = {
    **FURNISHINGS,
    "customer": _customer,
    "company": _company,
    "conversation": _conversation,
    "message": _message,
    "note": _note,
    "draft": _draft,
    "klass": _klass,
}
"""What makes a record of an id, by type; the others are only what was made."""
