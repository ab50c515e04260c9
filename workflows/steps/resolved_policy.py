"""The terms of a hold: its policy made concrete for one request, by the worker, once; a run writes them down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from trunkline.wire import CHECK, CheckAnswer, CheckQuestion, HeldOperation, NamedParty, PolicyRecord, Request, Times
from workflows import host
from workflows.errors import StepError
from workflows.hold_rules import HOLD_RULES
from workflows.holds.hold import Hold, Kind
from workflows.language.condition import Condition
from workflows.language.people import person
from workflows.language.template import Template
from workflows.program import Group, People, Policy
from workflows.report import timestamp
from workflows.run.encrypted import ask_any
from workflows.run.walk import HeldStep, Walk
from workflows.run.worker_calls import ask

LAYOUT = " \t\r\n"
"""Blanks around a name where its author wrote the template over several lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedPolicy:
    """Who decides about one hold, how, and until when, with every name and instant resolved.

    All of it is what the history keeps: what a replay renders and judges may differ where it depends on the clock,
    which Temporal's SDK does not set quite alike after local activities.

    Attributes:
        request: what is held.
        at: when that was asked.
        rules: how it is decided, by the keys of `HoldRules` that a hold keeps.
        operation: the described operation that the request is for, if it is for one.
    """

    request: Request
    at: str
    approvers: list[str]
    operators: list[str] | None
    escalate_to: list[str]
    rules: Mapping[str, Any]
    requester: str | None
    remind_at: str | None
    escalate_at: str | None
    deadline: str | None
    on_expiry: str | None
    index: dict[str, str] | None
    operation: HeldOperation | None

    def govern(self, hold: Hold) -> None:
        """Let these terms hold for a hold from now on; its times stay what they were.

        Where the policy names the same approvers as before, those stay to whom it was reassigned or escalated.
        """
        if self.approvers != hold.named:
            hold.approvers, hold.named = self.approvers, self.approvers
            if hold.escalateTo and hold.escalateAt is None:
                hold.escalate()
        hold.operators, hold.requester = self.operators, self.requester
        for name, value in self.rules.items():
            setattr(hold, name, value)
        hold.digestRequired = hold.digestRequired or hold.verified
        hold.index = self.index
        hold.operation = self.operation

    def check(self, hold: Hold) -> None:
        """Refuse terms under which a hold that was reassigned could never be released.

        Raises:
            StepError: too few people may approve it.
        """
        if self.approvers != hold.named or not hold.approvers:
            return
        able = [name for name in hold.approvers if self.requester is None or person(name) != person(self.requester)]
        if len(able) < self.rules["quorum"]:
            raise StepError(
                f"Edited so, it needs {self.rules['quorum']} approvals, and {len(able)} may give them since it was "
                "reassigned: let an operator reassign it to more people first."
            )

    def time(self, hold: Hold) -> None:
        """Set the times of a hold that opens."""
        hold.remindAt, hold.escalateAt, hold.deadline = self.remind_at, self.escalate_at, self.deadline
        hold.escalateTo, hold.onExpiry = self.escalate_to if self.escalate_at else [], self.on_expiry


async def resolve_policy(
    walk: Walk, held: HeldStep, request: Request, kind: Kind, *, previous: Request | None = None
) -> ResolvedPolicy:
    """Ask the worker for the terms of a hold that opens, or whose request was edited.

    Args:
        walk: the walk that holds.
        held: the step.
        request: what would be sent.
        kind: whether it waits for approval, or after a failure.
        previous: the request before it was edited.

    Raises:
        StepError: it can never be sent, nobody could ever decide, or a template of the policy cannot be rendered.
    """
    approval = kind == "approval"
    roots = {**walk.roots(held.frame), "request": request}
    policy = held.step.policy
    if approval:
        policy = policy.under(lambda when: _applies(when, roots, held))
    question = _question(walk, held, policy, approval=approval)
    if approval:
        question["request"], question["quorum"] = request, policy.rules["quorum"]
    if previous is None:
        times = {name: time for name, time in policy.times.items() if approval or name != "expiresAfter"}
        question["times"] = cast("Times", times)
    else:
        question["previous"] = previous
    rules: Mapping[str, Any] = policy.rules
    question["keep"] = cast(
        "PolicyRecord",
        {
            "request": request,
            "at": question["since"],
            "requester": question.get("excluded"),
            **{
                rule.record: rules[name] if approval or rule.failures else rule.otherwise
                for name, rule in HOLD_RULES.items()
                if rule.record
            },
        },
    )
    answer: CheckAnswer = await (ask if previous is None else ask_any)(CHECK, question)
    if "refused" in answer:
        raise StepError(answer["refused"])
    people, at = answer["people"], answer["at"]
    operators = people.get("operators")
    if not approval and operators == []:
        raise StepError("`operators` comes to nobody.")
    kept: Mapping[str, Any] = answer["keep"]
    return ResolvedPolicy(
        request=kept["request"],
        at=kept["at"],
        requester=kept["requester"],
        rules={name: kept.get(rule.record, rule.otherwise) for name, rule in HOLD_RULES.items() if rule.record},
        approvers=people.get("approvers", []) if approval else operators or [],
        operators=operators,
        escalate_to=people.get("escalateTo", []),
        remind_at=at.get("remind"),
        escalate_at=at.get("escalate"),
        deadline=at.get("expire"),
        on_expiry=policy.on_expiry if "expire" in at else None,
        index=answer.get("index"),
        operation=answer.get("operation"),
    )


def _question(walk: Walk, held: HeldStep, policy: Policy, *, approval: bool) -> CheckQuestion:
    wanted = {"operators": policy.operators, "escalateTo": policy.escalate_to or None}
    if approval:
        wanted["approvers"] = policy.approvers
    people = {name: list(_rendered(walk, held, name, who)) for name, who in wanted.items() if who is not None}
    question: CheckQuestion = {"people": people, "since": timestamp(host.now())}
    if policy.rules["verified"]:
        question["verified"] = True
    if approval and not policy.rules["selfApproval"]:
        question["excluded"] = _requester(walk, held, policy.requester)
    return question


def _rendered(walk: Walk, held: HeldStep, name: str, people: People) -> Iterable[NamedParty]:
    for entry in people:
        if isinstance(entry, Group):
            yield {"group": entry.name}
            continue
        value = walk.render(entry, held.entry, held.frame).value
        blanks = LAYOUT if "\n" in entry.source else " "
        for one in value if isinstance(value, list) else [value]:
            if one is not None and not isinstance(one, str):
                raise StepError(f"`{name}` must name people; {entry.source!r:.100} comes to {one!r:.100}.")
            if one and one.strip():
                yield {"person": one.strip(blanks)}


def _requester(walk: Walk, held: HeldStep, template: Template) -> str:
    value = walk.render(template, held.entry, held.frame).value
    if not isinstance(value, str) or not value.strip():
        raise StepError(
            f"`selfApproval: false` needs to know who asked for this, and `requester` ({template.source!s:.100}) comes "
            f"to {value!r:.100}: give events an `actor`, or name another template as `requester`."
        )
    return value.strip(" ")


def _applies(when: Condition, roots: dict[str, Any], held: HeldStep) -> bool:
    host.tell(host.JUDGED, condition=when, roots=roots)
    reader = host.reader()
    verdict = None if reader is None else reader.judge(when, roots, held.entry["id"])
    return when.may_hold(roots, host.now()) if verdict is None else bool(verdict.holds)
