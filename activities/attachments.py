"""Attachments of messages: fetched through the guard before anything is sent, bounded, and never programs."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from activities.action import Config, Syntax, SyntaxName
from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.statuses import failure

if TYPE_CHECKING:
    from activities.http_client.bodies import Room
    from activities.http_client.message import Response

REDIRECTS = 3
LONGEST_NAME = 150
MEGABYTE = 1024 * 1024
LARGEST_FILE, LARGEST_TOGETHER = 10 * MEGABYTE, 15 * MEGABYTE
"""What helpdesks and mail providers take, unless one of them takes less."""

GENERIC = frozenset(("", "application/octet-stream", "binary/octet-stream"))

PROGRAMS = frozenset((
    "ade", "adp", "apk", "app", "appx", "appxbundle", "bat", "bin", "cab", "chm", "cmd", "com", "command", "cpl",
    "crt", "diagcab", "dll", "dmg", "elf", "exe", "gadget", "hlp", "hta", "inf", "ins", "iso", "isp", "jar", "jnlp",
    "js", "jse", "lib", "lnk", "mde", "mjs", "msc", "msi", "msix", "msixbundle", "msp", "mst", "nsh", "pcd", "pif",
    "ps1", "psm1", "reg", "scr", "sct", "sh", "shb", "shs", "sys", "vb", "vba", "vbe", "vbs", "vhd", "vhdx", "vxd",
    "wsc", "wsf", "wsh", "wsl", "xll",
))  # fmt: skip
"""Endings of names that mail providers take for programs, and so refuse."""

PROGRAM_TYPES = frozenset((
    "application/java-archive", "application/javascript", "application/vnd.android.package-archive",
    "application/vnd.microsoft.portable-executable", "application/x-dosexec", "application/x-executable",
    "application/x-mach-binary", "application/x-ms-installer", "application/x-msdos-program",
    "application/x-msdownload", "application/x-msi", "application/x-sh", "application/x-sharedlib",
    "text/javascript",
))  # fmt: skip

BEGINNINGS = (
    *(b"MZ", b"\x7fELF", b"#!"),
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"),
)
"""What programs begin with: of Windows, Linux, scripts, macOS and Java."""

MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")

UNSAFE_IN_HEADER = re.compile(r"[\r\n\x00\ud800-\udfff]")


class Attachment(Config):
    """A file that is sent along."""

    url: Annotated[str, Syntax("url")] = Field(
        description="Where the file is fetched from when the step is carried out."
    )
    name: str | None = Field(
        default=None,
        description="What it is called; by default as its server says, or as its address ends.",
        max_length=LONGEST_NAME,
    )


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A fetched attachment.

    Attributes:
        name: what it is called, without anything that a file's name cannot have.
        media_type: such as `application/pdf`.
        content: its bytes.
        room: what the bytes take of the process's room for bodies.
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)
    room: Room | None = field(default=None, repr=False, compare=False)


def attachment_syntaxes(value: Any, pointer: str) -> dict[str, SyntaxName]:
    """Return the syntax of every address in attachments as their author wrote them, by JSON pointer."""
    entries = value if isinstance(value, list) else []
    return {
        f"{pointer}/{index}{place}": syntax
        for index, entry in enumerate(entries)
        if isinstance(entry, dict)
        for place, syntax in Attachment.syntaxes(entry).items()
    }


async def fetched(
    attachments: Sequence[Attachment], context: Context, limit_single: int, limit_total: int
) -> list[FetchedFile]:
    """Fetch attachments one after the other.

    Args:
        attachments: what is to be sent along.
        context: the attempt's surroundings.
        limit_single: most bytes of one file.
        limit_total: most bytes of all files together.

    Raises:
        Refused: an address is not allowed, nothing is there, a file is too large or a program; nothing was sent.
        Unavailable: a server cannot be reached or asks to wait; nothing was sent.
    """
    deadline = asyncio.get_running_loop().time() + context.timeout
    files: list[FetchedFile] = []
    left = limit_total
    for attachment in attachments:
        remaining = deadline - asyncio.get_running_loop().time()
        answer = await _download(attachment, replace(context, timeout=max(remaining, 0.001)), min(limit_single, left))
        if answer is None:
            raise _too_large(attachment, limit_single if limit_single <= left else None, limit_total)
        left -= len(answer.body)
        files.append(_file(attachment, answer))
    return files


async def _download(attachment: Attachment, context: Context, most: int) -> Response | None:
    """Return the answer that holds the file, or None where it has more than `most` bytes."""
    host = urlsplit(attachment.url).hostname
    try:
        answer = await context.request(
            "GET", attachment.url, max_bytes=most, redirects=REDIRECTS, effect=False, derived=False
        )
    except ResultTooLarge as error:
        if f"{most:,}" in str(error):
            return None
        raise Refused(f"The attachment from {host} cannot be taken: {error}") from None
    except OutcomeUnknown as error:
        raise Unavailable(f"The attachment from {host} could not be fetched, so nothing was sent: {error}") from None
    except Refused as error:
        raise Refused(f"The attachment cannot be fetched, so nothing was sent: {error}") from None
    if answer.status == 200:  # noqa: PLR2004 - HTTP's OK
        return answer
    sentence = f"{host} answered {answer.status} instead of the attachment; nothing was sent."
    found = failure(sentence, answer.status, answer.headers)
    raise Unavailable(sentence, status=answer.status) if isinstance(found, OutcomeUnknown) else found


def _file(attachment: Attachment, answer: Response) -> FetchedFile:
    name = _name(attachment, answer)
    named = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    media_type = named if MEDIA_TYPE.fullmatch(named) and named not in GENERIC else mimetypes.guess_type(name)[0]
    ending = name.rpartition(".")[2].lower()
    if ending in PROGRAMS or media_type in PROGRAM_TYPES or answer.body.startswith(BEGINNINGS):
        raise Refused(f"The attachment {name!r} is a program, which mail servers refuse; nothing was sent.")
    return FetchedFile(name, media_type or "application/octet-stream", answer.body, answer.room)


def _name(attachment: Attachment, answer: Response) -> str:
    disposition = EmailMessage()
    disposition["Content-Disposition"] = UNSAFE_IN_HEADER.sub(" ", answer.headers.get("content-disposition", ""))
    at_the_end = unquote(urlsplit(attachment.url).path.rpartition("/")[2])
    for written in (attachment.name, disposition.get_filename(), at_the_end):
        name = UNSAFE.sub("_", written or "").strip(" ._")
        if name:
            return name[-LONGEST_NAME:]
    return "attachment"


def _too_large(attachment: Attachment, limit_single: int | None, limit_total: int) -> Refused:
    if limit_single is None:
        which, limit = "The attachments together are", limit_total
    else:
        which, limit = f"The attachment from {urlsplit(attachment.url).hostname} is", limit_single
    return Refused(f"{which} larger than {_megabytes(limit)}: send a link instead. Nothing was sent.")


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:g} MB" if size >= MEGABYTE else f"{size:,} bytes"
