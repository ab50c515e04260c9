"""The form that asks why somebody refuses, and what Slack is answered about it."""

from __future__ import annotations

import json
from typing import Any

from workers.gateway.slack.clicks import LONGEST, REASON, Click

CALLBACK = "trunkline_reject"


def form(click: Click) -> dict[str, Any]:
    """Return the form for a refusal that needs a reason."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps(click.kept(), separators=(",", ":"), ensure_ascii=False),
        "title": _plain("Reject"),
        "submit": _plain("Reject"),
        "close": _plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": REASON,
                "label": _plain("Why is this refused?"),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "max_length": LONGEST,
                },
            }
        ],
    }


def wrong(sentence: str) -> dict[str, Any]:
    """Return the answer that shows in the form why it was not taken."""
    return {"response_action": "errors", "errors": {REASON: sentence}}


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
