"""How tests cover an automation, as marks on its picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from workers.definitions.model.steps import step_ids, steps
from workers.graph.building import Mark

CONTAINERS = ("paths", "branch", "forEach", "repeat")
"""Keys of steps that are nothing but others."""

COVERED, PARTLY, MISSED = "covered", "partly", "missed"


def marks_of_coverage(data: Mapping[str, Any], missing: Iterable[Mapping[str, Any]]) -> dict[str, Mark]:
    """Return a mark for every step, by its id; of a step that is nothing but others, by those.

    Args:
        data: the definition as loaded.
        missing: what no test has seen, as `trunkline test --json` says it: a `kind` and a `path` each.
    """
    places = {path_of(pointer): name for pointer, name in step_ids(data).items()}
    written = {path_of(pointer): step for pointer, step, _ in steps(data)}
    around = {path for path, step in written.items() if any(key in step for key in CONTAINERS)} | {""}
    lacks: dict[str, list[str]] = {name: [] for name in places.values()}
    for item in missing:
        owner = _owner(item["path"], places)
        if owner is not None:
            lacks[owner].append(item["kind"])
    own = {name: MISSED if "steps" in kinds else PARTLY if kinds else COVERED for name, kinds in lacks.items()}
    single = {path: own[name] for path, name in places.items() if path not in around}
    marks = {}
    for path, name in places.items():
        ways = len(written.get(path, {}).get("branch", ()))
        taken = bool(ways) and lacks[name].count("ways") <= ways  # `otherwise` is one more
        state = own[name] if path in single else _whole(path, own[name], single, taken=taken)
        marks[name] = _mark(state, lacks[name])
    return marks


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


def _whole(path: str, own: str, single: Mapping[str, str], *, taken: bool) -> str:
    """Return how a step is covered in which others stand; `taken`: some way of it was."""
    inside = {state for place, state in single.items() if place.startswith(f"{path}." if path else "paths[")}
    if inside == {MISSED} and not taken:
        return MISSED
    return COVERED if {own, *inside} == {COVERED} else PARTLY


def _mark(name: str, lacks: list[str]) -> Mark:
    unseen = ", ".join(_counted(lacks.count(kind), kind) for kind in dict.fromkeys(lacks) if kind != "steps")
    return Mark(name=name, facts=(f"unseen: {unseen}",) if unseen and name == PARTLY else ())


def _counted(count: int, kind: str) -> str:
    return f"{count} {kind.removesuffix('s') if count == 1 else kind}"
