"""How what a case says is compared with what there is, exactly or by `!matches`, `!about` and `!epoch`."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

CLOCKS = 5


@dataclass(frozen=True, slots=True)
class Matches:
    """`!matches`: a text in which the pattern is found."""

    pattern: str


@dataclass(frozen=True, slots=True)
class About:
    """`!about`: a number that is at most 5 away, as seconds may be that are counted from now."""

    number: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """`!epoch`: Unix time so many seconds from now, as text."""

    seconds: float

    def __str__(self) -> str:
        return str(int(time.time() + self.seconds))


def differences(expected: Any, actual: Any, where: str = "", *, part: bool = False) -> list[str]:
    """Return a sentence for every place where a value is not what a case says; 1, 1.0 and true are not the same.

    Args:
        expected: what the case says.
        actual: what there is.
        where: the name of the value.
        part: whether objects, at any depth, may have more keys than the case says.
    """
    if isinstance(expected, Matches):
        fits = isinstance(actual, str) and re.search(expected.pattern, actual)
        return [] if fits else [f"{where}: {actual!r} does not match {expected.pattern!r}"]
    if isinstance(expected, About):
        near = isinstance(actual, int | float) and abs(actual - expected.number) <= CLOCKS
        return [] if near else [f"{where}: {actual!r} is not about {expected.number:g}"]
    if isinstance(expected, Epoch):
        near = isinstance(actual, str) and actual.isdigit() and abs(int(actual) - int(str(expected))) <= CLOCKS
        return [] if near else [f"{where}: {actual!r} is not about {expected}"]
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = list(expected) if part else list(dict.fromkeys([*expected, *actual]))
        missing = object()
        return [
            found
            for key in keys
            for found in (
                [f"{where}.{key} is missing"]
                if actual.get(key, missing) is missing
                else [f"{where}.{key} must not be there; it is {actual[key]!r}"]
                if expected.get(key, missing) is missing
                else differences(expected[key], actual[key], f"{where}.{key}", part=part)
            )
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [found for n, (one, other) in pairs for found in differences(one, other, f"{where}[{n}]", part=part)]
    same = type(expected) is type(actual) and expected == actual
    return [] if same else [f"{where}: expected {expected!r}, got {actual!r}"]
