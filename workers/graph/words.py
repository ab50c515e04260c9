"""Conditions, people and times in the words of a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trunkline.durations import spell

WORDS = {"all": " and ", "any": " or "}


def condition(data: Any) -> str:
    """Return a condition as it is written, on one line: `ticket.priority in ["high"] and not (call.missed exists)`."""
    return _condition(data, nested=False)


def _condition(data: Any, *, nested: bool) -> str:
    for group, word in WORDS.items():
        if group in data:
            parts = data[group]
            if not parts:
                return "always" if group == "all" else "never"
            text = word.join(_condition(part, nested=len(parts) > 1) for part in parts)
            return f"({text})" if nested and len(parts) > 1 else text
    if "not" in data:
        return f"not ({_condition(data['not'], nested=False)})"
    value = f" {json.dumps(data['value'], ensure_ascii=False)}" if "value" in data else ""
    return f"{data['field']} {data['operator']}{value}"


def people(approval: Mapping[str, Any]) -> str:
    """Return who decides about a held step, and how many of them it takes."""
    names = ", ".join(approval.get("approvers") or ["anyone"])
    quorum = approval.get("quorum", 1)
    return f"{quorum} of {names}" if quorum > 1 else names


def waiting(wait: Any) -> str:
    """Return for what a step waits: a duration, an instant, an opening, an event, or what a template comes to."""
    if isinstance(wait, int):
        return spell(wait)
    if not isinstance(wait, Mapping):
        return str(wait)
    if "event" in wait:
        longest = wait.get("atMost")
        return f"{wait['event']}{f', at most {spell(longest)}' if isinstance(longest, int) else ''}"
    return f"until {wait['until']}"


def occasion(trigger: Mapping[str, Any]) -> str:
    """Return what starts an automation, from its definition: the type of an event, or a schedule."""
    schedule = trigger.get("schedule")
    if not isinstance(schedule, Mapping):
        return str(trigger.get("event"))
    if "cron" in schedule:
        zone = schedule.get("timeZone")
        return f"{schedule['cron']}{f' {zone}' if zone else ''}"
    every = schedule["every"]
    return f"every {spell(every) if isinstance(every, int) else every}"
