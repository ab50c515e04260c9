"""How a step may fail: one class of failure for each rule of its `onFailure` that something may reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from temporalio.exceptions import ActivityError

from activities.action import Action
from activities.attempt.failures import failed
from workers.rehearsal.failures import activity_error
from workers.rehearsal.receivers import FAILURES
from workflows.program import ActionStep, Rule

ANSWERED: Mapping[str, tuple[str, int]] = {"http_4xx": ("refused", 400), "http_429": ("unavailable", 429)}
"""Classes of failures that are a status: what such an answer is besides, and one such status."""


class ReachedRule(NamedTuple):
    """A rule of `onFailure`, and a class of failure that it is the first to take."""

    rule: int
    failure: str


def rules_reached(step: ActionStep, action: Action) -> list[ReachedRule]:
    """Return the rules of a step that decide something, where any of them has actions; else none."""
    if not any(rule.block for rule in step.rules):
        return []
    found: dict[int, str] = {}
    for name in ("refused",) if action.local else (*FAILURES, *ANSWERED):
        classes = _classes(name, step)
        rules = (number for number, rule in enumerate(step.rules) if _takes(rule, classes))
        if (taken := next(rules, None)) is not None and not (name == "unknown" and step.repeat == "safe"):
            found.setdefault(taken, name)
    return [ReachedRule(rule, failure) for rule, failure in sorted(found.items())]


def failure_of(name: str, activity: str, step: str) -> ActivityError:
    """Return what a run is told where a step fails with a class of failure, once it is not tried again."""
    base, status = ANSWERED.get(name, (name, None))
    kind, sentence = FAILURES[base]
    error = activity_error(activity, step)
    error.__cause__ = failed(kind(sentence, status=status), sentence, attempt=1, timed_out=name == "timeout")
    return error


def _classes(name: str, step: ActionStep) -> set[str]:
    """Return all classes that a failure of one class has."""
    found = {"any", name}
    if name in ANSWERED:
        found |= {"http_4xx", ANSWERED[name][0]}
    if name == "timeout" and step.repeat != "safe":
        found.add("unknown")
    return found


def _takes(rule: Rule, classes: set[str]) -> bool:
    """Say whether a rule takes a failure; one that only tries again passes it on in the end."""
    certain = "unknown" not in classes
    return (
        bool(rule.classes & classes) and (certain or "unknown" in rule.classes or not rule.block) and rule.do != "retry"
    )
