"""The `date` filter: the same on every machine, whatever its clock, zone and language."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from workflows.language.date_patterns import formatted, spelled_out
from workflows.language.filters.contract import Filter, FilterValueError, a_text, fits, is_nothing
from workflows.language.instants import EPOCH, HOW_DATES_ARE_WRITTEN, moment, zone, zone_like
from workflows.language.scope import Scope
from workflows.language.values import shown

LONGEST_PATTERN = 200
LONGEST_ZONE = 60


def _date(scope: Scope, value: Any, pattern: Any, zone_name: Any = "UTC") -> str:
    if is_nothing(value):
        return ""
    format_ = _a_format(pattern, scope)
    scope.spend(400 + 200 * format_.count("%"))
    found = _moment(scope, value)
    try:
        result = formatted(found.astimezone(_a_zone(zone_name, scope)), format_)
    except OverflowError:
        raise FilterValueError("the year lies outside 1 to 9999") from None
    fits(len(result))
    return result


def _a_format(value: Any, scope: Scope) -> str:
    written = a_text(value, scope)
    if len(written) > LONGEST_PATTERN:
        raise FilterValueError(f"the format has more than {LONGEST_PATTERN} characters")
    found = spelled_out(written)
    try:
        formatted(EPOCH, found)
    except ValueError as unknown:
        raise FilterValueError(
            f"the format has the unknown directive `{unknown}`",
            "directives are those of strftime, such as %Y-%m-%d %H:%M; a percent sign is %%",
        ) from None
    return found


def _moment(scope: Scope, value: Any) -> datetime:
    if value in ("now", "today"):
        return scope.now.astimezone(UTC)
    try:
        found = moment(value)
    except OverflowError:
        raise FilterValueError("the year lies outside 1 to 9999") from None
    if found is None:
        raise FilterValueError(f'{shown(value)} is no date; a date is {HOW_DATES_ARE_WRITTEN}, "now" or "today"')
    return found


def _a_zone(name: Any, _scope: Scope) -> Any:
    if isinstance(name, str) and len(name) <= LONGEST_ZONE and (found := zone(name)):
        return found
    near = zone_like(str(name)[:LONGEST_ZONE])
    right = f"did you mean {near}?" if near else "write an IANA name such as Europe/Berlin"
    raise FilterValueError(f"there is no time zone {shown(name)}; {right}")


DATES = {"date": Filter(_date, 1, 2, readers=(_a_format, _a_zone))}
