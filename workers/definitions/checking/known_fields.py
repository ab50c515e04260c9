"""Which roots templates find, and which fields of them are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workflows.event import known_roots

REQUEST = ("actionType", "connection", "config")

RUN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "run": ("id", "automation", "url"),
    "failure": ("type", "message", "status", "attempts"),
    "loop": ("index", "first", "last", "length"),
    "request": REQUEST,
    "hold": (
        "id",
        "step",
        "label",
        "actionType",
        "kind",
        "request",
        "digest",
        "openedAt",
        "deadline",
        "approvers",
        "quorum",
        "votes",
        "status",
        "decision",
        "error",
        "url",
    ),
    "hold.request": (*REQUEST, "secrets"),
}


def roots_of(event: str | None, declared: Any) -> Mapping[str, Iterable[str]] | None:
    """Return the roots of the trigger's event with their fields (none: any); None where any root may be there."""
    known = known_roots(event) if event else None
    if isinstance(declared, list):
        own: dict[str, Iterable[str]] = {name: () for name in declared if isinstance(name, str)}
    elif isinstance(declared, Mapping) and isinstance(declared.get("properties"), Mapping):
        own = {name: _properties(schema) for name, schema in declared["properties"].items()}
    elif isinstance(declared, Mapping):
        return None
    else:
        return known
    return {**(known or {}), **own}


def _properties(schema: Any) -> tuple[str, ...]:
    inner = schema.get("properties") if isinstance(schema, Mapping) and "$ref" not in schema else None
    return tuple(inner) if isinstance(inner, Mapping) else ()
