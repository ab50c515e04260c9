"""Whether hours are such, wherever a definition names them or writes them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.negations import tests_of
from workers.definitions.checking.shape import shape_of_hours
from workers.definitions.checking.time_zones import time_zones
from workers.definitions.model.steps import escape, steps
from workers.definitions.problems import listed, nearest
from workflows.language.comparison import DURING

ANY_HOURS = {"timeZone": "UTC"}
"""Stands for hours that are wrong, which is told of them, so that the rest of a condition is read all the same."""


def check_hours(findings: Findings) -> None:
    """Check the hours at the top of a definition, and those that its waits name."""
    hours = findings.data.get("hours")
    for name, one in hours.items() if isinstance(hours, Mapping) else ():
        check_zone(findings, one, f"/hours/{escape(name)}")
    for place, step, _ in steps(findings.data):
        wait = step.get("wait")
        if isinstance(wait, Mapping):
            check_use(findings, wait.get("hours"), f"{place}/wait/hours")


def check_use(findings: Findings, hours: Any, pointer: str) -> None:
    """Check hours of which the shape is told elsewhere: a name must be one, and a time zone."""
    known = findings.data.get("hours")
    if not isinstance(hours, str):
        check_zone(findings, hours, pointer)
    elif not isinstance(known, Mapping) or hours not in known:
        names = known if isinstance(known, Mapping) else {}
        hint = nearest(hours, names) or (
            f"there are {listed(names)}" if names else f"write hours: {{{hours:.60}: {{timeZone: …}}}} at the top"
        )
        findings.add("unknown-hours", pointer, f"There are no hours {hours!r:.80}.", hint)


def check_zone(findings: Findings, hours: Any, pointer: str) -> None:
    """Check the time zone of hours that are written out."""
    zone = hours.get("timeZone") if isinstance(hours, Mapping) else None
    if isinstance(zone, str) and zone.strip() and zone.strip() not in time_zones():
        hint = nearest(zone, time_zones()) or "write an IANA name such as Europe/Berlin"
        findings.add("unknown-time-zone", f"{pointer}/timeZone", f"There is no time zone {zone!r:.80}.", hint)


def with_sound_hours(conditions: Any, pointer: str, findings: Findings) -> Any:
    """Check the hours of conditions, and return the conditions with any others in the place of wrong ones."""
    for at, test, _ in list(tests_of(conditions, "", negated=False)):
        value, before = test.get("value"), findings.count
        if test.get("operator") != DURING or not isinstance(value, str | Mapping):
            continue
        if isinstance(value, Mapping):
            shape_of_hours(findings, value, f"{pointer}{at}/value")
        check_use(findings, value, f"{pointer}{at}/value")
        if findings.count > before:
            conditions = _replaced(conditions, at.split("/")[1:])
    return conditions


def _replaced(node: Any, path: list[str]) -> Any:
    """Return a condition in which the test at a path compares with any hours."""
    if not path:
        return {**node, "value": ANY_HOURS}
    if isinstance(node, list):
        return [_replaced(one, path[1:]) if str(n) == path[0] else one for n, one in enumerate(node)]
    return {**node, path[0]: _replaced(node[path[0]], path[1:])}
