"""A message about a hold in blocks: the request, the rules, and buttons for as long as there is something to decide."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from activities.errors import Refused
from activities.slack.limits import MOST_TEXT
from trunkline.wire import HoldNotice

Block = dict[str, Any]

BUTTONS = {
    "approve": ("Approve", "primary"),
    "reject": ("Reject", "danger"),
    "retry": ("Try again", "primary"),
    "skip": ("Go on without it", None),
    "stop": ("End it as failed", "danger"),
}
"""What buttons say, and how they look; other decisions need a form, which the hold's page has."""

MADE = {
    "approve": "Approved",
    "reject": "Rejected",
    "edit": "Edited and approved",
    "retry": "Sent again",
    "skip": "Gone on without it",
    "supply": "Gone on with a result of their own",
    "stop": "Ended as failed",
}
OCCASIONS = {
    "opened": {"approval": "Approval needed", "failure": "Failed, and waits"},
    "reminder": {"approval": "Still waits for approval", "failure": "Still waits after a failure"},
    "escalated": {"approval": "Waits for approval, escalated", "failure": "Waits after a failure, escalated"},
    "changed": {"approval": "Approval needed, changed meanwhile", "failure": "Failed, and waits, changed meanwhile"},
    "decided": {"approval": "Decided", "failure": "Decided"},
    "withdrawn": {"approval": "Withdrawn", "failure": "Withdrawn"},
}
ASKING = ("opened", "reminder", "escalated", "changed")

REASON = "reason"
"""Block and action of the field in which a reason is written."""

LONGEST_REASON = 2_000
MOST_VALUE = 2_000
MOST_ADDRESS = 2_000
"""Characters of a link; what is longer no browser is sure to take."""

FENCE = "```"
GRAVE = "\N{MODIFIER LETTER GRAVE ACCENT}"
"""Stands for a backtick in texts of people and vendors: it looks the same, and ends nothing."""

ROOM = MOST_TEXT - 2 * len(FENCE) - 2
CONFIG_BLOCKS = 2
"""Sections that the request's config may take, so that the whole message stays below what Slack takes."""


def content(notice: HoldNotice) -> dict[str, Any]:
    """Return text and blocks of a message about a hold; Slack shows the text in notifications."""
    what = f"{OCCASIONS[notice['on']][notice['kind']]}: {notice['label']}"
    if notice["on"] in ASKING:
        text, blocks = what, [*_request(notice), *_rules(notice), *_buttons(notice)]
    else:
        text, blocks = (
            f"{what}. {_sentence(notice)}",
            [_section(escaped(_sentence(notice))), *_why(notice), *_request(notice)],
        )
    return {"text": escaped(text), "blocks": [_section(f"*{escaped(what)}*"), *blocks, _place(notice)]}


def escaped(text: str) -> str:
    """Return a text in which Slack finds no mention and no link (https://docs.slack.dev/messaging/formatting)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fenced(text: str, *, grave: str, most: int = 1) -> tuple[list[str], int]:
    """Return a text as pieces that Slack shows as they stand, each short enough for a block, and how much is left out.

    Args:
        text: what is shown.
        grave: what stands for a backtick, which could end a piece.
        most: how many pieces there may be.
    """
    pieces, left = [""], 0
    for at, character in enumerate(text):
        shown = escaped(grave if character == "`" else character)
        if len(pieces[-1]) + len(shown) > ROOM:
            if len(pieces) == most:
                left = len(text) - at
                break
            pieces.append("")
        pieces[-1] += shown
    return [f"{FENCE}\n{piece}\n{FENCE}" for piece in pieces], left


def _request(notice: HoldNotice) -> Iterator[Block]:
    by = f" with `{escaped(notice['connection'])}`" if notice["connection"] else ""
    yield _section(f"`{escaped(notice['actionType'])}`{by}, for the automation `{escaped(notice['automation'])}`")
    pieces, left = fenced(notice["config"], grave=r"\u0060", most=CONFIG_BLOCKS)
    yield from map(_section, pieces)
    if left := left + notice["cut"]:
        yield _section(f"… and {left:,} more characters.")
    if notice["missing"]:
        yield _section(f"Not found: {escaped(', '.join(notice['missing']))}")
    if notice["error"] is not None:
        yield from map(_section, fenced(notice["error"], grave=GRAVE)[0])


def _rules(notice: HoldNotice) -> Iterator[Block]:
    approved = f" Approved: {notice['votes']}." if notice["votes"] else ""
    rules = " ".join([f"{notice['who']} may decide.{approved}", *notice["rules"]])
    yield _section(escaped(rules))


def _buttons(notice: HoldNotice) -> Iterator[Block]:
    names = [name for name in notice["takes"] if name in BUTTONS]
    label = {"type": "plain_text", "text": "Reason"}
    field = {"type": "plain_text_input", "action_id": REASON, "max_length": LONGEST_REASON}
    yield {"type": "input", "block_id": REASON, "optional": True, "label": label, "element": field}
    yield {"type": "actions", "block_id": "decision", "elements": [_button(name, notice) for name in names]}


def _button(name: str, notice: HoldNotice) -> Block:
    word, style = BUTTONS[name]
    ids = {"run": notice["run"], "hold": notice["hold"], "digest": notice["digest"]}
    more = {
        "firstRunId": notice["firstRunId"],
        "needsReason": True if name == "reject" and notice["needsReason"] else None,
    }
    value = json.dumps(
        {**ids, **{key: one for key, one in more.items() if one is not None}},
        separators=(",", ":"),
        ensure_ascii=False,
    )
    if len(value) > MOST_VALUE:
        raise Refused(
            f"A button in Slack holds at most {MOST_VALUE:,} characters, and the ids of this run and hold take "
            f"{len(value):,}: give the event a shorter id."
        )
    button: Block = {
        "type": "button",
        "action_id": name,
        "text": {"type": "plain_text", "text": word},
        "value": value,
    }
    return button if style is None else {**button, "style": style}


def _sentence(notice: HoldNotice) -> str:
    """Return how a hold was closed, and by whom."""
    decision = notice["decision"]
    if decision is None:
        return "Withdrawn before anybody decided: its run has ended, or goes on without it."
    made = MADE[decision["decision"]]
    if decision.get("via") == "policy":
        return f"{made} by the policy, as nobody decided in time."
    people = [vote["by"] for vote in decision.get("votes", ())] or [decision["by"]]
    return f"{made} by {', '.join(people)}."


def _why(notice: HoldNotice) -> Iterator[Block]:
    decision = notice["decision"]
    if decision is not None and decision.get("reason"):
        yield from map(_section, fenced(decision["reason"], grave=GRAVE)[0])
    if notice["outcome"] is not None:
        yield _section(escaped(notice["outcome"]))


def _place(notice: HoldNotice) -> Block:
    parts = [f"run `{escaped(notice['run'])}`", f"digest `{notice['digest']}`"]
    if notice["url"] is not None and len(escaped(notice["url"])) <= MOST_ADDRESS:
        parts.append(f"<{escaped(notice['url'])}|the whole request>")
    return {"type": "context", "elements": [_markup(" · ".join(parts))]}


def _section(text: str) -> Block:
    return {"type": "section", "text": _markup(text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…")}


def _markup(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
