"""What each step says by itself: its action and config, its retries, its rules for failures, its ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from activities.action import Action
from trunkline.durations import spell
from workers.definitions.checking.contracts import check_config
from workers.definitions.checking.failures import check_repeats, check_rules
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.local_steps import check_local
from workers.definitions.checking.operations import (
    Services,
    check_notice,
    check_operation,
    may_be_asked,
    repeat_of,
)
from workers.definitions.checking.picking import check_pick
from workers.definitions.checking.values import event_type
from workers.definitions.compiling import DEFAULTS, Catalog, filled, milliseconds
from workers.definitions.model.automation import ActionDefinition, kind_of
from workers.definitions.model.steps import escape, steps
from workers.definitions.problems import listed, nearest
from workflows.event import matches


@dataclass(frozen=True, slots=True)
class ConfigUses:
    """What the contracts of a definition's actions say about their configs.

    Attributes:
        syntaxes: syntax of text fields by the pointer of the step or notice.
        background: pointers of the steps whose result nobody waits for.
        effects: pointers of the steps of which nobody may know whether they were carried out.
        open: pointers of the steps and notices whose config another run's history keeps, so that it has no secrets.
        repeats: config, with defaults, and what an unknown outcome allows, by the pointer of the step or notice.
        services: what is known of described services.
    """

    syntaxes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    background: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    repeats: dict[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    services: Services | None = None


def check_steps(findings: Findings, catalog: Catalog, services: Services | None = None) -> ConfigUses:
    """Check every step and every notice by itself.

    Args:
        findings: where problems go.
        catalog: every action by name.
        services: what is known of described services, whose params are then checked too.
    """
    contracts = ConfigUses(services=services)
    written: dict[str, str] = {}
    _check_notices(findings, catalog, contracts, findings.data.get("approvals"), "/approvals")
    for place, step, _ in steps(findings.data):
        own = step.get("id")
        if isinstance(own, str) and written.setdefault(own, place) != place:
            sentence = f"Two steps have the id {own!r}: {findings.name(written[own])!r} has it too."
            findings.add("duplicate-id", f"{place}/id", sentence)
        if kind_of(step) != "actionType" or not isinstance(step["actionType"], str):
            continue
        action = _check_action(findings, catalog, contracts, place, step)
        if action is not None and action.notice:
            sentence = f"`{action.name}` asks people about a hold: a step by itself has none."
            hint = "let it stand in `notify` of `approvals` or `requireApproval`"
            findings.add("misplaced-notice", f"{place}/actionType", sentence, hint)
        if action is not None and place in contracts.repeats:
            check_local(place, action, *contracts.repeats[place], findings)
        check_pick(step, action, place, findings)
        check_rules(step, place, findings, may_wait=may_be_asked(step, catalog, findings))
        _check_notices(findings, catalog, contracts, step.get("requireApproval"), f"{place}/requireApproval")
    return contracts


def _check_notices(findings: Findings, catalog: Catalog, contracts: ConfigUses, policy: Any, pointer: str) -> None:
    """Hold the notices of a policy to the contracts of their actions."""
    notices = policy.get("notify") if isinstance(policy, Mapping) else None
    for index, notice in enumerate(notices if isinstance(notices, list) else ()):
        if isinstance(notice, Mapping) and isinstance(notice.get("actionType"), str):
            place = f"{pointer}/notify/{index}"
            action = _check_action(findings, catalog, contracts, place, notice)
            check_notice(notice, place, catalog, findings, contracts.services)
            if action is not None and action.calls:
                sentence = "A notice tells people something: it cannot run another automation."
                hint = "let a step do it, or `scheduler.schedule_workflow`"
                findings.add("misplaced-call", f"{place}/actionType", sentence, hint)


def _check_action(
    findings: Findings, catalog: Catalog, contracts: ConfigUses, place: str, step: Mapping[str, Any]
) -> Action | None:
    action = _action(findings, catalog, place, step)
    config = step.get("config", {})
    if action is not None and not action.takes_secrets:
        contracts.open.append(place)
    if action is not None and action.calls and "retry" in step:
        sentence = "A run that is called begins once, so there is no attempt to repeat."
        findings.add("unused-key", f"{place}/retry", sentence, "`onFailure` can have it called anew", key=True)
    if action is not None and isinstance(config, Mapping):
        config = filled(action, config)
        at = f"{place}/config" if "config" in step else place
        if check_config(action, config, at, findings):
            for doubt in action.config.doubts(config):
                findings.add(doubt.code, f"{at}/{escape(doubt.key)}", doubt.sentence, doubt.hint)
            contracts.syntaxes[place] = action.config.syntaxes(config)
            if action.background(config):
                contracts.background.append(place)
            operation = check_operation(action, config, at, findings, contracts.services)
            repeat = repeat_of(action, config, operation)
            if repeat != "safe":
                contracts.effects.append(place)
            if repeat == "never":
                check_repeats(step, place, findings)
            contracts.repeats[place] = config, repeat
    _check_retry(findings, place, step, action)
    return action


def _action(findings: Findings, catalog: Catalog, place: str, step: Mapping[str, Any]) -> Action | None:
    action = catalog.get(step["actionType"])
    if action is None:
        hint = nearest(step["actionType"], catalog) or f"there are {listed(sorted(catalog))}"
        findings.add("unknown-action", f"{place}/actionType", f"There is no action {step['actionType']!r:.80}.", hint)
        return None
    trigger = event_type(findings.at("/trigger"))
    if (
        action.triggers
        and trigger is not None
        and not any(matches(trigger, t) and "*" not in trigger for t in action.triggers)
    ):
        wanted = " or ".join(action.triggers)
        sentence = f"`{action.name}` makes sense only where the trigger is {wanted}; here it is {trigger}."
        findings.add("wrong-trigger", f"{place}/actionType", sentence)
    return action


def _check_retry(findings: Findings, place: str, step: Mapping[str, Any], action: Action | None) -> None:
    retry = step.get("retry")
    if not isinstance(retry, Mapping):
        return
    try:
        parsed = ActionDefinition.model_validate({"actionType": "any", "retry": retry, "timeout": step.get("timeout")})
    except ValueError:
        return
    timeout = parsed.timeout or (milliseconds(action) if action else DEFAULTS["timeout"])
    if (
        parsed.retry
        and parsed.retry.within is not None
        and step.get("timeout") is not None
        and parsed.retry.within < timeout
    ):
        budget = spell(parsed.retry.within)
        sentence = f"All attempts together (`within`: {budget}) have less time than one (`timeout`: {spell(timeout)})."
        findings.add("out-of-range", f"{place}/retry/within", sentence)
