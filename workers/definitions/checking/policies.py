"""Which policy holds where: what the automation says about approvals, and what a step says instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from workers.definitions.model.steps import escape

PEOPLE = ("approvers", "operators", "escalateTo")
"""Keys of a policy that list people and groups."""

AFTER_FAILURE = ("operators", "escalateTo", "notify")
"""Keys of a policy that name people or tell them, and that also count where a step waits because it has failed."""


class PolicyValue(NamedTuple):
    """A value of a policy, and where it stands."""

    value: Any
    pointer: str


def written(policy: Any, pointer: str) -> dict[str, PolicyValue]:
    """Return what a raw policy says by key; a key without a value says nothing."""
    if not isinstance(policy, Mapping):
        return {}
    return {key: PolicyValue(value, f"{pointer}/{escape(key)}") for key, value in policy.items() if value is not None}


def effective(automation: Mapping[str, Any], step: Mapping[str, Any], place: str) -> dict[str, PolicyValue]:
    """Return the policy under which a step waits for people, key by key: its own word counts before the automation's.

    It is empty where nothing ever makes the step wait.
    """
    whole = written(automation.get("approvals"), "/approvals")
    if needs_approval(step):
        return {**whole, **written(step.get("requireApproval"), f"{place}/requireApproval")}
    return {key: whole[key] for key in AFTER_FAILURE if key in whole} if may_park(step) else {}


def needs_approval(step: Mapping[str, Any]) -> bool:
    """Say whether a step waits until people release it."""
    approval = step.get("requireApproval")
    return approval is True or isinstance(approval, Mapping)


def may_park(step: Mapping[str, Any]) -> bool:
    """Say whether a step may wait for people because it has failed."""
    retry, on_failure = step.get("retry"), step.get("onFailure")
    rules = on_failure if isinstance(on_failure, list) else ()
    return (
        on_failure == "hold"
        or any(isinstance(rule, Mapping) and rule.get("do") == "hold" for rule in rules)
        or (isinstance(retry, Mapping) and retry.get("onUnknown") == "hold")
    )


def goes_on_after_unknown(step: Mapping[str, Any]) -> bool:
    """Say whether what follows a step may run although nobody knows whether the step was carried out."""
    on_failure = step.get("onFailure")
    for rule in on_failure if isinstance(on_failure, list) else ():
        if not isinstance(rule, Mapping) or rule.get("do") == "retry":
            continue
        when = rule.get("when")
        classes = when if isinstance(when, list) else [when]
        if "unknown" in classes or ("any" in classes and "actions" not in rule):
            return rule.get("do") == "continue"
        if "timeout" in classes and "actions" not in rule and rule.get("do") == "continue":
            return True
    return on_failure == "continue"


def goes_on_after_failure(step: Mapping[str, Any]) -> bool:
    """Say whether what follows a step may run although the step has failed."""
    on_failure = step.get("onFailure")
    rules = on_failure if isinstance(on_failure, list) else ()
    return on_failure == "continue" or any(isinstance(rule, Mapping) and rule.get("do") == "continue" for rule in rules)
