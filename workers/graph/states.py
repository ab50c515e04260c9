"""How the steps of a run went, as marks on the picture of its plan."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from trunkline.durations import DAY, HOUR, MINUTE, SECOND, spell
from trunkline.wire import Entry, RunReport
from workers.graph.building import Mark, ids
from workflows.holds.wording import instant, status
from workflows.plan import Plan

GRAVEST = (
    *("failed", "unknown", "held", "running", "rejected", "expired", "superseded", "canceled"),
    *("pending", "succeeded", "skipped"),
)
"""Of several statuses of one step, which colours its box."""

UNREACHED = ("pending", "skipped")

TURN = re.compile(r"\[(\d+)\]\.")
ROUNDED = ((DAY, HOUR), (HOUR, MINUTE), (SECOND, SECOND))
"""From which length on a time is told in which unit."""


def marks_of_run(plan: Plan, report: RunReport) -> dict[str, Mark]:
    """Return the mark of every step that a report tells of, by step id.

    Args:
        plan: the plan that the run executes.
        report: the run's report. A loop's plain turns are only counted there: steps that each turn takes count with it.
    """
    entries: dict[str, list[Entry]] = {}
    for entry in report["steps"]:
        entries.setdefault(step_of(entry["id"]), []).append(entry)
    marks = {name: _mark(found) for name, found in entries.items()}
    plain = {step: count for loop, count in _plain(report["steps"]).items() for step in _sure(plan, loop)}
    for name, count in plain.items():
        counts = Counter({"succeeded": count})
        counts.update(str(entry["status"]) for entry in entries.get(name, ()))
        marks[name] = _counted(counts)
    for loop in _loops([*plan["block"], *plan.get("onFailure", [])]):
        around = marks.get(loop["id"])
        if around is not None and around.name in UNREACHED:
            marks.update((name, around) for name in ids(loop["block"]) if name not in marks)
    return marks


def step_of(instance: str) -> str:
    """Return the id of a step from that of its entry: `each[0].put` is of `put`."""
    return instance.rpartition("].")[2]


def _mark(entries: list[Entry]) -> Mark:
    if len(entries) > 1:
        return _counted(Counter(str(entry["status"]) for entry in entries))
    [entry] = entries
    facts = [" ".join(filter(None, (status(entry), _lasted(entry))))]
    if entry.get("attempts", 1) > 1:
        facts.append(f"{entry['attempts']} attempts")
    if "counts" in entry:
        facts.append(f"{sum(entry['counts'].values())} times: {_listed(entry['counts'])}")
    if entry["status"] in {"running", "held"} and entry.get("until"):
        facts.append(f"until {instant(entry['until'])}")
    elif entry["status"] in {"running", "held"} and entry.get("startedAt"):
        facts.append(f"since {instant(entry['startedAt'])}")
    return Mark(name=str(entry["status"]), facts=tuple(facts))


def _counted(counts: Counter[str]) -> Mark:
    name = next(one for one in GRAVEST if counts[one])
    return Mark(name=name, facts=(f"{counts.total()} times: {_listed(counts)}",))


def _listed(counts: Mapping[str, int]) -> str:
    ordered: Iterable[str] = sorted(counts, key=GRAVEST.index)
    return ", ".join(f"{counts[name]} {name}" for name in ordered if counts[name]) or "none"


def _lasted(entry: Entry) -> str:
    """Return how long a step took, where it has ended."""
    if not entry.get("startedAt") or not entry.get("endedAt"):
        return ""
    took = datetime.fromisoformat(entry["endedAt"]) - datetime.fromisoformat(entry["startedAt"])
    length = round(took.total_seconds() * SECOND)
    unit = next((unit for least, unit in ROUNDED if length >= least), 1)
    return f"after {spell(length // unit * unit)}"


def _plain(entries: list[Entry]) -> dict[str, int]:
    """Return how many turns of each loop are counted and not listed, by the loop's step id."""
    turns: dict[str, set[str]] = {}
    for entry in entries:
        for found in TURN.finditer(entry["id"]):
            turns.setdefault(entry["id"][: found.start()], set()).add(found[1])
    plain: dict[str, int] = {}
    for entry in entries:
        if "counts" in entry:
            left = entry["counts"].get("succeeded", 0) - len(turns.get(entry["id"], ()))
            name = step_of(entry["id"])
            plain[name] = plain.get(name, 0) + max(left, 0)
    return {name: count for name, count in plain.items() if count}


def _sure(plan: Plan, loop: str) -> Iterator[str]:
    """Yield the steps that every plain turn of a loop takes: without conditions, and in no branch."""
    for step in _loops([*plan["block"], *plan.get("onFailure", [])]):
        if step["id"] == loop:
            yield from _taken(step["block"])


def _loops(steps: list[Any]) -> Iterator[Mapping[str, Any]]:
    for step in steps:
        if "block" in step and "id" in step:
            yield step
        rules = step.get("onFailure")
        parts = [*step.get("paths", ()), *step.get("branch", ()), *(rules if isinstance(rules, list) else ())]
        for block in [step, *parts]:
            yield from _loops(block.get("block", []))
        for key in ("otherwise", "onRejected"):
            yield from _loops(step.get(key, []))


def _taken(steps: list[Any]) -> Iterator[str]:
    for step in steps:
        if "conditions" in step:
            continue
        yield step["id"]
        for path in step.get("paths", ()):
            yield path["id"]
            yield from _taken(path["block"])
