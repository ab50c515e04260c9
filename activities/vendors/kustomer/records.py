"""Kustomer's records: JSON:API objects, as results hold them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from activities.action import Result

Data = dict[str, Any]
"""`{type, id, attributes, relationships}`; the vendor may add more."""

UNDATED = datetime.max.replace(tzinfo=UTC)
"""Later than any record; stands for one without a time."""

PARTS = ("type", "id", "attributes", "relationships")


def found(data: Data) -> dict[str, Any]:
    """Return a record as the fields of a result: `{found, id, object}`."""
    return {"found": True, "id": data["id"], "object": {part: data.get(part) for part in PARTS}}


def flat(data: Data) -> dict[str, Any]:
    """Return a record's attributes, id, type and the ids of what it belongs to, by the vendor's names."""
    relations = {name: related(data, name) for name in data.get("relationships") or {}}
    return {**relations, **(data.get("attributes") or {}), "id": data["id"], "type": data.get("type")}


def related(data: Mapping[str, Any], name: str) -> str | None:
    """Return the id of the one record that this one belongs to, such as its `customer`."""
    relation = (data.get("relationships") or {}).get(name)
    target = relation.get("data") if isinstance(relation, dict) else None
    id_ = target.get("id") if isinstance(target, dict) else None
    return id_ if isinstance(id_, str) else None


def attribute(data: Mapping[str, Any], name: str) -> Any:
    """Return an attribute of a record, None where it has none."""
    return (data.get("attributes") or {}).get(name)


def instant(written: Any) -> datetime | None:
    """Return the instant that a text is, None where it is none."""
    try:
        at = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class Record(Result):
    """A record that was made or changed."""

    id: str = Field(description="Its id.")
    object: dict[str, Any] = Field(description="The record as Kustomer writes it: type, id, attributes, relationships.")


class Found(Result):
    """A record that was looked for."""

    found: bool = Field(default=True, description="Whether there is such a record.")
    id: str | None = Field(default=None, description="Its id; null where there is none.")
    object: dict[str, Any] | None = Field(
        default=None, description="The record as Kustomer writes it: type, id, attributes, relationships; or null."
    )


class Nothing(Result):
    """The operation gives nothing."""
