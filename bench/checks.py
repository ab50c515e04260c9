"""What the fault benchmark holds against each other: what the runs report, and what the vendors took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]

NEVER = {
    "twilio": "Twilio text",
    "cloudtalk": "CloudTalk text",
    "slack": "Slack message",
    "teams": "Teams message, webhook",
    "graph": "Teams message, Graph",
    "post": "HTTP POST",
    "note": "Zendesk note",
    "reply": "Freshdesk reply",
}
KEYED = {"keyed": "HTTP POST, idempotent"}
SAFE = {"ask": "HTTP GET", "again": "HTTP GET"}
STEPS = {**NEVER, **KEYED, **SAFE}
"""The automation's action steps by id, sorted by what repeats them."""

LOOKS = ("twilio", "slack", "graph", "note", "reply")
"""Steps whose vendor can be asked what it took."""

GUARDED_RUNS, UNAPPROVED = "storm-guarded", "unapproved"
"""The automation that waits for an approval that nobody gives, and its only step."""

MOST_SHOWN = 20


@dataclass(slots=True)
class Row:
    """What became of all runs' steps of one kind."""

    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Findings:
    """How the promises fared.

    Attributes:
        rows: counts by step.
        outcomes: how many runs ended how.
        broken: a sentence for each promise that was broken.
    """

    rows: dict[str, Row]
    outcomes: Counter[str]
    broken: list[str]


def judge(reports: Mapping[str, JSON], delivery_log: Iterable[JSON]) -> Findings:
    """Compare all runs' reports with all that arrived.

    Args:
        reports: the last report of each run by its workflow id.
        delivery_log: the requests that arrived, as `bench/fault_injection.py` writes them.
    """
    accepted: Counter[tuple[str, str]] = Counter()
    keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    verdict = Findings({step: Row() for step in (*NEVER, *KEYED)}, Counter(), [])
    for request in delivery_log:
        if request.get("step") == UNAPPROVED:
            verdict.broken.append(f"{request['run']}: a request was sent that nobody has approved.")
        if request.get("step") not in STEPS or request["method"] == "GET":
            continue
        place = request["run"], request["step"]
        accepted[place] += request["accepted"]
        if request["key"] is not None:
            keys[place].add(request["key"])
    for run, report in reports.items():
        entries = {entry["id"]: entry for entry in report["steps"]}
        held = any(entry["status"] == "held" for entry in entries.values())
        verdict.outcomes["held" if held else str(report["outcome"])] += 1
        if run.startswith(f"{GUARDED_RUNS}/"):
            if not held:
                verdict.broken.append(f"{run}: it did not wait for its approval.")
            continue
        for step in (*NEVER, *KEYED):
            entry = entries.get(step)
            if held and entry is not None and entry["status"] == "pending":
                continue  # it comes after the step that waits for people
            found = _judge_step(step, entry, accepted[run, step], keys[run, step], verdict.rows[step])
            verdict.broken += [f"{run}, {step}: {sentence}" for sentence in found]
    strays = {run for run, _ in accepted if run not in reports}
    verdict.broken += [f"{run}: something arrived for a run that nobody reports." for run in sorted(strays)]
    return verdict


def _judge_step(step: str, entry: JSON | None, count: int, keys: set[str], row: Row) -> list[str]:
    """Count one step of one run and return what is wrong with it."""
    if entry is None:
        return ["the report does not have it."]
    status = entry["status"]
    row.counts.update(["steps", status])
    row.counts["delivered"] += min(count, 1)
    row.counts["duplicates"] += max(count - 1, 0)
    row.counts["found"] += bool(entry.get("found"))
    broken = []
    if status not in {"succeeded", "failed", "unknown", "held"}:
        broken.append(f"it was reached and ended as {status}.")
    if status == "succeeded" and not count:
        row.counts["lost"] += 1
        broken.append("reported as succeeded, but it never arrived.")
    if status in {"unknown", "held"} and count:
        row.counts["arrived"] += 1
    if step in NEVER and count > 1:
        broken.append(f"it arrived {count} times.")
    if step in NEVER and status == "failed" and count:
        broken.append(f"reported as failed without effect ({entry['error']['message']}), but it arrived.")
    if keys - {entry.get("key")}:
        broken.append(f"it was sent under {len(keys)} keys, and the report says {entry.get('key')}.")
    return broken


def table(verdict: Findings) -> list[str]:
    """Return the Markdown table of what became of the steps."""
    columns = {
        "steps": "steps",
        "succeeded": "succeeded",
        "found": "of these found by looking",
        "failed": "failed",
        "unknown": "unknown",
        "held": "held",
        "arrived": "unknown or held, but arrived",
        "delivered": "delivered",
        "duplicates": "duplicates",
        "lost": "lost",
    }
    lines = [f"| step | {' | '.join(columns.values())} |", f"| --- |{' ---: |' * len(columns)}"]
    for step, row in verdict.rows.items():
        cells = [str(row.counts[column]) if column != "found" or step in LOOKS else "" for column in columns]
        lines.append(f"| {STEPS[step]} | {' | '.join(cells)} |")
    return lines


def faults(delivery_log: Iterable[JSON]) -> list[str]:
    """Return the Markdown table of how many requests met which fault."""
    met = Counter(request["fault"] for request in delivery_log if request.get("fault"))
    lines = ["| fault | requests that met it |", "| --- | ---: |"]
    return [*lines, *(f"| {name} | {count} |" for name, count in met.most_common())]
