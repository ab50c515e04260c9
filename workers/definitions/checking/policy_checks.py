"""Whether one step's policy, as it holds there, can be kept: enough people, times in order, bands that are stricter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from trunkline.durations import spell
from workers.definitions.checking.contracts import templated
from workers.definitions.checking.saved import canonical
from workers.definitions.model.approvals import ApprovalDefinition, BandDefinition
from workers.definitions.problems import nearest
from workflows.hold_rules import HOLD_RULES
from workflows.language.condition import ConditionError, compile_condition
from workflows.language.names import Reference
from workflows.language.people import group, person
from workflows.language.template import is_template

HOLD_FIELDS = {name for name, info in BandDefinition.model_fields.items() if info.alias in HOLD_RULES}

ANY_VALUE = ("size", "first", "last")
"""Fields that any list or text has."""


class PolicyComplaint(NamedTuple):
    """Something about a policy: a code, where it stands, and a sentence.

    Attributes:
        owner: pointer of the policy, the automation's or the step's, that says it.
        name: the field of the policy.
    """

    code: str
    owner: str
    name: str
    pointer: str
    message: str
    hint: str = ""
    key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDefinition:
    """A step that waits for people, and the policy that holds for it.

    Attributes:
        policy: the step's words laid over the automation's.
        places: pointer of the policy that says it, by field.
        step: the step as written; None where no step waits for approval.
        config: its config as it will be rendered, where the action is known.
    """

    policy: ApprovalDefinition
    places: Mapping[str, str]
    step: Mapping[str, Any] | None = None
    config: Mapping[str, Any] | None = None

    def uses(self, complaint: PolicyComplaint) -> bool:
        """Say whether what a complaint is about holds for this step."""
        return self.places[complaint.name] == complaint.owner

    def complaint(  # noqa: PLR0913 - what is wrong and where
        self, code: str, name: str, message: str, hint: str = "", *, below: str = "", key: bool = False
    ) -> PolicyComplaint:
        """Return a complaint about a field, or about what stands below it."""
        alias = ApprovalDefinition.model_fields[name].alias
        owner = self.places[name]
        return PolicyComplaint(code, owner, name, f"{owner}/{alias}{below}", message, hint, key)


def check_policy(held: HeldDefinition) -> Iterator[PolicyComplaint]:
    """Yield what is wrong with the policy of a step."""
    yield from _people(held)
    yield from _expiry(held)
    yield from _useless(held)
    yield from _late(held)
    for index, band in enumerate(held.policy.bands or ()):
        yield from _loose(held, band, f"/{index}")
        yield from _blind(held, band, f"/{index}/when")


def _people(held: HeldDefinition) -> Iterator[PolicyComplaint]:
    policy = held.policy
    quorum = policy.quorum or 1
    count = _electorate(policy.approvers, policy, alone=policy.self_approval is not False)
    if count is not None and count < quorum:
        name = "approvers" if policy.quorum is None else "quorum"
        yield held.complaint("quorum-too-large", name, _too_few(quorum, count), "name more approvers")
        return
    for index, band in enumerate(policy.bands or ()):
        needed = max(quorum, band.quorum or 1)
        alone = policy.self_approval is not False and band.self_approval is not False
        people = policy.approvers if band.approvers is None else band.approvers
        count = _electorate(people, policy, alone=alone)
        if count is not None and count < needed:
            key = "quorum" if band.quorum is not None else "approvers" if band.approvers is not None else "selfApproval"
            yield held.complaint(
                "quorum-too-large", "bands", _too_few(needed, count), "name more approvers", below=f"/{index}/{key}"
            )


def _electorate(people: list[str] | None, policy: ApprovalDefinition, *, alone: bool) -> int | None:
    """Return how many may approve; None where only the run knows, or where nobody is named."""
    if not people or any(group(name) is not None or is_template(name) for name in people):
        return None
    named = set(map(person, people))
    if not alone and policy.requester is not None:
        named.discard(person(policy.requester))
    return len(named)


def _too_few(quorum: int, count: int) -> str:
    if not count:
        return "The only approver is the requester, who may not approve."
    people = "one person" if count == 1 else f"{count} people"
    return f"{quorum} must approve, but only {people} may: this could never be released."


def _expiry(held: HeldDefinition) -> Iterator[PolicyComplaint]:
    policy = held.policy
    if policy.on_expiry != "approve":
        return
    beside = (
        "a quorum of several"
        if (policy.quorum or 1) > 1
        else "`bands`"
        if policy.bands
        else "`verified`"
        if policy.verified
        else None
    )
    if beside:
        sentence = f"`onExpiry: approve` beside {beside}: whoever waits long enough needs nobody's approval."
        yield held.complaint("unsafe-expiry", "on_expiry", sentence, "use reject, skip or hold")


def _useless(held: HeldDefinition) -> Iterator[PolicyComplaint]:
    policy = held.policy
    strict = policy.self_approval is False or any(band.self_approval is False for band in policy.bands or ())
    clocks = (policy.remind_after, policy.escalate_after, policy.expires_after)
    for name, phrase, needed in (
        ("on_expiry", policy.expires_after is not None, "`expiresAfter`"),
        ("escalate_after", policy.escalate_to is not None, "`escalateTo`"),
        ("escalate_to", policy.escalate_after is not None, "`escalateAfter`"),
        ("requester", strict, "`selfApproval: false`"),
        ("business_hours", any(clocks), "one of `remindAfter`, `escalateAfter` and `expiresAfter`"),
        ("recheck", held.step is None or "conditions" in held.step, "`conditions` of the step"),
    ):
        if getattr(policy, name) not in (None, False) and not phrase:
            alias = ApprovalDefinition.model_fields[name].alias
            yield held.complaint("unused-key", name, f"`{alias}` changes nothing without {needed}.", key=True)
    for index, notice in enumerate(policy.notify or ()):
        for occasion, clock in (("reminder", "remind_after"), ("escalated", "escalate_after")):
            if occasion in (notice.on or ()) and getattr(policy, clock) is None:
                sentence = f"`{occasion}` never comes without `{ApprovalDefinition.model_fields[clock].alias}`."
                yield held.complaint("unused-key", "notify", sentence, below=f"/{index}/on")


def _late(held: HeldDefinition) -> Iterator[PolicyComplaint]:
    policy = held.policy
    if policy.expires_after is None or policy.on_expiry == "hold":
        return
    for name in ("remind_after", "escalate_after"):
        value = getattr(policy, name)
        if value is not None and value >= policy.expires_after:
            end = f"`expiresAfter` ({spell(policy.expires_after)})"
            sentence = (
                f"`{ApprovalDefinition.model_fields[name].alias}` ({spell(value)}) is not before {end}: it never comes."
            )
            yield held.complaint("after-expiry", name, sentence)


def _loose(held: HeldDefinition, band: BandDefinition, below: str) -> Iterator[PolicyComplaint]:
    fields = held.policy.model_dump(by_alias=True, exclude_none=True, include=HOLD_FIELDS)
    for name, wanted in band.model_dump(by_alias=True, exclude_none=True, include=HOLD_FIELDS).items():
        rule = HOLD_RULES[name]
        stays = fields.get(name, rule.otherwise)
        if rule.stricter(stays, wanted) != wanted:
            shown = json.dumps(stays).strip('"')
            sentence = f"A band only makes a policy stricter: `{name}` stays {shown} here."
            yield held.complaint("looser-band", "bands", sentence, below=f"{below}/{name}")


def _blind(held: HeldDefinition, band: BandDefinition, below: str) -> Iterator[PolicyComplaint]:
    """Find what a band asks of the request's config that the step's config never has."""
    if held.config is None:
        return
    for reference in _references(canonical(band.when)):
        if lost := _lost(held.config, reference.path[2:]):
            missing, known = lost
            sentence = f"The request's config has no {missing!r:.80} here; a band that cannot be judged applies."
            hint = nearest(missing, known) or ""
            yield held.complaint("unknown-field", "bands", sentence, hint, below=below + reference.pointer)


@lru_cache(maxsize=256)
def _references(conditions: str) -> list[Reference]:
    """Return what conditions, as JSON, ask of a request's config."""
    try:
        references = compile_condition(json.loads(conditions)).references
    except ConditionError:  # told elsewhere
        return []
    return [reference for reference in references if reference.path[:2] == ("request", "config")]


def _lost(config: Any, path: tuple[Any, ...]) -> tuple[Any, list[str]] | None:
    """Return the first key of a path that a config certainly does not have, and those that it has instead."""
    value = config
    for key in path:
        if key in ANY_VALUE or (isinstance(value, str) and templated(value)):
            return None
        if isinstance(value, Mapping) and str(key) in value:
            value = value[str(key)]
        elif isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return key, [str(one) for one in value] if isinstance(value, Mapping) else []
    return None
