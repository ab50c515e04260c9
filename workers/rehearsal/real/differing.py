"""What is different between a rehearsed run and a real one; instants that are near each other are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from workers.rehearsal.suite.paths import Place

TOLERANCE = timedelta(seconds=5)
"""Instants so near to each other are the same, as the test server's clock goes on while it works."""

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def different(
    rehearsed: Any, real: Any, place: Place, within: timedelta = TOLERANCE
) -> Iterator[tuple[Place, Any, Any]]:
    """Yield every place where two values are not the same, with both.

    Args:
        rehearsed: what the rehearsal gave.
        real: what the server gave.
        place: where they stand.
        within: how far instants may be apart.
    """
    if isinstance(rehearsed, dict) and isinstance(real, dict):
        for key in dict.fromkeys((*rehearsed, *real)):
            yield from different(rehearsed.get(key), real.get(key), (*place, key), within)
    elif isinstance(rehearsed, list) and isinstance(real, list):
        for number, (one, other) in enumerate(zip_longest(rehearsed, real)):
            yield from different(one, other, (*place, number), within)
    elif isinstance(rehearsed, str) and isinstance(real, str):
        if not _alike(rehearsed, real, within):
            yield place, rehearsed, real
    elif rehearsed != real:
        yield place, rehearsed, real


def _alike(one: str, other: str, within: timedelta) -> bool:
    """Say whether two texts are the same but for instants in them that are near each other."""
    if one == other:
        return True
    instants = INSTANT.findall(one), INSTANT.findall(other)
    if INSTANT.split(one) != INSTANT.split(other):
        return False
    return all(
        abs(datetime.fromisoformat(first) - datetime.fromisoformat(second)) <= within
        for first, second in zip(*instants, strict=True)
    )
