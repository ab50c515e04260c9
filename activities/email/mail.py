"""One email as every provider sends it, and the bytes that go over SMTP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from activities.attachments import FetchedFile
from activities.email.addresses import ENCODED, Mailbox, one_line

STRUCTURED = frozenset(("bcc", "cc", "content-disposition", "content-type", "from", "reply-to", "sender", "to"))
LONGEST_LINE = 78

ALLOWED = frozenset(
    (
        *(
            "auto-submitted",
            "feedback-id",
            "importance",
            "keywords",
            "list-archive",
            "list-help",
            "list-id",
            "list-owner",
        ),
        *("list-post", "list-subscribe", "list-unsubscribe", "list-unsubscribe-post", "organization", "precedence"),
        *("priority", "references", "sensitivity"),
    )
)
"""Headers that an author may give besides those that begin with X-; the others say who sends what to whom."""

NAME = re.compile(r"[A-Za-z0-9-]{1,76}")
MESSAGE_ID = re.compile(r"<?(?P<id>[^\s<>\x00-\x20\x7f]{1,900})>?")


class WirePolicy(EmailPolicy):
    """Lines end in CR LF, everything is ASCII, and no long address in a header is taken apart."""

    def fold(self, name: str, value: Any) -> str:
        """Return a header's lines; text of ASCII is broken between words alone."""
        text = str(value)
        if name.lower() in STRUCTURED or not text.isascii():
            return str(super().fold(name, value))
        lines = [f"{name}:"]
        for word in text.split():
            if len(lines[-1]) + len(word) >= LONGEST_LINE and lines[-1] != f"{name}:":
                lines.append("")
            lines[-1] += f" {word}"
        return "\r\n".join(lines) + "\r\n"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header's lines as bytes."""
        return self.fold(name, value).encode("utf-8" if self.utf8 else "ascii", "surrogateescape")


ASCII = WirePolicy(linesep="\r\n", cte_type="7bit")
UTF8 = WirePolicy(linesep="\r\n", cte_type="7bit", utf8=True)
"""For addresses that are not ASCII before the @: the server must know SMTPUTF8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One email, its parts known and its attachments fetched."""

    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]
    subject: str
    text: str
    html: str | None
    headers: dict[str, str]
    key: str
    files: tuple[FetchedFile, ...] = field(default=(), repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    """More that the provider is asked for, by the names of its API."""

    @property
    def message_id(self) -> str:
        """The same for all attempts of a step."""
        return f"<{self.key}@{self.sender.domain}>"

    @property
    def recipients(self) -> list[str]:
        """Everybody who gets it, once each."""
        return list(dict.fromkeys(one.mailbox for one in (*self.to, *self.cc, *self.bcc)))

    @property
    def international(self) -> bool:
        """Whether an address of it is not ASCII."""
        return not all(one.mailbox.isascii() for one in (self.sender, *self.to, *self.cc, *self.bcc, *self.reply_to))

    def content(self) -> bytes:
        """Return its bytes; call it in a thread, because attachments take a while."""
        message = EmailMessage(policy=UTF8 if self.international else ASCII)
        for name, addresses in (
            ("From", (self.sender,)),
            ("To", self.to),
            ("Cc", self.cc),
            ("Reply-To", self.reply_to),
        ):
            if addresses:
                message[name] = [one.header for one in addresses]
        message["Subject"] = self.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = self.message_id
        for name, value in self.headers.items():
            message[name] = value
        message.set_content(written(self.text))
        if self.html is not None:
            message.add_alternative(written(self.html), subtype="html")
        for file in self.files:
            kind, _, subtype = file.media_type.partition("/")
            if kind in {"message", "multipart"}:
                kind, subtype = "application", "octet-stream"
            message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
        return message.as_bytes()


def any_case(names: Iterable[str]) -> str:
    """Return a regular expression of these names in upper or lower case."""
    return "|".join("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in name) for name in sorted(names))


def checked_headers(given: dict[str, str]) -> dict[str, str]:
    """Return the headers that an author gave.

    Raises:
        ValueError: one may not be given, or could become more than one.
    """
    found: dict[str, str] = {}
    for name, value in given.items():
        if not NAME.fullmatch(name) or not (name.lower() in ALLOWED or name.lower().startswith("x-")):
            known = ", ".join(sorted(one.title() for one in ALLOWED))
            raise ValueError(f"cannot set {one_line(name)[:40]!r}: it may set {known} and X-…")
        if any(name.lower() == other.lower() for other in found):
            raise ValueError(f"sets {name} twice")
        if one_line(value) != " ".join(value.strip(" ").split(" ")):
            raise ValueError(f"the value of {name} may not contain line breaks, control characters or encoded words")
        found[name] = one_line(value)
    return found


def message_id_of(value: str) -> str:
    """Return a Message-ID in its brackets.

    Raises:
        ValueError: it is none.
    """
    match = MESSAGE_ID.fullmatch(value.strip())
    if match is None or ENCODED.search(value):
        raise ValueError(
            f"it is the Message-ID of an email, such as <abc@example.com>; {one_line(value)[:80]!r} is none"
        )
    return f"<{match['id']}>"


def answering(headers: dict[str, str], answered: str | None) -> dict[str, str]:
    """Return headers with those that make an email an answer to another."""
    if answered is None:
        return headers
    found = {name: value for name, value in headers.items() if name.lower() != "references"}
    earlier = next((value for name, value in headers.items() if name.lower() == "references"), "")
    references = earlier if answered in earlier.split() else f"{earlier} {answered}".strip()
    return {**found, "In-Reply-To": answered, "References": references}


def written(text: str) -> str:
    """Return a text that can be encoded: halves of characters and zeros become question marks."""
    return text.replace("\0", "?").encode("utf-8", "replace").decode()
