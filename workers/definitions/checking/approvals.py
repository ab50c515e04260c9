"""Whether the people who are asked can decide: every policy of a definition, as it holds at each of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from trunkline.durations import MINUTE, spell
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.hours import check_use
from workers.definitions.checking.operations import may_be_asked
from workers.definitions.checking.policies import effective, may_park, needs_approval
from workers.definitions.checking.policy_checks import HeldDefinition, check_policy
from workers.definitions.compiling import Catalog, filled
from workers.definitions.model.approvals import ApprovalDefinition
from workers.definitions.model.steps import steps
from workers.definitions.problems import CODES
from workflows.language.people import group
from workflows.plan import CLOCKS

WHOLE = "/approvals"
HASTY = 10 * MINUTE
"""A number below is likelier meant as seconds than as milliseconds."""


def check_approvals(findings: Findings, catalog: Catalog) -> frozenset[str]:
    """Check every policy, and return the names of the groups that they use."""
    _check_alone(findings, findings.data.get("approvals"), WHOLE)
    whole = _read(findings.data.get("approvals"))
    policies = [whole]
    held: list[HeldDefinition] = []
    waits = False
    for place, step, _ in steps(findings.data):
        if "actionType" not in step:
            continue
        waits = waits or needs_approval(step) or may_park(step) or may_be_asked(step, catalog, findings)
        if not needs_approval(step):
            continue
        own = _read(step["requireApproval"])
        policies.append(own)
        _check_alone(findings, step["requireApproval"], f"{place}/requireApproval")
        _check_anybody(findings, step, place)
        if whole is not None and own is not None:
            held.append(_held(whole, own, step, place, catalog))
    if not waits and isinstance(findings.data.get("approvals"), Mapping):
        sentence = "No step of this automation ever waits for people, so this says nothing."
        findings.add("unused-approvals", WHOLE, sentence, "write requireApproval: true at the steps to hold", key=True)
    if whole is not None and not held:
        held.append(HeldDefinition(policy=whole, places=dict.fromkeys(ApprovalDefinition.model_fields, WHOLE)))
    _add(findings, held)
    return frozenset(name for policy in policies if policy is not None for name in _groups(policy))


def _read(policy: Any) -> ApprovalDefinition | None:
    """Return a policy as a model; None where its shape is wrong, which is told elsewhere."""
    if policy is None or policy is True:
        return ApprovalDefinition.model_construct()
    try:
        return ApprovalDefinition.model_validate(policy)
    except ValidationError:
        return None


def _held(
    whole: ApprovalDefinition, own: ApprovalDefinition, step: Mapping[str, Any], place: str, catalog: Catalog
) -> HeldDefinition:
    values = {name: value for name in ApprovalDefinition.model_fields if (value := getattr(own, name)) is not None}
    action, config = catalog.get(str(step["actionType"])), step.get("config", {})
    return HeldDefinition(
        policy=whole.model_copy(update=values),
        places={
            name: f"{place}/requireApproval" if name in values else WHOLE for name in ApprovalDefinition.model_fields
        },
        step=step,
        config=filled(action, config) if action is not None and isinstance(config, Mapping) else None,
    )


def _add(findings: Findings, held: list[HeldDefinition]) -> None:
    """Add what is wrong; a warning about the automation's own policy only where it is true of all its steps."""
    checks = [(one, set(check_policy(one))) for one in held]
    for complaint in sorted({complaint for _, complaints in checks for complaint in complaints}):
        shared = complaint.owner == WHOLE and CODES[complaint.code].severity == "warning"
        if not shared or all(complaint in complaints for one, complaints in checks if one.uses(complaint)):
            findings.add(
                complaint.code, complaint.pointer, complaint.message, complaint.hint or None, key=complaint.key
            )


def _check_alone(findings: Findings, policy: Any, pointer: str) -> None:
    """Check what a policy says that is wrong whatever else holds."""
    if not isinstance(policy, Mapping):
        return
    _check_nobody(findings, policy, pointer, "ever release what waits")
    bands = policy.get("bands")
    for index, band in enumerate(bands if isinstance(bands, list) else ()):
        if isinstance(band, Mapping):
            _check_nobody(findings, band, f"{pointer}/bands/{index}", "ever release such a request")
    for key in CLOCKS:
        value = policy.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < HASTY:
            sentence = f"A number means milliseconds, so this is {spell(value)}: hardly time enough for anybody."
            findings.add("hasty-deadline", f"{pointer}/{key}", sentence, f"write {value}s for seconds, or a unit")
    check_use(findings, policy.get("businessHours"), f"{pointer}/businessHours")


def _check_nobody(findings: Findings, policy: Mapping[str, Any], pointer: str, what: str) -> None:
    if "approvers" in policy and policy["approvers"] in ([], None):
        sentence = f"The list of approvers is empty: nobody could {what}."
        findings.add("nobody-may-approve", f"{pointer}/approvers", sentence, "name at least one")


def _check_anybody(findings: Findings, step: Mapping[str, Any], place: str) -> None:
    own = step["requireApproval"]
    if "approvers" in effective(findings.data, step, place) or (isinstance(own, Mapping) and "approvers" in own):
        return
    why = (
        "This step waits for people, because its service is not trusted, and no"
        if place in (findings.holds or ())
        else "No"
    )
    sentence = f"{why} approvers are named: anybody who can reach the run may release this step."
    hint = "write requireApproval: {approvers: [lead@example.com]}"
    findings.add("anybody-may-approve", f"{place}/requireApproval", sentence, hint, key=True)


def _groups(policy: ApprovalDefinition) -> Iterator[str]:
    for people in (
        policy.approvers,
        policy.operators,
        policy.escalate_to,
        *(band.approvers for band in policy.bands or ()),
    ):
        yield from filter(None, map(group, people or ()))
