"""What the storm holds against each other of approvals: what people sent and heard, what runs say, what arrived."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from bench.faults.checks import JSON, is_of_a_step
from bench.faults.people import STRANGER, Decision
from bench.faults.steps import REFUSED, STEPS, automation_of
from bench.stage import head, row

COUNTS = {"accepted", "needs_more"}
"""Answers that say that a decision counts."""

SENT = {"succeeded", "failed", "unknown", "running"}
"""How a step that was approved stands."""

Decisions = Mapping[tuple[str, str], Sequence[Decision]]


def judge_approvals(
    decisions: Iterable[Decision],
    reports: Mapping[str, JSON],
    delivery_log: Iterable[JSON],
    reset: Collection[str],
) -> list[str]:
    """Return a sentence for each request that nobody approved, and for each decision that counts and does not.

    Args:
        decisions: all that were sent.
        reports: the last report of each run by its workflow id.
        delivery_log: the requests that arrived, whether they took effect or not.
        reset: runs that were reset, which may have taken back what was decided.
    """
    made: defaultdict[tuple[str, str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        made[decision.run, decision.step].append(decision)
    broken = [said for request in delivery_log if is_of_a_step(request) for said in _unapproved(request, made)]
    for run in reports.keys() - {*reset}:
        report = reports[run]
        for name in STEPS[automation_of(run)]:
            broken += [f"{run}, {name}: {said}" for said in _uncounted(report, name, made.get((run, name), ()))]
    taken = [one for ones in made.values() for one in ones if one.by == STRANGER and one.result in COUNTS]
    return broken + [f"{one.run}, {one.step}: a stranger's decision counted." for one in taken]


def _unapproved(request: JSON, made: Decisions) -> list[str]:
    """Return what is wrong with a request of a step that needs approval."""
    run, name = request["run"], request["step"]
    step = STEPS[automation_of(run)][name]
    if not step.quorum:
        return []
    if name == REFUSED:
        return [f"{run}, {name}: it was sent, and everybody had refused it."]
    people = {
        one.by
        for one in made.get((run, name), ())
        if one.decision in ({"approve", "edit"} if name == "edited" else {"approve"})
        and one.by != STRANGER
        and one.sent <= request["at"]
        and one.amount == request["amount"]
    }
    if len(people) >= step.quorum:
        return []
    return [f"{run}, {name}: it was sent when {len(people)} of {step.quorum} people had approved this request."]


def _uncounted(report: JSON, name: str, made: Sequence[Decision]) -> list[str]:
    """Return what is wrong with decisions about a step of a run that was not reset."""
    audit = {(one["hold"], one["by"], one["decision"], one["result"]) for one in report.get("audit") or ()}
    judged = {(one["hold"], one["by"], one["decision"]) for one in report.get("audit") or () if one["via"] == "signal"}
    status = next((entry["status"] for entry in report["steps"] if entry["id"] == name), None)
    broken = []
    for one in made:
        if one.way == "signal" and one.result == "signaled" and (one.hold, one.by, one.decision) not in judged:
            broken.append(f"Temporal has taken {one.by}'s signal {one.decision!r}, and the run has not judged it.")
        if one.result not in COUNTS:
            continue
        if (one.hold, one.by, one.decision, one.result) not in audit:
            broken.append(f"{one.by} heard that {one.decision!r} was {one.result}, and the report does not have it.")
        settled = {"reject": {"rejected"}, "approve": SENT}.get(one.decision)
        if one.result == "accepted" and settled is not None and status not in settled:
            broken.append(f"{one.by} heard that {one.decision!r} was accepted, and the step is {status}.")
    return broken


def decisions_table(decisions: Iterable[Decision]) -> list[str]:
    """Return the Markdown table of what people sent and heard."""
    made: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in decisions:
        made[one.decision, one.way][one.result or "no answer"] += 1
    results = sorted({result for counts in made.values() for result in counts})
    lines = head(["decision", "sent as", "times", *results])
    for (decision, way), counts in sorted(made.items()):
        cells = [str(counts[result]) if counts[result] else "" for result in results]
        lines.append(row([decision, way, str(counts.total()), *cells]))
    return lines
