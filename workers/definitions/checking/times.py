"""Whether the times of a definition can be meant as they are written, and its constant instants be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.durations import SECOND, spell
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.time_zones import time_zones
from workers.definitions.model.steps import steps
from workers.definitions.model.until import OPENING
from workers.definitions.model.vocabulary import SHORTEST_ATTEMPT
from workers.definitions.problems import nearest
from workflows.language.instants import HOW_DATES_ARE_WRITTEN, moment
from workflows.language.template import is_template

BOUNDED = ("/timeout", "/within", "/atMost", "/quiet")
OF_STEP = ("wait", "every", "atMost")
OF_RETRY = ("within", "initialInterval", "maximumInterval")


ZONE = "/trigger/schedule/timeZone"


def check_times(findings: Findings) -> None:
    """Check every duration, every constant instant of the steps and notices, and the schedule's time zone."""
    zone = findings.at(ZONE)
    if isinstance(zone, str) and zone not in time_zones():
        hint = nearest(zone, time_zones()) or "write an IANA name such as Europe/Prague"
        findings.add("unknown-time-zone", ZONE, f"There is no time zone {zone!r:.80}.", hint)
    for pointer, value in _durations(findings.data):
        least = SHORTEST_ATTEMPT if pointer.endswith(BOUNDED) else 1  # below, the value itself is refused
        if isinstance(value, int) and not isinstance(value, bool) and least <= value < SECOND:
            sentence = f"A number means milliseconds, so this is {spell(value)}."
            findings.add("hasty-deadline", pointer, sentence, f"write {value}s for seconds, or {value}ms")
    for place, step, _ in steps(findings.data):
        wait = step.get("wait")
        until = wait.get("until") if isinstance(wait, Mapping) else None
        if isinstance(until, str) and until not in ("", OPENING) and not is_template(until) and not _readable(until):
            sentence = f"{until!r:.80} is no instant that could be waited for."
            findings.add("wrong-type", f"{place}/wait/until", sentence, f"write {HOW_DATES_ARE_WRITTEN}")


def _readable(until: str) -> bool:
    try:
        return moment(until) is not None
    except OverflowError:
        return False


def _durations(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every duration outside of a policy's own clocks, with its pointer."""
    yield from _of_policy(data.get("approvals"), "/approvals")
    trigger = data.get("trigger")
    schedule = trigger.get("schedule") if isinstance(trigger, Mapping) else None
    if isinstance(schedule, Mapping):
        yield "/trigger/schedule/jitter", schedule.get("jitter")
    per_key = data.get("perKey")
    if isinstance(per_key, Mapping):
        yield from ((f"/perKey/{key}", per_key.get(key)) for key in ("quiet", "atMost"))
    for place, step, _ in steps(data):
        yield from ((f"{place}/{key}", step.get(key)) for key in OF_STEP)
        wait = step.get("wait")
        if isinstance(wait, Mapping):
            yield f"{place}/wait/atMost", wait.get("atMost")
        yield from _of_attempts(step, place)
        yield from _of_policy(step.get("requireApproval"), f"{place}/requireApproval")
        rules = step.get("onFailure")
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, Mapping):
                yield f"{place}/onFailure/{index}/delay", rule.get("delay")


def _of_policy(policy: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    notices = policy.get("notify") if isinstance(policy, Mapping) else None
    for index, notice in enumerate(notices if isinstance(notices, list) else ()):
        if isinstance(notice, Mapping):
            yield from _of_attempts(notice, f"{pointer}/notify/{index}")


def _of_attempts(step: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    yield f"{place}/timeout", step.get("timeout")
    retry = step.get("retry")
    if isinstance(retry, Mapping):
        yield from ((f"{place}/retry/{key}", retry.get(key)) for key in OF_RETRY)
