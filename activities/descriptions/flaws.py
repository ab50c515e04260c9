"""What is wrong with the params of a step, each at its place."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from activities.bounds import cut

Step = str | int
FlawKind = Literal["unknown", "missing", "wrong", "ignored"]

Open = Callable[[Any], bool]
"""Says whether a value has templates in it, so that nobody can say yet what it will be."""

LONGEST_NAME = 80
MOST_FLAWS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something in params that the service does not take.

    Attributes:
        kind: a name that it does not know, one that is missing, a value that it does not take, or one that it ignores.
        path: where, from the params on; of a name that is missing, where it would stand.
        sentence: what is wrong, without the value.
        hint: the nearest right name, if one is near.
        serious: whether a request with it is refused; else the service may take it.
    """

    kind: FlawKind
    path: tuple[Step, ...]
    sentence: str
    hint: str | None = None
    serious: bool = True


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the hint `Did you mean …?` with the known word that is nearest, if one is near enough."""
    choices = {choice.lower(): choice for choice in known}
    close = difflib.get_close_matches(word.lower(), list(choices), n=1, cutoff=0.6)
    return f"Did you mean {choices[close[0]]}?" if close else None


def shown(path: Iterable[Step]) -> str:
    """Return a place as sentences show it: `items[0].price`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return cut(text, LONGEST_NAME)


def summary(flaws: Iterable[Flaw]) -> str:
    """Return all that is wrong in one sentence."""
    found = [f"{flaw.sentence.rstrip('.')}{f' ({flaw.hint})' if flaw.hint else ''}" for flaw in flaws]
    more = f"; and {len(found) - MOST_FLAWS} more" if len(found) > MOST_FLAWS else ""
    return f"{'; '.join(found[:MOST_FLAWS])}{more}."
