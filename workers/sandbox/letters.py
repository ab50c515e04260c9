"""Emails as people read them: who wrote to whom, what, and with which files."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

HEADERS = ("from", "to", "cc", "reply-to", "subject", "message-id")


def parsed(content: bytes) -> dict[str, Any]:
    """Return the parts of an email: `from`, `to`, `subject`, `text`, `html`, `attachments`, `headers` and more."""
    message = message_from_bytes(content, policy=default)
    found = {name: str(message.get(name, "")) for name in HEADERS}
    attachments = [
        {"name": part.get_filename() or "", "type": part.get_content_type(), "size": len(part.get_content() or b"")}
        for part in message.iter_attachments()
        if not part.is_multipart()
    ]
    message_id = found["message-id"]
    return {
        "from": found["from"],
        "to": found["to"],
        "cc": found["cc"],
        "replyTo": found["reply-to"],
        "subject": found["subject"],
        "messageId": message_id,
        "key": message_id.strip("<>").partition("@")[0] or None,
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
        "attachments": attachments,
        "headers": [[name, str(value)] for name, value in message.items()],
    }


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    return None if part is None else str(part.get_content())
