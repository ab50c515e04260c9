"""The command that indexes a description, `python -m … SOURCE TARGET`, as every language of descriptions has it."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from pathlib import Path

from activities.descriptions.store import LARGEST

COMPRESSED = b"\x1f\x8b"
"""What a file begins with that gzip has compressed."""


class UnreadableError(ValueError):
    """The text is no description of its language; the message says why."""


def run(index: Callable[[bytes, Path], None]) -> None:
    """Index the description that the command line names; what is wrong is the last line of standard error."""
    source, target = map(Path, sys.argv[1:])
    try:
        index(content_of(source), target)
    except UnreadableError as error:
        sys.exit(str(error))
    except RecursionError:
        sys.exit("it nests too deep.")


def content_of(file: Path) -> bytes:
    """Return the text of a description; one that gzip has compressed is unpacked.

    Raises:
        UnreadableError: it cannot be unpacked, or has too many bytes then.
    """
    content = file.read_bytes()
    if not content.startswith(COMPRESSED):
        return content
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacking.decompress(content, LARGEST + 1)
    except zlib.error:
        unpacked = b""
    if len(unpacked) > LARGEST:
        raise UnreadableError(f"it has more than {LARGEST:,} bytes unpacked, which is the most that is read.")
    if not unpacking.eof:
        raise UnreadableError("it calls itself compressed by gzip and cannot be unpacked.")
    return unpacked
