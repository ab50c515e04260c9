"""The page that shows people what arrived."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from workers.sandbox.record import RecordEntry
from workers.sandbox.vendor import Panel, Vendor

MOST_SHOWN = 200
MOST_PANELS, FEW_PANELS = 100, 5
"""Panels of a vendor that is looked at alone, and of one among others."""

OWN_PAGES = {
    "smtp": '<a href="/_/mailbox">Mailbox</a>',
    "slack": '<a href="/_/slack">Slack\'s buttons</a>',
}
"""Pages of vendors beside the list of requests."""

FOLDER = Path(__file__).parent
KINDS = {"page.css": "text/css", "page.js": "text/javascript"}

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox ({total})</title>
<link rel="stylesheet" href="/_/page.css">
<script type="module" src="/_/page.js"></script>
</head>
<body>
<header class="top"><div><h1>Trunkline sandbox</h1><nav>{links}</nav></div></header>
<main>
{panels}<p class="note">{note}</p>
{cards}
</main>
</body>
</html>
"""

SEND = '<a href="/_/send">Send a web hook</a>'

PANEL = """<details class="panel {vendor}" id="panel-{vendor}-{number}"{opened}>
<summary><b>{title}</b> {facts}</summary>
{entries}</details>"""

CARD = """<article class="{vendor}">
<div class="line">
<span class="vendor">{title}</span>{status}{fault}<time datetime="{at}">{clock}</time>
<code>{method} {path}</code>
</div>
{summary}<details id="request-{id}">
<summary>Request and answer{key}</summary>
<h2>Headers</h2><pre>{headers}</pre>
<h2>Body</h2><pre>{body}</pre>
<h2>Answer</h2><pre>{answer}</pre>
</details>
</article>"""


def assets(vendors: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return text and content type of everything that the page loads; each vendor has a colour of its own."""
    names = list(vendors)
    hues = {name: round(360 * index / len(names)) for index, name in enumerate(names)}
    colours = [
        f".{name} {{ --vendor: light-dark(hsl({hue} 55% 38%), hsl({hue} 75% 75%)); }}" for name, hue in hues.items()
    ]
    texts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in KINDS}
    texts["page.css"] += "\n".join(colours) + "\n"
    return {name: (text, KINDS[name]) for name, text in texts.items()}


def page(
    received: Sequence[RecordEntry], vendors: Mapping[str, Vendor], *, counts: Mapping[str, int], chosen: str | None
) -> str:
    """Return the whole page as HTML.

    Args:
        received: what to show, oldest first.
        vendors: the sandbox's vendors by name.
        counts: how many requests of each vendor it remembers.
        chosen: the vendor that is looked at alone, if any.
    """
    total = sum(counts.values())
    links = [link("/", "All", total, current=chosen is None)]
    links += [
        link(f"/?vendor={name}", vendor.title, counts.get(name, 0), current=chosen == name)
        for name, vendor in vendors.items()
    ]
    latest = list(reversed(received))[:MOST_SHOWN]
    return FRAME.format(
        total=total,
        links="".join([*links, *(html for name, html in OWN_PAGES.items() if name in vendors), SEND]),
        panels="".join(
            f"{panel(name, number, one, opened=chosen is not None)}\n"
            for name, vendor in vendors.items()
            if chosen in {None, name}
            for number, one in enumerate(vendor.panels()[: MOST_PANELS if chosen else FEW_PANELS])
        ),
        note=note(len(received), len(latest)),
        cards="\n".join(card(one, vendors[one.vendor]) for one in latest),
    )


def link(address: str, title: str, count: int, *, current: bool) -> str:
    """Return the link to one vendor's requests."""
    return f'<a href="{address}"{" aria-current=page" if current else ""}>{title} <b>{count}</b></a>'


def note(count: int, shown: int) -> str:
    """Say what is on the page."""
    if not count:
        return "Nothing has arrived yet. What the vendors are sent appears here by itself."
    newest = "Newest first." if shown == count else f"The latest {shown} of {count}, newest first."
    return f'{newest} The same as JSON: <a href="/_/requests">/_/requests</a>.'


def panel(vendor: str, number: int, shown: Panel, *, opened: bool) -> str:
    """Return a part of a vendor's state as HTML; everything that came from outside is escaped."""
    return PANEL.format(
        vendor=vendor,
        number=number,
        opened=" open" if opened else "",
        title=escape(shown.title),
        facts=" ".join(f"<span>{escape(name)}: {escape(value)}</span>" for name, value in shown.facts.items()),
        entries="".join(
            f'<p class="whom">{escape(heading)}</p>\n<p class="text">{escape(text)}</p>\n'
            for heading, text in shown.entries
        ),
    )


def card(received: RecordEntry, vendor: Vendor) -> str:
    """Return one request as HTML; everything that came from outside is escaped."""
    shown = received.shown()
    whom, text = vendor.summary(received.request)
    summary = f'<p class="whom">{escape(whom)}</p>\n' if whom else ""
    summary += f'<p class="text">{escape(text)}</p>\n' if text else ""
    return CARD.format(
        id=received.id,
        vendor=received.vendor,
        title=vendor.title,
        method=escape(received.request.method),
        path=escape(f"{received.request.host or ''}{received.request.path}"),
        status=status(received),
        fault='<span class="fault bad">made to fail</span>' if received.fault else "",
        at=received.at.isoformat(),
        clock=received.at.astimezone().strftime("%H:%M:%S"),
        summary=summary,
        key=f", key {escape(received.key)}" if received.key else "",
        headers=pretty(shown["headers"]),
        body=pretty(shown["body"]),
        answer=pretty(shown["answer"]["body"]) if shown["answer"] else "none: the connection was dropped",
    )


def status(received: RecordEntry) -> str:
    """Return what the request was answered and whether it had its effect."""
    answered = "dropped" if received.answer is None else str(received.answer.status)
    word = "taken" if received.accepted else "not taken"
    return f'<span class="status {"good" if received.accepted else "bad"}">{answered}, {word}</span>'


def pretty(value: Any) -> str:
    """Return JSON for reading, escaped."""
    if value is None:
        return "none"
    return escape(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
