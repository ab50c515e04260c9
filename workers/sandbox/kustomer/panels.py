"""What the sandbox's page shows of an organization: its customers, and what was said in their conversations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workers.sandbox.kustomer.resources import Resource, SandboxOrganization
from workers.sandbox.kustomer.tags import tag_names
from workers.sandbox.vendor import Panel


def panels(org: SandboxOrganization) -> Sequence[Panel]:
    """Return conversations and customers, the latest first."""
    shown = [*org.all("conversation"), *org.all("customer")]
    latest = sorted(shown, key=lambda one: str(one.attributes["updatedAt"]), reverse=True)
    return [_conversation(org, one) if one.type == "conversation" else _customer(org, one) for one in latest]


def _conversation(org: SandboxOrganization, one: Resource) -> Panel:
    facts = {
        "status": str(one.attributes.get("status")),
        "customer": one.related("customer") or "none",
        "assignee": _joined(one.attributes.get("assignedUsers"), "unassigned"),
        "team": _joined(one.attributes.get("assignedTeams"), "none"),
        "tags": _joined(tag_names(org, one.attributes.get("tags") or []), "none"),
        **({"deleted": "yes"} if one.attributes.get("deleted") else {}),
    }
    records = [*org.all("message", conversation=one.id), *org.all("note", conversation=one.id)]
    records.sort(key=lambda each: str(each.attributes["createdAt"]))
    return Panel(f"Kustomer: conversation {one.id}", facts, [_entry(each) for each in records])


def _entry(record: Resource) -> tuple[str, str]:
    if record.type == "note":
        return "Note", str(record.attributes.get("body") or "")
    inbound = record.attributes.get("direction") == "in"
    heading = f"{'From' if inbound else 'To'} the customer by {record.attributes.get('channel')}"
    return heading, str(record.attributes.get("preview") or "")


def _customer(org: SandboxOrganization, one: Resource) -> Panel:
    facts = {
        "name": str(one.attributes.get("name") or "none"),
        "emails": _joined(_each(one, "emails", "email"), "none"),
        "phones": _joined(_each(one, "phones", "phone"), "none"),
        "company": one.related("company") or "none",
        "tags": _joined(tag_names(org, one.attributes.get("tags") or []), "none"),
        **({"deleted": "yes"} if one.attributes.get("deleted") else {}),
    }
    return Panel(f"Kustomer: customer {one.id}", facts)


def _each(one: Resource, name: str, member: str) -> list[Any]:
    return [each.get(member) for each in one.attributes.get(name) or ()]


def _joined(values: Iterable[Any] | None, none: str) -> str:
    return ", ".join(map(str, values or ())) or none
