"""A trigger or an automation of Zendesk as an automation of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.importing.draft import Draft, Unit
from workers.importing.unsaid import ODD, NoWorkflowError, Unsaid, UnsayableError
from workers.importing.zendesk.actions import ADDRESS, signed_in, step_of
from workers.importing.zendesk.conditions import Conditions, RuleConditions, condition_of, variable_of
from workers.importing.zendesk.fields import path_of

_KINDS = ("trigger", "automation")
_JOINS = {"all": "all", "any": "any"}


def translate(data: Any) -> list[Draft]:
    """Return the automations that an export of Zendesk has: one rule, or a list of rules.

    Raises:
        NoWorkflowError: it has none.
    """
    rules = [*_rules(data)]
    if not rules:
        raise NoWorkflowError(
            "it has no rule of Zendesk: an object with `conditions` and `actions`, alone or under `trigger`, "
            "`automation`, `triggers` or `automations`."
        )
    drafts = [_draft(rule) for rule in rules]
    taken: set[str] = set()
    for draft in drafts:
        name, number = draft.name, 1
        while draft.name in taken:
            number += 1
            draft.name = f"{name}-{number}"
        taken.add(draft.name)
    return drafts


def _rules(data: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(data, Mapping):
        return
    if "conditions" in data and isinstance(data.get("actions"), list):
        conditions = data["conditions"] or {}
        if not isinstance(conditions, Mapping) or not all(isinstance(one or [], list) for one in conditions.values()):
            raise NoWorkflowError("its `conditions` are not `{all: […], any: […]}`.")
        yield data
    for kind in _KINDS:
        yield from _rules(data.get(kind))
        listed = data.get(f"{kind}s")
        for at, one in enumerate(listed if isinstance(listed, list) else []):
            found = [*_rules(one)]
            if not found:
                raise NoWorkflowError(
                    f"`{kind}s[{at}]` is no rule, which is an object with `conditions` and `actions`."
                )
            yield from found


def _draft(rule: Mapping[str, Any]) -> Draft:
    title = str(rule.get("title") or "rule")
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:90] or "rule"
    parts = [title, str(rule.get("description") or "")]
    draft = Draft(name=name, description=". ".join(part.rstrip(".") for part in parts if part)[:1_900] + ".")
    reading = RuleConditions()
    first = _judged(rule, draft, reading, fresh=False)
    draft.trigger = {"event": reading.event, **({} if rule.get("active", True) else {"live": False})}
    if reading.hours is not None:
        _wait(rule, draft, reading)
    if reading.remembered:
        _remember(draft, reading, first)
    elif first:
        draft.conditions = first
    _act(rule, draft)
    return draft


def _judged(rule: Mapping[str, Any], draft: Draft, reading: RuleConditions, *, fresh: bool) -> list[Conditions]:
    """Return the rule's conditions, all of which must hold; what cannot be said is told, the first time."""
    found: list[Conditions] = []
    conditions = rule.get("conditions")
    for key, word in _JOINS.items():
        tests: list[Conditions] = []
        for at, one in enumerate((conditions or {}).get(key) or []):
            try:
                test = condition_of(one, reading, fresh=fresh)
            except (UnsayableError, *ODD) as error:
                if not fresh:
                    draft.unsaid.append(Unsaid(f"conditions.{key}[{at}]", _sentence(error)))
                continue
            tests += [test] if test is not None else []
        found += tests if word == "all" else ([tests[0] if len(tests) == 1 else {"any": tests}] if tests else [])
    return found


def _wait(rule: Mapping[str, Any], draft: Draft, reading: RuleConditions) -> None:
    """Wait for the hours of an automation, and go on only where the ticket still is what the conditions say."""
    url = f"{ADDRESS}/api/v2/tickets/{{{{ticket.id}}}}"
    look = {"method": "GET", "url": url, "headers": signed_in(draft)}
    steps: list[dict[str, Any]] = [
        {"label": f"Wait for {reading.hours} hours", "wait": f"{reading.hours}h"},
        {"label": "Look the ticket up anew", "actionType": "http_request", "config": look, "saveAs": "fresh"},
    ]
    again = _judged(rule, draft, reading, fresh=True)
    if again:
        steps.append({"label": "It has changed meanwhile", "conditions": {"not": {"all": again}}, "stop": "completed"})
    draft.units.append(Unit("conditions", "the wait", steps))


def _remember(draft: Draft, reading: RuleConditions, conditions: list[Conditions]) -> None:
    """Remember the fields whose changes the rule is about, and end where its conditions do not hold."""
    steps: list[dict[str, Any]] = []
    for name in reading.remembered:
        config = {"key": f"{name}/{{{{ticket.id}}}}", "value": f"{{{{{path_of(name, fresh=False)}}}}}"}
        step = {"label": f"Has {name} changed?", "actionType": "remember", "config": config}
        steps.append({**step, "saveAs": variable_of(name)})
    steps.append({"label": "It is not about this", "conditions": {"not": {"all": conditions}}, "stop": "completed"})
    draft.units.insert(0, Unit("conditions", "what has changed", steps))


def _act(rule: Mapping[str, Any], draft: Draft) -> None:
    for at, action in enumerate(rule.get("actions") or []):
        path = f"actions[{at}]"
        name = str(action.get("field")) if isinstance(action, Mapping) else path
        try:
            draft.units.append(Unit(path, name, [step_of(action, draft)]))
        except (UnsayableError, *ODD) as error:
            draft.unsaid.append(Unsaid(path, f"The action {name!r} cannot be said: {_sentence(error)}"))


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, UnsayableError) else "it has not the form that Zendesk gives it."
