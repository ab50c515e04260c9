"""The page on which an author sees the sandbox's Slack as people see it, and presses buttons as somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape, unescape
from typing import Any

from workers.sandbox.slack_people import STANDINGS
from workers.sandbox.slack_screens import SlackScreens

MOST_SHOWN = 50
FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox: Slack</title>
<link rel="stylesheet" href="/_/page.css">
</head>
<body>
<header class="top"><div><h1>Slack in the sandbox</h1><nav><a href="/">All requests</a></nav></div></header>
<main>
<p class="note">Press a button as somebody: the gateway is sent what Slack would send, signed with the sandbox's secret.
Load the page anew to see what came of it.</p>
{forms}{messages}{private}
</main>
</body>
</html>
"""
WHO = """<label>as <input name="person" type="email" required value="ann@example.com"></label>
<label>who is <select name="standing">{standings}</select></label>
<label>reason <input name="reason"></label>"""


def slack_page(messages: Sequence[Mapping[str, Any]], screens: SlackScreens) -> str:
    """Return the page as HTML; everything that came from outside is escaped."""
    return FRAME.format(
        forms="".join(_form(view) for view in screens.views.values()),
        messages="".join(map(_message, messages[:MOST_SHOWN])) or '<p class="note">No message was posted yet.</p>',
        private="".join(_private(message) for message in reversed(screens.private)),
    )


def _form(view: Mapping[str, Any]) -> str:
    fields = f'<input type="hidden" name="view" value="{escape(view["id"])}">{_who()}<button>Send</button>'
    return _card(f"Form {view['id']}", [str((view.get("title") or {}).get("text", ""))], fields)


def _message(message: Mapping[str, Any]) -> str:
    blocks = message.get("blocks") or ()
    actions = [one for block in blocks if block.get("type") == "actions" for one in block.get("elements") or ()]
    pressed = "".join(
        f'<button name="action" value="{escape(str(one.get("action_id")))}">{escape(_text(one))}</button> '
        for one in actions
    )
    fields = f'<input type="hidden" name="ts" value="{escape(message["ts"])}">{_who()}{pressed}' if actions else ""
    texts = [_text(block) for block in blocks] if blocks else [str(message.get("text", ""))]
    return _card(f"{message['channel']} {message['ts']}", texts, fields)


def _private(message: Mapping[str, Any]) -> str:
    return _card(f"Only {message['person']} sees this", [str(message["text"])], "")


def _card(heading: str, texts: Iterable[str], fields: str) -> str:
    shown = "".join(map(_shown, filter(None, texts)))
    form = f'<form method="post" action="/_/slack/clicks">{fields}</form>' if fields else ""
    return f'<article class="slack"><p class="whom">{escape(heading)}</p>\n{shown}{form}</article>\n'


def _shown(text: str) -> str:
    """Return a text as HTML, much as Slack shows it."""
    plain = escape(unescape(text.strip("`*\n")))
    if text.startswith("```"):
        return f"<pre>{plain}</pre>\n"
    return f'<p class="text">{f"<b>{plain}</b>" if text.startswith("*") else plain}</p>\n'


def _who() -> str:
    return WHO.format(standings="".join(f"<option>{standing}</option>" for standing in STANDINGS))


def _text(block: Mapping[str, Any]) -> str:
    text = block.get("text")
    own = text.get("text", "") if isinstance(text, Mapping) else ""
    parts = [one.get("text", "") for one in block.get("elements") or () if block.get("type") == "context"]
    return str(own) or " ".join(map(str, parts))
