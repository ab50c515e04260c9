"""Whether the rules of a step's `onFailure` can all decide something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.definitions.checking.findings import Findings

ANY = "any"
WITHIN = {"http_429": "http_4xx"}
"""Classes of failures that all belong to another class too."""

RETRY = "retry"
UNKNOWN = "unknown"
OF_RETRY = ("attempts", "delay")


def check_rules(step: Mapping[str, Any], place: str, findings: Findings) -> None:
    """Find rules that an earlier one leaves nothing to decide, and keys that mean nothing."""
    rules = step.get("onFailure")
    decided: set[str] = set()
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, Mapping):
            continue
        at = f"{place}/onFailure/{index}"
        classes = _classes(rule.get("when"))
        if classes and (ANY in decided or all(one in decided or WITHIN.get(one) in decided for one in classes)):
            sentence = "This rule never decides: earlier ones take every failure that it is for."
            findings.add("unreachable-rule", at, sentence, "the first rule that matches decides")
        if rule.get("do") != RETRY:
            decided |= classes
            for key in OF_RETRY:
                if key in rule:
                    sentence = f"`{key}` belongs to a rule that says `do: retry`; this one says {rule.get('do')!r:.40}."
                    findings.add("unknown-key", f"{at}/{key}", sentence, key=True)


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
