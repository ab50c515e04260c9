"""Telling people what a backtest has found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WORDS: Mapping[str, str] = {
    "same": "same",
    "otherRequests": "other requests",
    "noLongerRuns": "no longer runs",
    "runsNow": "runs now",
    "unknown": "unknown from some step on",
    "neither": "neither runs",
}
WIDE = 27
SHORT = 12
"""Characters of a definition's hash that tell it from others."""

MOST = 3
"""Events that are named as examples."""


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `trunkline backtest` prints for `found`, which is what it prints as JSON."""
    before = (found["from"] or "nothing that ever ran")[:SHORT] if found["from"] else "nothing that ever ran"
    span = f", {found['first'][:10]} to {found['last'][:10]}" if found["events"] else ""
    yield f"{found['automation']}  {before} → {found['to'][:SHORT]} (file)   {found['events']} events{span}"
    for verdict, words in WORDS.items():
        yield f"  {words:<{WIDE}} {found[verdict]:>6}{_examples(found, verdict)}".rstrip()
    for one in found["requests"]:
        yield f"  {one['step']:<{WIDE}} {_requests(one)}"
    approvals = found["approvals"]
    more = approvals["after"] - approvals["before"]
    yield f"  {'approvals asked':<{WIDE}} {approvals['before']} → {approvals['after']} ({more:+d})"
    for one in found["perDay"]:
        yield f"  {'sends per day, ' + one['receiver']:<{WIDE}} {one['before']:g} → {one['after']:g}"


def _examples(found: Mapping[str, Any], verdict: str) -> str:
    if verdict in {"same", "neither"}:
        return ""
    runs = [one for one in found["runs"] if one["verdict"] == verdict]
    examples = [_example(one) for one in runs[:1]] + [one["event"] for one in runs[1:MOST]]
    return f"   e.g. {', '.join(examples)}" if examples else ""


def _example(one: Mapping[str, Any]) -> str:
    if one["unknownFrom"] is not None and one["verdict"] == "unknown":
        step, why = one["unknownFrom"]["step"], "" if one["reason"] is None else f"; {one['reason'].rstrip('.')}"
        return f"{one['event']} (from {step} on: --assume {step}=@FILE{why})"
    return f"{one['event']} ({one['reason'].rstrip('.')})" if one["reason"] else one["event"]


def _requests(one: Mapping[str, Any]) -> str:
    counts = [f"{one[kind]} {kind}" for kind in ("fewer", "more", "changed") if one[kind]]
    if one["later"]:
        later = one["later"]
        counts.append(f"median {later.removeprefix('-')} {'earlier' if later.startswith('-') else 'later'}")
    return ", ".join(counts)
