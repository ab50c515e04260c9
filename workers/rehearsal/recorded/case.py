"""A recorded run as a case of a test file, and as a whole file around it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from typing import Any

from trunkline.durations import spell
from workers.client.history.called import RUN_AUTOMATION
from workers.rehearsal.recorded.run import RecordedDecision, RecordedRun, after, answers_of, opening
from workers.rehearsal.suite.checking import DECISION
from workers.rehearsal.suite.faults import COUNTED
from workflows.event import VERSION
from workflows.language.people import group
from workflows.plan import ENVIRONMENT, constants_of
from workflows.report import timestamp

ENDED = ("completed", "failed", "rejected", "skipped")
"""The outcomes that a rehearsal comes to by itself; any other run is looked at as it stood."""

NOTHING_HELD = ("not_found", "invalid")
"""Receipts of decisions that were about no hold, and that no case can make."""

FILLED_IN = ("hold", "decision", "proof", "digest", "expect", "after")
"""Keys of a decision that the case says otherwise, or that a rehearsal fills in."""


def file_of(found: RecordedRun) -> dict[str, Any]:
    """Return a whole test file with one case."""
    whole = {"automation": f"{found.plan['automation']}.yaml", **surroundings(found), "cases": [case_of(found)]}
    return {name: value for name, value in whole.items() if value}


def surroundings(found: RecordedRun) -> dict[str, Any]:
    """Return what the case needs at the top of its file: groups, secrets and values of the environment."""
    around = {
        "people": _groups(found),
        "secrets": found.secrets,
        "environment": constants_of(found.plan).get(ENVIRONMENT),
    }
    return {name: value for name, value in around.items() if value}


def case_of(found: RecordedRun) -> dict[str, Any]:
    """Return a run as a case."""
    report: Mapping[str, Any] = found.report or {}
    ended = report.get("outcome") in ENDED
    for sent in found.sent:
        if sent.action == RUN_AUTOMATION:
            sent.step = next((one["id"] for one in report.get("steps", ()) if one.get("calls") == sent.step), sent.step)
    case = {
        "name": f"as in {found.run}",
        "event": {key: value for key, value in found.event.items() if (key, value) != ("specversion", VERSION)},
        "clock": timestamp(found.began),
        "answers": answers_of(found),
        "remembered": found.remembered,
        "arrives": [{"event": event, "after": _span(found.began, at)} for at, event in found.arrived],
        "decisions": list(_decisions(found)),
        "until": None if ended else _span(found.began, found.until),
    }
    expect: dict[str, Any] = {"outcome": report["outcome"] if ended else "held"}
    if steps := {entry["id"]: entry["status"] for entry in report.get("steps", ())}:
        expect["steps"] = steps
    requests = list(_requests(found))
    if requests or not found.sent:
        expect["requests"] = requests
    return {**{name: value for name, value in case.items() if value}, "expect": expect}


def _requests(found: RecordedRun) -> Iterator[dict[str, Any]]:
    for sent in found.sent:
        if sent.answers:
            times = {"times": sent.attempts} if sent.attempts > 1 else {}
            yield {"step": sent.step, **times, "config": sent.config}


def _decisions(found: RecordedRun) -> Iterator[dict[str, Any]]:
    """Yield the decisions about holds that were there, or had been."""
    signaled = [one for one in (found.report["audit"] if found.report else ()) if one.get("via") == "signal"]
    for decided in found.decided:
        receipt = decided.receipt
        if receipt is None:
            entry = next((one for one in signaled if _is_about(one, decided)), None)
            if entry is not None:
                signaled.remove(entry)
                receipt = entry["result"]
        if receipt not in NOTHING_HELD:
            yield _decision(found, decided, receipt)


def _is_about(entry: Mapping[str, Any], decided: RecordedDecision) -> bool:
    return all(entry.get(key) == decided.says.get(key) for key in ("hold", "by", "decision"))


def _decision(found: RecordedRun, decided: RecordedDecision, receipt: str | None) -> dict[str, Any]:
    says = decided.says
    kept = {key: says[key] for key in DECISION if key in says and key not in FILLED_IN}
    expected = {} if receipt in (None, *COUNTED) else {"expect": receipt}
    span = _span(opening(found, decided), decided.at)
    return {"hold": says.get("hold"), "decision": says.get("decision"), **kept, "after": span, **expected}


def _span(since: datetime, at: datetime) -> str:
    return spell(round(after(since, at).total_seconds() * 1000))


def _groups(found: RecordedRun) -> dict[str, list[str]]:
    """Return the members of each group that holds were to ask: who was asked and is not named by itself."""
    groups: dict[str, list[str]] = {}
    for role, entries in _named(found.plan, found.people):
        members = [one for one in found.people[role] if one not in entries]
        for name in filter(None, map(group, entries)):
            groups.setdefault(name, members)
    return {name: members for name, members in groups.items() if members}


def _named(value: Any, roles: Container[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield whom the policies of a plan name, by their roles."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in roles and isinstance(part, list):
                yield key, [one for one in part if isinstance(one, str)]
            yield from _named(part, roles)
    elif isinstance(value, list):
        for part in value:
            yield from _named(part, roles)
