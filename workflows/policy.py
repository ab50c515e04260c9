"""The policy of an approval: who decides, under which rules, and until when; compiled from the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflows.condition import Condition, compile_condition
from workflows.people import group
from workflows.plan import Editing, Occasion, OnExpiry
from workflows.template import Template, compile_template

if TYPE_CHECKING:
    from workflows.program import ActionStep

CLOCKS = ("remindAfter", "escalateAfter", "expiresAfter")

STRICTNESS: tuple[Editing, ...] = (True, "needsApproval", False)
"""What may be edited, from the freest to the strictest."""

REQUESTER = "{{event.actor}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group by its name; who is in it the worker knows."""

    name: str


People = tuple[Group | Template, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What is stricter for the requests for which a condition holds; a key that it does not have is None."""

    when: Condition
    approvers: People | None
    quorum: int | None
    self_approval: bool | None
    reason_needed: bool | None
    editing: Editing | None
    verified: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An action that tells people about a hold."""

    on: frozenset[Occasion]
    step: ActionStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who decides about a held step, and how.

    Attributes:
        approvers: who may release it; None: anyone.
        operators: who decides after a failure, reassigns and extends; None: nobody is named.
        escalate_to: who may release it besides, once it has waited for long.
        quorum: how many people must approve.
        self_approval: whether the requester may approve.
        requester: who wants the step done.
        reason_needed: whether a refusal must say why.
        editing: whether approvers may edit the request, and whether an edit approves it.
        verified: whether decisions must be signed.
        recheck: whether the step's conditions must still hold on release.
        bands: what is stricter for which requests.
        times: what the worker computes a hold's times from, in the plan's words.
        on_expiry: what happens when nobody has decided in time.
        notices: whom to tell.
    """

    approvers: People | None = None
    operators: People | None = None
    escalate_to: People = ()
    quorum: int = 1
    self_approval: bool = True
    requester: Template
    reason_needed: bool = False
    editing: Editing = False
    verified: bool = False
    recheck: bool = False
    bands: tuple[Band, ...] = ()
    times: Mapping[str, Any]
    on_expiry: OnExpiry = "reject"
    notices: tuple[Notice, ...] = ()

    def under(self, applies: Callable[[Condition], bool]) -> Policy:
        """Return the policy with every band that applies laid over it: nothing in it gets looser but the names."""
        policy = self
        for band in self.bands:
            if not applies(band.when):
                continue
            policy = replace(
                policy,
                approvers=policy.approvers if band.approvers is None else band.approvers,
                quorum=max(policy.quorum, band.quorum or 1),
                self_approval=policy.self_approval and band.self_approval is not False,
                reason_needed=policy.reason_needed or band.reason_needed is True,
                editing=policy.editing if band.editing is None else max(policy.editing, band.editing, key=_strictness),
                verified=policy.verified or band.verified is True,
            )
        return policy


def compile_policy(plan: Mapping[str, Any], notices: tuple[Notice, ...]) -> Policy:
    """Compile a policy from the plan's words, the step's laid over the automation's."""
    return Policy(
        approvers=_people(plan.get("approvers")),
        operators=_people(plan.get("operators")),
        escalate_to=_people(plan.get("escalateTo")) or (),
        quorum=plan.get("quorum", 1),
        self_approval=plan.get("selfApproval", True),
        requester=compile_template(plan.get("requester", REQUESTER)),
        reason_needed=plan.get("rejectNeedsReason", False),
        editing=plan.get("allowEdit", False),
        verified=plan.get("verified", False),
        recheck=plan.get("recheck", False),
        bands=tuple(_band(band) for band in plan.get("bands", ())),
        times={name: plan[name] for name in (*CLOCKS, "businessHours") if name in plan},
        on_expiry=plan.get("onExpiry", "reject"),
        notices=notices,
    )


def _band(plan: Mapping[str, Any]) -> Band:
    return Band(
        when=compile_condition(plan["when"]),
        approvers=_people(plan.get("approvers")),
        quorum=plan.get("quorum"),
        self_approval=plan.get("selfApproval"),
        reason_needed=plan.get("rejectNeedsReason"),
        editing=plan.get("allowEdit"),
        verified=plan.get("verified"),
    )


def _people(names: list[str] | None) -> People | None:
    if names is None:
        return None
    found = ((name, group(name)) for name in names)
    return tuple(compile_template(name) if named is None else Group(name=named) for name, named in found)


def _strictness(editing: Editing) -> int:
    return STRICTNESS.index(editing)
