"""Kustomer's records: JSON:API objects, as results hold them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from activities.action import Result

Data = dict[str, Any]
"""`{type, id, attributes, relationships}`; the vendor may add more."""

CLOCKS = timedelta(minutes=5)
"""How far two clocks may be apart."""

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


def same(shown: Any, meant: Any) -> bool:
    """Say whether what a record shows is what was meant, so far as it shows anything."""
    return shown is None or shown == meant


def instant(data: Mapping[str, Any], name: str = "createdAt") -> datetime | None:
    """Return a timestamp of a record, None where it has none that can be read."""
    try:
        return datetime.fromisoformat(attribute(data, name)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def since(data: Mapping[str, Any], begin: datetime) -> bool:
    """Say whether a record can have been made since an instant by Temporal's clock; the vendor's may differ."""
    made = instant(data)
    return made is not None and made >= begin - CLOCKS


class KustomerRecord(Result):
    """A record that was made or changed."""

    id: str = Field(description="Its id.")
    object: dict[str, Any] = Field(description="The record as Kustomer writes it: type, id, attributes, relationships.")


class FoundRecord(Result):
    """A record that was looked for."""

    found: bool = Field(default=True, description="Whether there is such a record.")
    id: str | None = Field(default=None, description="Its id; null where there is none.")
    object: dict[str, Any] | None = Field(
        default=None, description="The record as Kustomer writes it: type, id, attributes, relationships; or null."
    )


class Nothing(Result):
    """The operation gives nothing."""


Inferred = Literal["inferred"]
INFERRED: Any = Field(
    default="inferred", description="`inferred`: Kustomer publishes no operation for it; the page says what is done."
)
"""The field of results of operations that Kustomer does not publish."""
