"""Whether the rules of a step's `onFailure` can all decide something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.policies import needs_approval
from workflows.plan import FailureClass

ANY = "any"
WITHIN = {"http_429": "http_4xx"}
"""Classes of failures that all belong to another class too."""

RETRY = "retry"
UNKNOWN = "unknown"
OF_RETRY = ("attempts", "delay")

SURE = " for sure"
"""Marks a class of which only those failures are meant that certainly had no effect."""

CERTAIN = ("refused", "unavailable", "http_4xx", "http_429")
"""Classes of failures that certainly had no effect."""


def check_rules(step: Mapping[str, Any], place: str, findings: Findings, *, may_wait: bool = False) -> None:
    """Find rules that an earlier one leaves nothing to decide, and keys that mean nothing.

    Args:
        step: the step.
        place: its pointer.
        findings: where problems go.
        may_wait: whether its service may want people asked.
    """
    rules = step.get("onFailure")
    if "onRejected" in step and not needs_approval(step) and not may_wait:
        sentence = "Nobody can refuse this step, as it never waits for approval, so this says nothing."
        findings.add("unused-key", f"{place}/onRejected", sentence, "hold it with `requireApproval`", key=True)
    decided: set[str] = set()
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, Mapping):
            continue
        at = f"{place}/onFailure/{index}"
        classes = _classes(rule.get("when"))
        if classes and classes <= _taken(decided):
            sentence = "This rule never decides: earlier ones take every failure that it is for."
            findings.add("unreachable-rule", at, sentence, "the first rule that matches decides")
        reacts = rule.get("actions") is not None
        if rule.get("do") == RETRY and reacts:
            sentence = (
                "A rule that says `do: retry` has no `actions`: they would run before it is known to have failed."
            )
            findings.add("two-kinds", f"{at}/actions", sentence, "give them to a later rule", key=True)
        if rule.get("do") != RETRY:
            unsure = reacts and UNKNOWN not in classes  # what may have happened is left to later rules
            decided |= {f"{one}{SURE}" for one in classes} if unsure else classes
            for key in OF_RETRY:
                if rule.get(key) is not None:
                    word = f"{rule['do']!r:.40}" if "do" in rule else "nothing of that"
                    sentence = f"`{key}` belongs to a rule that says `do: retry`; this one says {word}."
                    findings.add("unknown-key", f"{at}/{key}", sentence, key=True)


def _taken(decided: set[str]) -> set[str]:
    """Return the classes of which rules take every failure; `decided` has those of which only the sure ones, marked."""
    if ANY in decided:
        return set(get_args(FailureClass))
    certain = {one for one in CERTAIN if one in decided or f"{one}{SURE}" in decided or f"{ANY}{SURE}" in decided}
    found = decided | certain
    return found | {one for one, wider in WITHIN.items() if wider in found}


def check_repeats(step: Mapping[str, Any], place: str, findings: Findings) -> None:
    """Find where an action that must not be repeated is, although nobody knows whether it was carried out."""
    retry, rules = step.get("retry"), step.get("onFailure")
    places = [f"{place}/retry/onUnknown"] if isinstance(retry, Mapping) and retry.get("onUnknown") == RETRY else []
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, Mapping) and rule.get("do") == RETRY and UNKNOWN in _classes(rule.get("when")):
            places.append(f"{place}/onFailure/{index}/when")
    for pointer in places:
        sentence = "Nobody knows whether it was carried out, and it is repeated all the same: it may happen twice."
        findings.add("may-happen-twice", pointer, sentence, "hold it: an operator looks at the receiver and decides")


def _classes(when: Any) -> set[str]:
    return {one for one in (when if isinstance(when, list) else [when]) if isinstance(one, str)}
