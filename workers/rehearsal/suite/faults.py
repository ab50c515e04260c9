"""What is wrong with a rehearsed run: everything that is not as its case expects, each with its place in the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from activities.action import Action
from workers.rehearsal.performance import Performance
from workers.rehearsal.record import RequestAttempt, base_id
from workers.rehearsal.suite.cases import Case, moment
from workers.rehearsal.suite.matching import NOTHING, is_test, matches, part_of
from workers.rehearsal.suite.paths import Place, shown
from workers.rehearsal.suite.samples import sample
from workers.rehearsal.suite.sent import judge_requests
from workflows.language.scope import Scope
from workflows.report import timestamp

COUNTED = ("accepted", "needs_more")
"""The receipts that a decision gets where the case says no other."""

TEXTS = ("text", "message")
"""The keys of a notice's config that hold what people read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing that is not as expected.

    Attributes:
        place: where the case says it; shown as `expect.requests[1]`.
        message: a sentence.
        expected: what was expected.
        seen: what was seen.
        paste: a line for `answers` that would answer the request.
    """

    place: Place
    message: str
    expected: Any = None
    seen: Any = None
    paste: str | None = None

    def to_json(self, case: Case) -> dict[str, Any]:
        """Return it as `trunkline test --json` prints it."""
        return {
            "at": shown(self.place),
            "line": case.line(self.place),
            "message": self.message,
            "expected": self.expected,
            "seen": self.seen,
            "paste": self.paste,
        }


def faults_of(
    case: Case, seen: Performance, unused: Mapping[str, int], actions: Mapping[str, Action]
) -> list[Deviation]:
    """Return everything that is wrong with a run.

    Args:
        case: what was expected.
        seen: what the run did.
        unused: how many answers of the case were left, by key.
        actions: every action by name.
    """
    found = list(_general(seen))
    found += _unanswered(case, seen, actions)
    found += [_left(key, count) for key, count in unused.items()]
    found += _decisions(case, seen)
    found += _arrivals(seen)
    scope = Scope({}, seen.now)
    for key, judge in JUDGES.items():
        if key in case.expect:
            found += judge(case, seen, scope)
    return found


def _general(seen: Performance) -> Iterator[Deviation]:
    if seen.fault is not None and seen.outcome is None:
        yield Deviation(place=("event",), message=f"The run could not be played: {seen.fault}.")


def _unanswered(case: Case, seen: Performance, actions: Mapping[str, Action]) -> Iterator[Deviation]:
    pasted: set[str] = set()
    for request in seen.unanswered:
        key = base_id(request.step)
        if key in pasted:
            continue
        pasted.add(key)
        used = next((level[key] for level in case.answers if key in level), None)
        answer = sample(actions[request.action])
        how = "Nothing answers" if used is None else "No answer is left for"
        yield Deviation(
            place=("answers", key),
            message=f"{how} {_what(request)}, attempt {request.attempt} at {timestamp(request.at)}: "
            "put this line under `answers`.",
            seen=request.to_json(),
            paste=f"{key}: {json.dumps(answer if used is None else [*_listed(used), answer], ensure_ascii=False)}",
        )


def _listed(used: Any) -> list[Any]:
    return used if isinstance(used, list) else [used]


def _what(request: RequestAttempt) -> str:
    method, url = request.config.get("method"), request.config.get("url")
    where = f", {method} {url}" if isinstance(method, str) and isinstance(url, str) else ""
    return f"the request of {request.step} ({request.action}{where})"


def _left(key: str, count: int) -> Deviation:
    answers = "1 answer was" if count == 1 else f"{count} answers were"
    return Deviation(
        place=("answers", key), message=f"{answers} never asked for: {key} was sent less often.", seen=count
    )


def _decisions(case: Case, seen: Performance) -> Iterator[Deviation]:
    for number, (decision, made) in enumerate(zip(case.decisions, seen.made, strict=True)):
        place, wanted = ("decisions", number), case.receipts[number]
        if made.opened is None:
            yield Deviation(place=place, message=f"The hold {decision.hold} never opened, so nobody decided about it.")
        elif made.receipt is None:
            yield Deviation(place=place, message="The case ended before this decision was due (`until`, `after`).")
        elif made.receipt not in ((wanted,) if wanted else COUNTED):
            yield Deviation(
                place=place,
                message=f"The receipt is {made.receipt}, not {wanted or 'accepted or needs_more'}: {made.message}",
                expected=wanted or list(COUNTED),
                seen=made.receipt,
            )


def _arrivals(seen: Performance) -> Iterator[Deviation]:
    for number, brought in enumerate(seen.brought):
        if brought.at is None:
            sentence = "The case was over before this event was to arrive (`until`, `after`)."
            if seen.ended:
                sentence = f"Nobody waited for this event any more: the run ended at {timestamp(seen.now)}."
            yield Deviation(place=("arrives", number), message=sentence)
        elif not brought.seen:
            sentence = f"Nobody waited for this event when it arrived at {timestamp(brought.at)}."
            yield Deviation(place=("arrives", number), message=sentence)


def _value(place: Place, expected: Any, seen: Any, scope: Scope, noun: str) -> Iterator[Deviation]:
    if not matches(expected, seen, scope):
        found = part_of(seen, expected)
        is_so = "missing" if seen is NOTHING else _short(found)
        yield Deviation(
            place=place, message=f"{noun} is {is_so}, not {_short(expected)}.", expected=expected, seen=found
        )


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value[:200]
    if is_test(value):
        return f"{value['operator']} {_short(value.get('value', ''))}".strip()
    return json.dumps(value, ensure_ascii=False)[:300]


def _outcome(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    for fault in _value(("expect", "outcome"), case.expect["outcome"], seen.outcome, scope, "The outcome"):
        reason = seen.report.get("reason") or _why(seen.report)
        yield Deviation(
            place=fault.place,
            message=fault.message if not reason else f"{fault.message} {reason}",
            expected=fault.expected,
            seen=fault.seen,
        )


def _why(report: Mapping[str, Any]) -> str:
    errors = [f"{entry['label']}: {entry['error']['message']}" for entry in report["steps"] if "error" in entry]
    return errors[0] if errors else ""


def _steps(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    entries = {entry["id"]: entry for entry in seen.report["steps"]}
    for name, wanted in case.expect["steps"].items():
        entry = entries.get(name, {"status": "skipped" if seen.ended else "pending"})
        expected = wanted if isinstance(wanted, dict) and not is_test(wanted) else {"status": wanted}
        bad = [key for key, value in expected.items() if not _key(case, entry, key, value, scope)]
        if bad:
            found = {key: entry.get("endedAt" if key == "at" else key) for key in expected}
            error = f" {entry['error']['message']}" if "error" in entry and "status" in bad else ""
            yield Deviation(
                place=("expect", "steps", name),
                message=f"{name}: "
                + ", ".join(f"{key} is {_short(found[key])}, not {_short(expected[key])}" for key in bad)
                + f".{error}",
                expected=wanted,
                seen=found if isinstance(wanted, dict) else entry["status"],
            )


def _key(case: Case, entry: Mapping[str, Any], key: str, value: Any, scope: Scope) -> bool:
    if key == "at":
        return bool(entry.get("endedAt") == timestamp(moment(value, case.clock)))
    return matches(value, entry.get(key, NOTHING), scope)


def _variables(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    for name, wanted in case.expect["variables"].items():
        found = seen.report["variables"].get(name, NOTHING)
        yield from _value(("expect", "variables", name), wanted, found, scope, f"variables.{name}")


def _notices(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    left = list(seen.notices)
    for number, wanted in enumerate(case.expect["notices"]):
        for place, notice in enumerate(left):
            if _is_notice(case, notice, wanted, scope):
                left = left[place + 1 :]
                break
        else:
            found = [{"on": one.on, "hold": one.hold, "at": timestamp(one.at), "config": one.config} for one in left]
            yield Deviation(
                place=("expect", "notices", number),
                message=f"No such notice was sent{' after those before' if number else ''}; "
                f"{len(left)} {'other was' if len(left) == 1 else 'others were'}.",
                expected=wanted,
                seen=found,
            )


def _is_notice(case: Case, notice: Any, wanted: Mapping[str, Any], scope: Scope) -> bool:
    text = next((notice.config[key] for key in TEXTS if key in notice.config), notice.text or NOTHING)
    seen = {"on": notice.on, "hold": notice.hold, "text": text, "config": notice.config}
    if "at" in wanted and notice.at != moment(wanted["at"], case.clock):
        return False
    return all(matches(value, seen[key], scope) for key, value in wanted.items() if key != "at")


def _missing(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    found = [
        *seen.report.get("missing", ()),
        *(name for entry in seen.report["steps"] for name in entry.get("missing", ())),
    ]
    names, wanted = sorted(set(found)), case.expect["missing"]
    expected = sorted(set(wanted)) if isinstance(wanted, list) else wanted
    yield from _value(("expect", "missing"), expected, names, scope, "What is missing")


def _plain(key: str, noun: str) -> Callable[[Case, Performance, Scope], Iterator[Deviation]]:
    def judge(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
        yield from _value(("expect", key), case.expect[key], seen.report.get(key, NOTHING), scope, noun)

    return judge


def _holds(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    for name, wanted in case.expect["holds"].items():
        found = seen.holds.get(name, NOTHING)
        yield from _value(("expect", "holds", name), wanted, found, scope, f"The hold {name}")


def _remembered(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    expected, found = case.expect["remembered"], seen.remembered
    same = expected.keys() == found.keys()
    if not same or not matches(expected, found, scope):
        message = f"What is remembered afterwards is {_short(found)}, not {_short(expected)}."
        yield Deviation(place=("expect", "remembered"), message=message, expected=expected, seen=found)


def _requests(case: Case, seen: Performance, scope: Scope) -> Iterator[Deviation]:
    only = case.expect.get("only") is True or case.expect["requests"] == []
    for one in judge_requests(case.expect["requests"], seen.requests, case.clock, scope, only=only):
        yield Deviation(place=one.place, message=one.message, expected=one.expected, seen=one.seen)


JUDGES: Mapping[str, Callable[[Case, Performance, Scope], Iterator[Deviation]]] = {
    "outcome": _outcome,
    "reason": _plain("reason", "The reason"),
    "steps": _steps,
    "requests": _requests,
    "variables": _variables,
    "notices": _notices,
    "missing": _missing,
    "holds": _holds,
    "remembered": _remembered,
    "result": _plain("result", "The result"),
}
"""What judges each key of `expect`."""
