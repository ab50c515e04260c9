"""The steps of a definition as it is written: where each stands, and which id it has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workers.definitions.model.automation import MAX_NESTING, kind_of
from workers.definitions.model.vocabulary import MAX_ID


@dataclass(frozen=True, slots=True)
class Block:
    """A list of steps as written, and where it stands (JSON pointer)."""

    pointer: str
    steps: list[Any]


_OWNERS = frozenset({"paths", "branch", "otherwise", "actions", "repeat", "onFailure", "onRejected"})
"""Keys of a raw step or automation that may hold blocks."""


def escape(key: str | int) -> str:
    """Return a key as one segment of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def blocks(step: Mapping[str, Any], pointer: str) -> Iterator[Block]:
    """Yield the blocks inside a raw step or automation, as far as they are lists."""
    for key in ("paths", "branch"):
        ways = step.get(key)
        for index, way in enumerate(ways if isinstance(ways, list) else ()):
            if isinstance(way, Mapping) and isinstance(way.get("actions"), list):
                yield Block(f"{pointer}/{key}/{index}/actions", way["actions"])
    for key in ("otherwise", "actions", "repeat"):
        if isinstance(step.get(key), list):
            yield Block(f"{pointer}/{key}", step[key])
    yield from reactions(step, pointer)


def reactions(step: Mapping[str, Any], pointer: str) -> Iterator[Block]:
    """Yield the blocks that follow how a raw step or automation has ended."""
    for key in ("onFailure", "onRejected"):
        value, place = step.get(key), f"{pointer}/{key}"
        rules = (
            [(f"{place}/{n}", rule) for n, rule in enumerate(value)] if isinstance(value, list) else [(place, value)]
        )
        for at, rule in rules:
            if isinstance(rule, Mapping) and isinstance(rule.get("actions"), list):
                yield Block(f"{at}/actions", rule["actions"])


def steps(owner: Any, pointer: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Yield (JSON pointer, raw step, nesting) of every step of a raw automation, in the definition's order."""
    if not isinstance(owner, Mapping) or depth > MAX_NESTING + 1:
        return
    for block in blocks(owner, pointer):
        for index, step in enumerate(block.steps):
            if isinstance(step, Mapping):
                place = f"{block.pointer}/{index}"
                yield place, step, depth + 1
                if not _OWNERS.isdisjoint(step):  # few steps have others inside
                    yield from steps(step, place, depth + 1)


def slug(text: str) -> str:
    """Return a text as an id: lower-case ASCII letters, digits and `-`; empty where nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain)[: MAX_ID - 6].strip("-")


def step_ids(data: Any) -> dict[str, str]:
    """Return the id of every step of a raw automation by JSON pointer: its own, else one made from its label or kind.

    Where two steps would get the same id, later ones get `-2`, `-3`, …; an id that an author wrote is never given away.
    """
    found = {place: (step, _own_id(step)) for place, step, _ in steps(data)}
    if isinstance(data, Mapping) and isinstance(data.get("paths"), list) and "actions" not in data:
        found = {"": ({"paths": []}, None), **found}
    taken = {own for _, own in found.values() if own}
    counts: dict[str, int] = {}
    ids: dict[str, str] = {}
    for place, (step, own) in found.items():
        if own:
            ids[place] = own
            continue
        base = _base_id(step)
        candidate = base
        while candidate in taken:
            counts[base] = counts.get(base, 1) + 1
            candidate = f"{base}-{counts[base]}"
        taken.add(candidate)
        ids[place] = candidate
    return ids


def _own_id(step: Mapping[str, Any]) -> str | None:
    own = step.get("id")
    return own if isinstance(own, str) and own else None


def _base_id(step: Mapping[str, Any]) -> str:
    kind = kind_of(step)
    named = [step.get("label"), step.get("actionType"), {"forEach": "for-each"}.get(kind or "", kind)]
    return next((made for text in named if isinstance(text, str) and (made := slug(text))), "step")
