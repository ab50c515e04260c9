"""A hold in words: who may decide, what the policy asks for, and which decisions it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from workflows.language.people import group, person

JSON = Mapping[str, Any]

UNSIGNED = "`by` is what the sender claims: Temporal does not say who signals."
"""What people must know about decisions that are not signed."""

EXPIRY = {
    "reject": "it counts as refused",
    "approve": "it is approved by the policy itself",
    "skip": "the step is skipped",
    "hold": "it stays open",
}


HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""Characters that nobody sees but that change what is seen: terminal controls, and marks that turn text around."""


def visible(text: str) -> str:
    """Return a text in which nothing is hidden: what a person reads before a decision is what is there."""
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def who(hold: JSON) -> str:
    """Return who may decide, as a list of people or `anyone`."""
    return ", ".join(hold.get("approvers") or []) or "anyone"


def decider(hold: JSON, role: Literal["approvers", "operators"] = "approvers") -> str:
    """Return who decides in the commands that are shown: the first person who still may, else somebody made up."""
    done = {person(str(vote.get("by"))) for vote in hold.get("votes") or []}
    asked = {*done, person(str(hold.get("requester") or ""))}
    names = [name for name in hold.get(role) or [] if group(person(name)) is None]
    return next((name for name in names if person(name) not in asked), "you@example.com")


def votes(hold: JSON) -> str:
    """Return how many of the people who are needed have approved, and who: `1 of 2, ann@example.com`."""
    approved = [str(vote.get("by")) for vote in hold.get("votes") or [] if vote.get("decision") != "reject"]
    return ", ".join([f"{len(approved)} of {hold.get('quorum', 1)}", *approved])


def instant(text: str) -> str:
    """Return an instant for people, in UTC."""
    return f"{text[:16].replace('T', ' ')} UTC"


def decisions(hold: JSON) -> list[str]:
    """Return the decisions that a hold takes from those who may decide, the likeliest first."""
    from workflows.holds.hold import DECISIONS  # it loads Temporal, and commands that only show texts do not

    return [name for name in DECISIONS[hold["kind"]] if name != "edit" or hold.get("allowEdit")]


def policy(hold: JSON) -> Iterator[str]:
    """Yield the rules of a hold as sentences."""
    if hold["kind"] == "approval":
        yield from _approval(hold)
    if hold.get("verified"):
        yield "Decisions must be signed."
    if hold.get("digestRequired"):
        yield "Decisions must quote the digest."
    if hold["kind"] == "approval" and hold.get("operators"):
        yield f"{', '.join(hold['operators'])} may reassign and extend it."
    yield from _times(hold)


def _approval(hold: JSON) -> Iterator[str]:
    quorum = hold.get("quorum", 1)
    if quorum > 1:
        yield f"{quorum} different people must approve; one refusal ends it."
    if hold.get("requester"):
        yield f"{hold['requester']} asked for it, and may neither approve nor edit."
    if hold.get("rejectNeedsReason"):
        yield "A refusal needs a reason."
    match hold.get("allowEdit"):
        case True:
            yield "The request may be edited: earlier approvals are void then, and the edit counts as one."
        case "needsApproval":
            yield "The request may be edited: earlier approvals are void then, and the edited request needs them all."


def _times(hold: JSON) -> Iterator[str]:
    if hold.get("deadline"):
        yield f"Where nobody decides by {instant(hold['deadline'])}, {EXPIRY[hold.get('onExpiry') or 'reject']}."
    else:
        yield "It does not expire."
    if hold.get("escalateAt"):
        besides = ", ".join(hold.get("escalateTo") or [])
        yield f"From {instant(hold['escalateAt'])}{f' {besides} may decide too' if besides else ' it is escalated'}."
