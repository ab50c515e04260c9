"""What starts a workflow of Keep, as a trigger and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.importing.draft import Draft, Unit
from workers.importing.keep.conditions import Needs, condition_of, filters_of
from workers.importing.keep.scope import KeepScope
from workers.importing.unsaid import Unsaid, UnsayableError

ALERT = "keep.alert"
INCIDENT = "keep.incident"
MANUAL = "keep.manual"
"""Types of the events that stand for Keep's: whoever forwards Keep's alerts names them so."""

_ORDER = ("alert", "incident", "interval", "manual")
_SPAN = re.compile(r"(\d+)\s*([smhd]?)")


def triggers_of(triggers: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a workflow's triggers with their paths, those that decide first."""
    found = [(f"triggers[{at}]", one) for at, one in enumerate(triggers or []) if isinstance(one, Mapping)]
    return sorted(found, key=lambda one: _ORDER.index(one[1].get("type")) if one[1].get("type") in _ORDER else 9)


def translate(triggers: Any, draft: Draft, scope: KeepScope, needs: Needs) -> None:
    """Give a draft its trigger and the conditions that belong to it."""
    listed = triggers_of(triggers)
    kinds = [str(one.get("type")) for _, one in listed]
    first = kinds[0] if kinds and kinds[0] in _ORDER else "manual"
    scope.scheduled = first == "interval"
    ways = []
    for (path, trigger), kind in zip(listed, kinds, strict=True):
        if kind not in _ORDER:
            draft.unsaid.append(Unsaid(path, f"A trigger of type {kind!r} has no word here."))
        elif kind not in {first, "manual"}:
            sentence = f"An automation has one trigger, here that of type {first!r}; write another file for {kind!r}."
            draft.unsaid.append(Unsaid(path, sentence))
        elif kind == first:
            ways.append([*_conditions(path, trigger, draft, scope, needs)])
    own = [trigger for _, trigger in listed if trigger.get("type") == first]
    draft.trigger = _trigger(first, own)
    if all(ways):
        joined = [way[0] if len(way) == 1 else {"all": way} for way in ways]
        draft.conditions += ways[0] if len(ways) == 1 else [{"any": joined}] if joined else []


def _trigger(kind: str, own: list[Mapping[str, Any]]) -> dict[str, Any]:
    if kind == "interval":
        return {"schedule": {"every": _every(own[0].get("value"))}}
    if kind == "alert":
        return {"event": ALERT}
    if kind == "manual":
        return {"event": MANUAL, "live": False}
    events = _events(own)
    return {"event": f"{INCIDENT}.{events[0]}" if len(events) == 1 else f"{INCIDENT}.*"}


def _every(value: Any) -> str:
    match = _SPAN.fullmatch(str(value).strip())
    return f"{match[1]}{match[2] or 's'}" if match else "1h"


def _events(own: list[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(event) for trigger in own for event in trigger.get("events") or []))


def _conditions(
    path: str, trigger: Mapping[str, Any], draft: Draft, scope: KeepScope, needs: Needs
) -> Iterator[dict[str, Any]]:
    """Yield what must hold for one trigger; what cannot be said is told."""
    events = _events([trigger])
    if len(events) > 1:
        kinds = [f"{INCIDENT}.{event}" for event in events]
        yield {"field": "event.type", "operator": "in", "value": kinds}
    if trigger.get("type") == "interval" and _SPAN.fullmatch(str(trigger.get("value")).strip()) is None:
        draft.unsaid.append(Unsaid(path, f"The interval {trigger.get('value')!r} is no span; it is an hour for now."))
    try:
        yield from filters_of(trigger.get("filters"), scope)
    except UnsayableError as error:
        draft.unsaid.append(Unsaid(f"{path}.filters", str(error)))
    if trigger.get("cel"):
        try:
            yield condition_of(trigger["cel"], scope.inside(bare="alert"), needs)
        except UnsayableError as error:
            draft.unsaid.append(Unsaid(f"{path}.cel", str(error)))
    changed = trigger.get("only_on_change") or (["severity"] if trigger.get("severity_changed") else None)
    if changed:
        draft.units.append(_changed(path, changed, scope, needs))
    known = {"type", "filters", "cel", "events", "value", "only_on_change", "severity_changed"}
    for key in trigger.keys() - known:
        draft.unsaid.append(Unsaid(f"{path}.{key}", f"`{key}` of a trigger has no word here."))


def _changed(path: str, fields: list[Any], scope: KeepScope, needs: Needs) -> Unit:
    """Return the steps that end the run where nothing of an alert has changed since the last one."""
    name = needs.variable("seen")
    key = f"changed/{{{{{scope.path(('alert', 'fingerprint'))}}}}}"
    value = {str(one): f"{{{{{scope.path(('alert', *str(one).split('.')))}}}}}" for one in fields}
    look = {
        "label": "Has it changed?",
        "actionType": "remember",
        "config": {"key": key, "value": value},
        "saveAs": name,
    }
    same = {"field": f"variables.{name}.changed", "operator": "equals", "value": False}
    end = {"label": "Nothing has changed", "conditions": same, "stop": "completed"}
    return Unit(path, "only on a change", [look, end])
