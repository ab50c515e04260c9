"""Which headers of answers a definition uses: decided when it is planned, so that histories hold no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from trunkline.wire import EVERY_HEADER, UsedHeaders
from workflows.language.names import Reference

Use = tuple[Any, ...]
"""What a template or condition uses of `variables`: a name and what follows it, or nothing where data chooses."""

OF_ANY_OBJECT = ("size", "first", "last")
"""What can be asked of an object beside its keys."""


def variables_in(references: Iterable[Reference]) -> Iterator[Use]:
    """Yield what of them uses `variables`."""
    return (one.path[1:] for one in references if one.path[0] == "variables")


def used_headers(uses: Iterable[Use], variable: str, place: tuple[str, ...]) -> UsedHeaders:
    """Return the headers that are used of what a variable holds, each once, or that all may be.

    Args:
        uses: every use of `variables` in the definition.
        variable: the variable's name.
        place: the keys under which it holds headers.
    """
    found: set[str] = set()
    whole = (variable, *place)
    for use in uses:
        named = tuple(map(str, use[:1])) + use[1:]
        if named == whole[: len(named)]:
            return EVERY_HEADER
        if named[: len(whole)] == whole:
            name = named[len(whole)]
            if not isinstance(name, str) or name in OF_ANY_OBJECT:
                return EVERY_HEADER
            found.add(name.lower())
    return sorted(found)
