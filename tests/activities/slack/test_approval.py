"""A message about a hold stays what Slack takes, whatever the request holds; whole messages are in the cases."""

from __future__ import annotations

from typing import Any

import pytest

from activities.errors import Refused
from activities.slack.approval import ASKING, OCCASIONS, content, fenced
from activities.slack.limits import MOST_TEXT, excess
from tests.together import together

USUAL: dict[str, Any] = {
    "on": "opened",
    "run": "refund/1",
    "hold": "refund",
    "kind": "approval",
    "label": "Refund",
    "actionType": "http_request",
    "automation": "refund",
    "digest": "0" * 64,
    "connection": None,
    "config": "{}",
    "cut": 0,
    "missing": [],
    "error": None,
    "who": "ann",
    "votes": "0 of 1",
    "rules": [],
    "url": None,
    "takes": ["approve", "reject"],
    "needsReason": False,
    "firstRunId": None,
    "version": 0,
    "decision": None,
    "outcome": None,
}


def notice(**more: Any) -> Any:
    return {**USUAL, **more}


@together("on", OCCASIONS)
@together("filler", ["a", "&", "`", "\N{PILE OF POO}", "<!channel>\n"])
def test_what_is_long_is_cut_and_nothing_of_it_is_markup(on: str, filler: str) -> None:
    long = filler * 600
    decision = {"decision": "reject", "by": long[:256], "at": "", "reason": long[:2_000]}
    made = content(
        notice(
            on=on,
            kind="failure",
            config=(filler * 5_000)[:5_000],
            missing=[long[:100]] * 11,
            error=long[:600],
            who=long[:600],
            rules=[long[:600]] * 8,
            url=f"https://pages.example/{'%3C' * 1_000}",
            decision=None if on in ASKING else decision,
        )
    )
    assert not [*excess(made["blocks"])]
    assert sum(len(str(block)) for block in made["blocks"]) < 25_000
    assert "<!channel>" not in str(made)
    assert "pages.example" not in str(made), "an address that no browser takes"
    assert [block["type"] for block in made["blocks"]].count("actions") == (1 if on in ASKING else 0)


def test_nothing_ends_a_fence_but_its_end() -> None:
    pieces, left = fenced("a```b" * 2_000, grave="'", most=2)
    assert len(pieces) == 2
    assert left > 0
    for piece in pieces:
        assert len(piece) <= MOST_TEXT
        assert (piece.startswith("```\n"), piece.endswith("\n```"), piece.count("```")) == (True, True, 2)
    whole, nothing = fenced("a & b", grave="'")
    assert (whole, nothing) == (["```\na &amp; b\n```"], 0)


def test_ids_that_no_button_holds_are_refused() -> None:
    with pytest.raises(Refused, match="at most 2,000 characters"):
        content(notice(hold="loop[3]." * 300))
    assert content(
        notice(hold="loop[3]." * 300, on="decided", decision={"decision": "skip", "by": "p", "via": "policy"})
    )
