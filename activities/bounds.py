"""Bounds for what others give: texts are cut such that a halved secret is still found, and files are files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

CUT = "…"
"""Ends every text that was cut; what stands before it may be the beginning of a secret."""


def cut(text: str, at_most: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= at_most else text[: at_most - len(CUT)] + CUT


def regular(path: Path) -> BinaryIO:
    """Open a file for reading; a pipe or a device, which might never end or even begin, is none.

    Raises:
        OSError: it is no regular file, or cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is no regular file", str(path))
    return os.fdopen(descriptor, "rb")
