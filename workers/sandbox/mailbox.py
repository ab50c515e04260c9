"""The mailbox: every email that the sandbox was sent, as its reader would see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from workers.sandbox.letters import parsed
from workers.sandbox.record import RecordEntry
from workers.sandbox.vendors.gmail import raw

MOST_SHOWN = 100

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailbox ({total})</title>
<link rel="stylesheet" href="/_/page.css">
<script type="module" src="/_/page.js"></script>
</head>
<body>
<header class="top"><div><h1>Mailbox</h1><nav><a href="/">Sandbox</a></nav></div></header>
<main>
<p class="note">{note}</p>
{letters}
</main>
</body>
</html>
"""

LETTER = """<article class="{vendor}">
<div class="line">
<span class="vendor">{vendor}</span><time datetime="{at}">{clock}</time>
<code>{subject}</code>
</div>
<p class="whom">{whom}</p>
<p class="text">{text}</p>
{files}<details id="letter-{id}">
<summary>Headers and HTML</summary>
<h2>Headers</h2><pre>{headers}</pre>
<h2>HTML</h2><pre>{html}</pre>
</details>
</article>"""


def letters(record: Iterable[RecordEntry]) -> list[dict[str, Any]]:
    """Return every email that was taken, oldest first."""
    taken = (one for one in record if one.accepted)
    return [
        {"id": one.id, "at": one.at.isoformat(), "vendor": one.vendor, **letter}
        for one in taken
        if (letter := _letter(one)) is not None
    ]


def mailbox(found: Sequence[dict[str, Any]]) -> str:
    """Return the mailbox as a page; everything that came from outside is escaped, HTML of emails too."""
    latest = list(reversed(found))[:MOST_SHOWN]
    note = 'The same as JSON: <a href="/_/mailbox.json">/_/mailbox.json</a>.'
    if not found:
        note = "No email has arrived yet. What is sent appears here by itself."
    return FRAME.format(total=len(found), note=note, letters="\n".join(map(_shown, latest)))


def _letter(received: RecordEntry) -> dict[str, Any] | None:
    request = received.request
    if received.vendor == "smtp":
        return {**parsed(request.raw), "recipients": request.headers.get("rcpt-to", "").split(", ")}
    if received.vendor == "gmail":
        content = raw(request)
        return None if content is None else parsed(content)
    body = request.json
    if received.vendor != "postmark" or not isinstance(body, dict) or "From" not in body:
        return None
    return {
        "from": body["From"],
        "to": body.get("To", ""),
        "cc": body.get("Cc", ""),
        "replyTo": body.get("ReplyTo", ""),
        "subject": body.get("Subject", ""),
        "messageId": next((one["Value"] for one in body.get("Headers", ()) if one["Name"] == "Message-ID"), ""),
        "key": received.key,
        "text": body.get("TextBody"),
        "html": body.get("HtmlBody"),
        "attachments": [
            {"name": one["Name"], "type": one["ContentType"], "size": len(one["Content"]) * 3 // 4}
            for one in body.get("Attachments", ())
        ],
        "headers": [[one["Name"], one["Value"]] for one in body.get("Headers", ())],
    }


def _shown(letter: dict[str, Any]) -> str:
    files = "".join(
        f'<p class="whom">{escape(one["name"])} ({escape(one["type"])}, {one["size"]:,} bytes)</p>\n'
        for one in letter["attachments"]
    )
    return LETTER.format(
        id=letter["id"],
        vendor=letter["vendor"],
        at=letter["at"],
        clock=letter["at"][11:19],
        subject=escape(letter["subject"]),
        whom=escape(f"{letter['from']} → {letter['to']}" + (f", {letter['cc']}" if letter["cc"] else "")),
        text=escape(letter["text"] or ""),
        files=files,
        headers=escape("\n".join(f"{name}: {value}" for name, value in letter["headers"])),
        html=escape(letter["html"] or "none"),
    )
