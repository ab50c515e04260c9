"""RE2 within bounds: how long a pattern may be, how large its program, and how much one search may cost."""

from __future__ import annotations

import functools
from typing import Any

import re2

LONGEST_PATTERN = 1_000
LARGEST_PROGRAM = 5_000
COSTLIEST_MATCH = 16_000_000
"""Bytes of a text times instructions of a pattern: the most that RE2 ever does, about 0.16 s."""

MEMORY = 2 * 1024 * 1024


class PatternError(ValueError):
    """A pattern cannot be used; the message says why, as the rest of a sentence without its end."""


class CostlyError(ValueError):
    """A search would take too long; the message is a sentence."""


@functools.lru_cache(maxsize=256)
def compiled(pattern: str, *, captures: bool = False) -> Any:
    """Return a compiled RE2 pattern; it searches bytes of UTF-8.

    Raises:
        PatternError: it is no valid pattern, or would need too much memory.
    """
    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    options.never_capture = not captures
    try:
        result = re2.compile(pattern.encode(), options)
    except UnicodeEncodeError:
        raise PatternError("it holds half of a character") from None
    except re2.error as error:
        reason = error.args[0]
        raise PatternError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
    if result.programsize > LARGEST_PROGRAM:
        raise PatternError("it is too large: repeat less")
    return result


def check_length(pattern: str) -> None:
    """Refuse a pattern that is too long.

    Raises:
        PatternError: it is.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"it is longer than {LONGEST_PATTERN:,} characters")


def cost(program: Any, data: bytes, *, shown: str, characters: int) -> int:
    """Return what a search costs at most, in instructions.

    Args:
        program: what `compiled` returned.
        data: the text that is searched.
        shown: the pattern, as a sentence shows it.
        characters: how long the text is, as a sentence shows it.

    Raises:
        CostlyError: it would take too long.
    """
    found: int = len(data) * program.programsize
    if found > COSTLIEST_MATCH:
        raise CostlyError(
            f"The pattern {shown} is too costly for a text of {characters:,} characters: make it simpler."
        )
    return found
