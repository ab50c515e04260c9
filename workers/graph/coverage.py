"""How tests cover an automation, as marks on its picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from workers.definitions.model.steps import step_ids
from workers.graph.building import Mark

COVERED, PARTLY, MISSED = "covered", "partly", "missed"


def marks_of_coverage(data: Mapping[str, Any], missing: Iterable[Mapping[str, Any]]) -> dict[str, Mark]:
    """Return a mark for every step, by its id.

    Args:
        data: the definition as loaded.
        missing: what no test has seen, as `trunkline test --json` says it: a `kind` and a `path` each.
    """
    places = {path_of(pointer): name for pointer, name in step_ids(data).items()}
    lacks: dict[str, list[str]] = {name: [] for name in places.values()}
    for item in missing:
        owner = _owner(item["path"], places)
        if owner is not None:
            lacks[owner].append(item["kind"])
    own = {name: MISSED if "steps" in kinds else PARTLY if kinds else COVERED for name, kinds in lacks.items()}
    return {name: _mark(_whole(path, places, own), lacks[name]) for path, name in places.items()}


def path_of(pointer: str) -> str:
    """Return a JSON pointer to a step as tests write it: `actions[0].branch[1].actions[0]`."""
    return re.sub(r"/(\d+)(?=/|$)", r"[\1]", pointer).replace("/", ".").removeprefix(".")


def _owner(path: str, places: Mapping[str, str]) -> str | None:
    """Return the innermost step in which a place stands."""
    while path:
        if path in places:
            return places[path]
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return None


def _whole(path: str, places: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Return how a step is covered; of one that others stand in, with them."""
    name = places[path]
    inside = {own[other] for place, other in places.items() if place.startswith(f"{path}.")}
    if not inside or own[name] == MISSED:
        return own[name]
    return COVERED if {own[name], *inside} == {COVERED} else PARTLY


def _mark(name: str, lacks: list[str]) -> Mark:
    unseen = ", ".join(f"{lacks.count(kind)} {kind}" for kind in dict.fromkeys(lacks) if kind != "steps")
    return Mark(name=name, facts=(f"unseen: {unseen}",) if unseen and name == PARTLY else ())
