"""Texts as the numbers and truth values that a description wants, and numbers as texts: templates give texts."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Any, Self

WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
"""A whole number of as many digits as 64 bits have."""

DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][-+]?[0-9]{1,3})?")
FLAGS = {"true": True, "false": False}


class WrittenNumber(float):
    """A number as it was written: 1503435956.100000 is a time of Slack's, and another one than 1503435956.1."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Read a number."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def bare(value: Any) -> Any:
    """Return a value with plain numbers, which is all that the library knows."""
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items()}
    if isinstance(value, list):
        return [bare(item) for item in value]
    return float(value) if isinstance(value, WrittenNumber) else value


def read_as(kinds: Collection[str], text: str) -> Any:
    """Return a text as the one of these types that it is written as; as it is where it is none of them."""
    if "boolean" in kinds and text in FLAGS:
        return FLAGS[text]
    if "integer" in kinds and WHOLE.fullmatch(text):
        return int(text)
    if "number" in kinds and DECIMAL.fullmatch(text):
        return WrittenNumber(text)
    return text


def number_as(kinds: AbstractSet[str], value: float) -> Any:
    """Return a number as a text or a whole number where nothing else of these types would do."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if kinds <= {"string", "null"}:
        return str(whole)
    return value if "number" in kinds else whole
