"""What the storm holds against each other: what the runs report, and what the vendors took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.faults.definitions import GUARDED, LOOP
from bench.faults.steps import STEPS, Step, automation_of
from bench.stage import row

JSON = dict[str, Any]

ENDS = {"succeeded", "failed", "unknown", "held", "rejected"}
"""How a step that was reached may have ended, or wait; by people also as `skipped`."""

COLUMNS = {
    "steps": "steps",
    "succeeded": "succeeded",
    "found": "of these found by looking",
    "failed": "failed",
    "unknown": "unknown",
    "held": "held",
    "people": "refused or skipped by people",
    "arrived": "unknown, held or skipped, but arrived",
    "delivered": "delivered",
    "duplicates": "duplicates",
    "lost": "lost",
}


@dataclass(slots=True)
class Findings:
    """How the promises fared.

    Attributes:
        rows: counts by name of the step.
        outcomes: how many runs ended how.
        broken: a sentence for each promise that was broken.
    """

    rows: dict[str, Counter[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Arrived:
    """What arrived of one step of one run: how often it took effect, and under which keys it was sent."""

    count: int = 0
    keys: set[str] = field(default_factory=set)


def judge(reports: Mapping[str, JSON], delivery_log: Iterable[JSON]) -> Findings:
    """Compare all runs' reports with all that arrived.

    Args:
        reports: the last report of each run by its workflow id.
        delivery_log: the requests that arrived, as `bench/faults/vendors.py` writes them.
    """
    arrived: defaultdict[tuple[str, str], Arrived] = defaultdict(Arrived)
    for request in delivery_log:
        if not is_of_a_step(request):
            continue
        place = arrived[request["run"], request["step"]]
        place.count += request["accepted"]
        if request["key"] is not None:
            place.keys.add(request["key"])
    findings = Findings()
    for run, report in reports.items():
        _judge_run(run, report, arrived, findings)
    strays = sorted({run for run, _ in arrived if run not in reports})
    findings.broken += [f"{run}: something arrived for a run that nobody reports." for run in strays]
    return findings


def is_of_a_step(request: JSON) -> bool:
    """Say whether a line of the delivery log is a request that a step sends, and no question or look-up."""
    run, step = request.get("run"), request.get("step")
    return run is not None and request["method"] != "GET" and step in STEPS.get(automation_of(run), {})


def _judge_run(run: str, report: JSON, arrived: Mapping[tuple[str, str], Arrived], findings: Findings) -> None:
    """Count one run and what is wrong with it."""
    automation = automation_of(run)
    entries = {entry["id"]: entry for entry in report["steps"]}
    held = any(entry["status"] == "held" for entry in entries.values())
    findings.outcomes["held" if held else str(report["outcome"])] += 1
    if automation == GUARDED and not held:
        findings.broken.append(f"{run}: it did not wait for its approval.")
    for name, step in STEPS[automation].items():
        entry = _entry(step.entry or name, entries)
        if held and entry is not None and entry["status"] == "pending":
            continue  # it comes after the step that waits for people
        counts = findings.rows.setdefault(step.name, Counter())
        found = _judge_step(step, entry, arrived.get((run, name), Arrived()), counts)
        findings.broken += [f"{run}, {name}: {sentence}" for sentence in found]
    if automation == LOOP and not held and not (report.get("variables") or {}).get("answer"):
        findings.broken.append(f"{run}: the event that it waited for was taken, and did not come.")


def _entry(name: str, entries: Mapping[str, JSON]) -> JSON | None:
    """Return what the report says of a step; iterations that went well are only counted."""
    loop, bracket, _ = name.partition("[")
    if bracket and name not in entries and entries.get(loop, {}).get("status") == "succeeded":
        return {"status": "succeeded"}
    return entries.get(name)


def _judge_step(step: Step, entry: JSON | None, arrived: Arrived, counts: Counter[str]) -> list[str]:
    """Count one step of one run and return what is wrong with it."""
    if entry is None:
        return ["the report does not have it."]
    status, count = entry["status"], arrived.count
    by_people = (entry.get("decision") or {}).get("decision") == "skip" and status == "skipped"
    counts.update(["steps", "people" if by_people or status == "rejected" else status])
    counts["delivered"] += min(count, 1)
    counts["duplicates"] += max(count - 1, 0)
    counts["found"] += bool(entry.get("found"))
    broken = []
    if status not in ENDS and not by_people:
        broken.append(f"it was reached and ended as {status}.")
    if status == "succeeded" and not count:
        counts["lost"] += 1
        broken.append("reported as succeeded, but it never arrived.")
    if (status in {"unknown", "held"} or by_people) and count:
        counts["arrived"] += 1
    if not step.keyed and count > 1:
        broken.append(f"it arrived {count} times.")
    if not step.keyed and status == "failed" and count:
        broken.append(f"reported as failed without effect ({entry['error']['message']}), but it arrived.")
    if arrived.keys - {entry.get("key", next(iter(arrived.keys), None))}:
        broken.append(f"it was sent under {len(arrived.keys)} keys, and the report says {entry.get('key')}.")
    return broken


def table(findings: Findings) -> list[str]:
    """Return the Markdown table of what became of the steps."""
    looking = {step.name for steps in STEPS.values() for step in steps.values() if step.looks}
    lines = [row(["step", *COLUMNS.values()]), f"| --- |{' ---: |' * len(COLUMNS)}"]
    for name, counts in findings.rows.items():
        cells = [str(counts[column]) if column != "found" or name in looking else "" for column in COLUMNS]
        lines.append(row([name, *cells]))
    return lines


def counted(what: str, counts: Mapping[str, int]) -> list[str]:
    """Return a Markdown table of how often what was met, the most frequent first."""
    lines = [row([what, "times"]), "| --- | ---: |"]
    return [*lines, *(row([name, str(count)]) for name, count in Counter(counts).most_common())]


def faults(delivery_log: Iterable[JSON]) -> list[str]:
    """Return the Markdown table of how many requests met which fault."""
    return counted("fault of a vendor's", Counter(line["fault"] for line in delivery_log if line.get("fault")))
