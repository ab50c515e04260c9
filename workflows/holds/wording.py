"""A hold in words: who may decide, what the policy asks for, and which decisions it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Literal
from urllib.parse import urlencode

from trunkline.wire import NOT_TAKEN
from workflows.language.people import group, person

JSON = Mapping[str, Any]

COUNTED = ("accepted", "needs_more")
"""Receipts of decisions that changed something."""

ABSENT = object()
"""Stands for a value that is not there, where two are compared."""

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


def hold_address(pages: str, run: str, hold: str) -> str:
    """Return the address of a hold's page.

    Args:
        pages: address of the pages, without a slash at its end.
        run: workflow id.
        hold: the hold's name.
    """
    return f"{pages}/hold?{urlencode({'run': run, 'hold': hold})}"


def who(hold: JSON) -> str:
    """Return who may decide, as a list of people or `anyone`."""
    return ", ".join(hold.get("approvers") or []) or "anyone"


def decider(hold: JSON, role: Literal["approvers", "operators"] = "approvers") -> str:
    """Return who decides in the commands that are shown: the first person who still may, else somebody made up."""
    done = {person(str(vote.get("by"))) for vote in hold.get("votes") or []}
    others = {*done, person(str(hold.get("requester") or ""))}
    names = [name for name in hold.get(role) or [] if group(person(name)) is None]
    return next((name for name in names if person(name) not in others), "you@example.com")


def votes(hold: JSON) -> str:
    """Return how many of the people who are needed have approved, and who: `1 of 2, ann@example.com`."""
    approved = [str(vote.get("by")) for vote in hold.get("votes") or [] if vote.get("decision") != "reject"]
    return ", ".join([f"{len(approved)} of {hold.get('quorum', 1)}", *approved])


def became(entry: JSON) -> str:
    """Return what became of a step whose hold was decided, as a sentence."""
    error = entry.get("error")
    why = f": {str(error['message']).rstrip('.')}" if error else ""
    match entry["status"]:
        case "running" | "held" as status:
            return f"The step is {status} now."
        case "unknown":
            return f"Nobody knows whether the step was carried out{why}."
        case status:
            return f"The step ended as {status}{why}."


def decided_by(decision: JSON) -> str:
    """Return how a hold was decided and by whom: `approve by ann`."""
    if decision.get("via") == "policy":
        return f"{decision['decision']} by the policy, as nobody decided in time"
    return f"{decision['decision']} by {decision['by']}"


def status(entry: JSON) -> str:
    """Return a step's status for people; one in a way that its run did not go says so."""
    return NOT_TAKEN if entry.get("reason") == NOT_TAKEN else str(entry["status"])


def edited(edit: JSON) -> Iterator[tuple[str, Any, Any]]:
    """Yield what an edit of a request changed, as `changes` does."""
    before, after = ((edit.get(side) or {}).get("config") for side in ("before", "after"))
    return changes(before, after)


def attempted(entry: JSON) -> str:
    """Return who sent which decision about what, as far as the audit's entry tells: `approve refund by ann`."""
    decision, hold, by = (entry.get(name) for name in ("decision", "hold", "by"))
    about = " ".join(filter(None, (decision or "no decision", hold)))
    return f"{about} by {by}" if by else about


def changes(before: Any, after: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield every place in which two JSON values differ, as pointer, old and new value; `ABSENT` is none at all."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = {**before, **after}
        places = [
            (str(n).replace("~", "~0").replace("/", "~1"), before.get(n, ABSENT), after.get(n, ABSENT)) for n in names
        ]
    elif isinstance(before, list) and isinstance(after, list):
        both = zip_longest(before, after, fillvalue=ABSENT)
        places = [(str(index), one, other) for index, (one, other) in enumerate(both)]
    else:
        if json.dumps(before, sort_keys=True, default=str) != json.dumps(after, sort_keys=True, default=str):
            yield pointer, before, after
        return
    for name, one, other in places:
        yield from changes(one, other, f"{pointer}/{name}")


def change(place: tuple[str, Any, Any]) -> str:
    """Return one change as text: `/body/amount: 25 → 20`."""
    pointer, before, after = place
    return f"{pointer or 'all of it'}: {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    return "nothing" if value is ABSENT else json.dumps(value, ensure_ascii=False)


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
            needed = "it is sent at once" if quorum == 1 else f"it is sent once {quorum} people have approved it so"
            yield (
                "The request may be edited: earlier approvals are void then, and the edit is its sender's "
                f"approval too: {needed}."
            )
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


def tolerance(tolerated: list[str] | None) -> str:
    """Return what a run's outcome leaves unsaid, to be put after it: how many steps are unknown, and do not count."""
    count = len(tolerated or ())
    return f", {count} {'step' if count == 1 else 'steps'} unknown, tolerated" if count else ""
