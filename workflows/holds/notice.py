"""What a message says in which a hold can be decided: bounded texts, whatever the request holds."""

from __future__ import annotations

import json

from trunkline.wire import HoldNotice
from workflows.holds.hold import Hold
from workflows.holds.wording import HIDDEN, decisions, hold_address, policy, visible, votes, who

WITHDRAWN = "withdrawn"
"""What happened to a hold that nothing waits for any more, although nobody has decided."""

CHANGED = "changed"
"""What happened to a hold whose request was edited, or which was handed to others."""

LONGEST_CONFIG = 5_000
LONGEST_SENTENCE = 600
MOST_LISTED = 10
LONGEST_LISTED = 100


def notice_of(hold: Hold, on: str, *, run: str, automation: str, pages: str | None) -> HoldNotice:
    """Return what a message about a hold says.

    Args:
        hold: the hold.
        on: what happened.
        run: workflow id.
        automation: name of the automation.
        pages: address of the pages, if there are any.
    """
    shown = hold.to_json()
    whole = json.dumps(hold.request["config"], ensure_ascii=False, indent=2)
    config = HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], whole[:LONGEST_CONFIG])
    missing = [_cut(name, LONGEST_LISTED) for name in hold.missing[:MOST_LISTED]]
    if len(hold.missing) > MOST_LISTED:
        missing.append(f"and {len(hold.missing) - MOST_LISTED} more")
    return {
        "on": on,
        "run": run,
        "hold": hold.hold,
        "kind": hold.kind,
        "label": hold.label,
        "actionType": hold.actionType,
        "automation": automation,
        "digest": hold.digest,
        "connection": hold.request.get("connection"),
        "config": config,
        "cut": max(len(whole) - LONGEST_CONFIG, 0),
        "missing": missing,
        "error": None if hold.error is None else _cut(hold.error["message"]),
        "who": _cut(who(shown)),
        "votes": _cut(votes(shown)) if hold.kind == "approval" else None,
        "rules": [_cut(rule) for rule in policy(shown)],
        "url": None if pages is None else hold_address(pages, run, hold.hold),
        "takes": decisions(shown),
        "needsReason": hold.rejectNeedsReason,
        "firstRunId": hold.firstRunId if hold.verified else None,
        "version": hold.version,
        "decision": hold.decision,
        "outcome": None,
    }


def _cut(text: str, most: int = LONGEST_SENTENCE) -> str:
    text = visible(text)
    return text if len(text) <= most else f"{text[:most]}…"
