"""Zendesk's conditions as ours, and the times that its automations wait for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.importing.unsaid import UnsayableError
from workers.importing.zendesk.fields import FRESH, ORDERS, path_of

CREATED, UPDATED, ANY = "ticket.created", "ticket.updated", "ticket.*"
_KINDS = {"create": CREATED, "change": UPDATED}
_SINCE: Mapping[str, str] = {
    "created_at": "created_at",
    "new": "created_at",
    "updated_at": "updated_at",
    **dict.fromkeys(("open", "pending", "hold", "solved", "closed"), "updated_at"),
    **dict.fromkeys(("assigned_at", "requester_updated_at", "assignee_updated_at"), "updated_at"),
}
"""Times of a ticket that its hours are counted from; Zendesk answers no other, and an update is the latest of all."""

_PLAIN = {
    "is": "equals",
    "is_not": "not_equals",
    "less_than": "less_than",
    "greater_than": "greater_than",
    "present": "exists",
}
_CHANGES = ("changed", "value", "value_previous", "not_changed", "not_value", "not_value_previous")

Conditions = dict[str, Any]


@dataclass(slots=True)
class RuleConditions:
    """What the conditions of a rule come to.

    Attributes:
        event: type of the events that start it.
        hours: hours to wait before the ticket is looked at anew; None: it does not wait.
        remembered: fields whose earlier values the conditions ask for.
    """

    event: str = ANY
    hours: int | None = None
    remembered: dict[str, None] = field(default_factory=dict)


def condition_of(one: Any, reading: RuleConditions, *, fresh: bool) -> Conditions | None:
    """Return one condition; None where it is said otherwise, by the event's type or a wait.

    Args:
        one: `{field, operator, value}`.
        reading: what the conditions come to so far.
        fresh: whether the ticket is the one that was looked up anew.

    Raises:
        UnsayableError: it has no word here.
    """
    if not isinstance(one, Mapping) or "field" not in one:
        raise UnsayableError("A condition has `field`, `operator` and `value`.")
    name, operator, value = str(one["field"]), str(one.get("operator", "is")), one.get("value")
    if name == "update_type":
        reading.event = _KINDS.get(str(value or operator).lower(), ANY)
        return None
    if name.lower() in _SINCE:
        return _since(name.lower(), operator, value, reading, fresh=fresh)
    if operator in _CHANGES and not fresh:
        return _change(name, operator, value, reading)
    return _test(name, operator, value, fresh=fresh)


def _since(name: str, operator: str, value: Any, reading: RuleConditions, *, fresh: bool) -> Conditions | None:
    if operator.endswith("_business_hours"):
        raise UnsayableError(f"`{name}` counts business hours, which ages here do not.")
    try:
        hours = int(str(value))
    except ValueError:
        raise UnsayableError(f"`{name}` takes a number of hours, not {value!r}.") from None
    path = f"{FRESH}.{_SINCE[name]}"
    if operator == "less_than":
        if fresh:
            return {"field": path, "operator": "newer_than", "value": f"{hours}h"}
        return None
    reading.hours = max(reading.hours or 0, hours)
    if not fresh:
        return {"field": "ticket.status", "operator": "equals", "value": name} if name in ORDERS["status"] else None
    # Zendesk judges once an hour; a run waits for the hours, and what has changed meanwhile is younger
    age = {"field": path, "operator": "older_than", "value": f"{max(hours * 60 - 1, 0)}m"}
    if name not in ORDERS["status"]:
        return age
    return {"all": [age, {"field": f"{FRESH}.status", "operator": "equals", "value": name}]}


def _change(name: str, operator: str, value: Any, reading: RuleConditions) -> Conditions:
    path = path_of(name, fresh=False)
    reading.remembered[name] = None
    saved = f"variables.{variable_of(name)}"
    changed = {"field": f"{saved}.changed", "operator": "equals", "value": True}
    tests: dict[str, Conditions] = {
        "changed": changed,
        "value": {"all": [changed, {"field": path, "operator": "equals", "value": value}]},
        "value_previous": {"all": [changed, {"field": f"{saved}.before", "operator": "equals", "value": value}]},
    }
    return {"not": tests[operator.removeprefix("not_")]} if operator.startswith("not_") else tests[operator]


def variable_of(name: str) -> str:
    """Return the variable that keeps a field's earlier value."""
    return f"earlier_{re.sub(r'[^A-Za-z0-9]+', '_', name)}"


def _test(name: str, operator: str, value: Any, *, fresh: bool) -> Conditions:
    path = path_of(name, fresh=fresh)
    if name in {"current_tags", "tags"}:
        words = value.split() if isinstance(value, str) else list(value or [])
        tests = [{"field": path, "operator": "contains", "value": word} for word in words]
        found: Conditions = tests[0] if len(tests) == 1 else {"any": tests}
        return {"not": found} if operator.startswith(("not_", "is_not")) else found
    if name.endswith("_includes_word"):
        return _words(path, operator, str(value))
    if operator in {"less_than", "greater_than"} and name in ORDERS:
        order = ORDERS[name]
        if value not in order:
            raise UnsayableError(f"`{name}` has no {value!r} that others come before or after.")
        place = order.index(value)
        chosen = order[:place] if operator == "less_than" else order[place + 1 :]
        return {"field": path, "operator": "in", "value": list(chosen)}
    if operator == "not_present" or (operator == "is" and value in {"", None}):
        return {"not": {"field": path, "operator": "exists"}}
    if operator == "present" or (operator == "is_not" and value in {"", None}):
        return {"field": path, "operator": "exists"}
    if operator not in _PLAIN:
        raise UnsayableError(f"`{name}` is tested with `{operator}`, which has no word here.")
    if value in {"current_user", "requester"}:
        raise UnsayableError(f"`{name}` is tested for {value!r}, whom an event does not name.")
    return {"field": path, "operator": _PLAIN[operator], "value": _plain(value)}


def _plain(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _words(path: str, operator: str, value: str) -> Conditions:
    whole = operator in {"is", "is_not"}
    words = [value] if whole else value.split()
    pattern = "|".join(re.escape(word).replace("\\ ", " ") for word in words)
    found = {"field": path, "operator": "matches", "value": rf"(?i)\b(?:{pattern})\b"}
    return {"not": found} if operator in {"not_includes", "is_not"} else found
