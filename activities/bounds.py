"""Bounds for what others give: no cut halves a secret before it is found, and files are files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

CUT = "…"
"""Ends every text that was cut."""

WINDOW = 64 * 1024
"""Characters of a text that are looked at before it is cut or put on one line."""

MARGIN = 8 * 1024
"""Characters behind those, which may hold the rest of a secret that begins in them."""

_scrub: ContextVar[Callable[[str], str]] = ContextVar("scrub", default=str)


@contextmanager
def scrubbing(scrub: Callable[[str], str]) -> Iterator[None]:
    """Let `scrub` remove secrets from texts before they are cut, while the context lasts."""
    before = _scrub.set(scrub)
    try:
        yield
    finally:
        _scrub.reset(before)


def without_secrets(text: str) -> str:
    """Return the beginning of a text without the secrets of the attempt at hand, for whoever will shorten it."""
    clean = _scrub.get()(text[: WINDOW + MARGIN])
    return clean[:-MARGIN] if len(text) > WINDOW + MARGIN else clean


def cut(text: str, at_most: int) -> str:
    """Return a text of at most so many characters (64 Ki at most), without half a secret at its end."""
    if len(text) <= at_most:
        return text
    text = without_secrets(text)
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


def integral(value: Any) -> Any:
    """Take 1.0 for 1, as JSON Schema does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
