"""The action steps of the storm's automations, sorted by what repeats them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.faults.definitions import APPROVED, BULK, GUARDED, HELD, ITEMS, LOOP, STORM


@dataclass(frozen=True, slots=True)
class Step:
    """An action step that sends.

    Attributes:
        name: what to call it in the table; steps of one name share a row.
        keyed: whether it is repeated under its key; else it is sent at most once.
        looks: whether its vendor can be asked what it took.
        entry: its id in reports; by default that in the definition.
        quorum: how many people must approve it; 0: it needs no approval.
    """

    name: str
    keyed: bool = False
    looks: bool = False
    entry: str | None = None
    quorum: int = 0


MAIN = {
    "twilio": Step("Twilio text", looks=True),
    "cloudtalk": Step("CloudTalk text"),
    "slack": Step("Slack message", looks=True),
    "teams": Step("Teams message, webhook"),
    "graph": Step("Teams message, Graph", looks=True),
    "post": Step("HTTP POST"),
    "note": Step("Zendesk note", looks=True),
    "reply": Step("Freshdesk reply", looks=True),
    "email": Step("Email, Postmark", looks=True),
    "mail": Step("Email, SMTP"),
    "keyed": Step("HTTP POST, idempotent", keyed=True),
}
REFUSED = "refused"
"""The step that people refuse."""

STEPS: Mapping[str, Mapping[str, Step]] = {
    STORM: MAIN,
    HELD: MAIN,
    GUARDED: {"unapproved": Step("Approved by nobody", quorum=1)},
    APPROVED: {
        "plain": Step("Approved Slack message", looks=True, quorum=1),
        "quorum": Step("Approved by two, idempotent", keyed=True, quorum=2),
        "edited": Step("Edited", quorum=1),
        "reviewed": Step("Edited, then approved by two", quorum=2),
        REFUSED: Step("Refused", quorum=1),
    },
    BULK: {"bulk": Step("Approved in bulk", quorum=1)},
    LOOP: {
        **{f"item{n}": Step("HTTP POST in a loop", entry=f"each[{n}].item") for n in range(ITEMS)},
        "after": Step("HTTP POST after an event"),
    },
}
"""Of each automation, by what the steps put into their requests."""


def automation_of(run: str) -> str:
    """Return the automation that a run is of."""
    return run.partition("/")[0]
