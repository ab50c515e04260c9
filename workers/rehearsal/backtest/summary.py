"""What a backtest comes to: counts by verdict, requests by step, approvals, and sends per day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from trunkline.durations import spell
from workers.rehearsal.backtest.backtesting import Past
from workers.rehearsal.backtest.comparing import VERDICTS, EventComparison, RequestChange
from workers.rehearsal.record import RequestAttempt, base_id
from workflows.plan import Plan
from workflows.report import timestamp

FAILURES: Mapping[str, str] = {
    "same": "same",
    "other-requests": "otherRequests",
    "no-longer-runs": "noLongerRuns",
    "runs-now": "runsNow",
    "unknown": "unknown",
    "more-approvals": "moreApprovals",
}
"""What `--fail-on` takes, by the count that it looks at."""

DAY = timedelta(days=1)


def summary(past: Sequence[Past], compared: Sequence[EventComparison], new: Plan) -> dict[str, Any]:
    """Return what `trunkline backtest --json` prints.

    Args:
        past: the events, oldest first.
        compared: what came of them, in the same order.
        new: the new definition's plan.
    """
    plans = [one.run.plan for one in past if one.run is not None and one.run.plan is not None]
    times = [one.recording.began for one in past]
    counts: dict[str, int] = {verdict: sum(one.verdict == verdict for one in compared) for verdict in VERDICTS}
    approvals = {
        "before": sum(one.old.approvals() for one in compared),
        "after": sum(one.new.approvals() for one in compared),
    }
    days = max((times[-1] - times[0]) / DAY, 1.0) if times else 1.0
    return {
        "automation": new["automation"],
        "from": plans[-1]["definition"] if plans else None,
        "to": new["definition"],
        "first": timestamp(times[0]) if times else None,
        "last": timestamp(times[-1]) if times else None,
        "events": len(compared),
        **counts,
        "requests": list(_by_step(change for one in compared for change in one.changes)),
        "approvals": approvals,
        "perDay": list(_per_day(compared, days)),
        "runs": [one.to_json() for one in compared],
    }


def failed(found: Mapping[str, Any], on: Iterable[str]) -> list[str]:
    """Return what of the things on which a backtest is to fail it has found."""
    counts = {**found, "moreApprovals": max(found["approvals"]["after"] - found["approvals"]["before"], 0)}
    return [name for name in on if counts[FAILURES[name]]]


def _by_step(changes: Iterable[RequestChange]) -> Iterable[dict[str, Any]]:
    steps: dict[str, list[RequestChange]] = {}
    for change in changes:
        steps.setdefault(base_id(change.step), []).append(change)
    for step, of_step in steps.items():
        counts = {kind: sum(one.change == kind for one in of_step) for kind in ("more", "fewer", "changed")}
        later = [one.later for one in of_step if one.later]
        yield {"step": step, **counts, "later": _length(median(later)) if later else None}


def _length(seconds: float) -> str:
    """Return a duration; with a minus where it is earlier."""
    text = spell(round(abs(seconds) * 1000))
    return f"-{text}" if seconds < 0 else text


def _per_day(compared: Sequence[EventComparison], days: float) -> Iterable[dict[str, Any]]:
    before, after = _sends(one.old.requests() for one in compared), _sends(one.new.requests() for one in compared)
    for receiver in sorted({*before, *after}):
        yield {
            "receiver": receiver,
            "before": _rate(before.get(receiver, 0), days),
            "after": _rate(after.get(receiver, 0), days),
        }


def _sends(sides: Iterable[Sequence[RequestAttempt]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for requests in sides:
        for one in requests:
            receiver = receiver_of(one)
            counts[receiver] = counts.get(receiver, 0) + 1
    return counts


def receiver_of(request: RequestAttempt) -> str:
    """Return whom a request goes to: the host of its address, else the connection, else the action."""
    url = request.config.get("url")
    try:
        host = urlsplit(url).netloc.rpartition("@")[2] if isinstance(url, str) else ""
    except ValueError:
        host = ""
    return host or str(request.config.get("connection") or request.action)


def _rate(count: int, days: float) -> float:
    rate = round(count / days, 1)
    return int(rate) if rate == int(rate) else rate
