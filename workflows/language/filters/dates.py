"""The `date` filter: the same on every machine, whatever its clock, zone and language."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, timedelta
from typing import Any

from workflows.language.filters.contract import Filter, FilterValueError, a_text, fits
from workflows.language.instants import EPOCH, formatted, instant, spelled_out, zone, zone_names
from workflows.language.scope import Scope
from workflows.language.values import is_number, shown

LONGEST_PATTERN = 200
LONGEST_ZONE = 60


def _date(scope: Scope, value: Any, pattern: Any, zone_name: Any = "UTC") -> str:
    if value is None:
        return ""
    format_ = a_text(pattern, scope)
    if len(format_) > LONGEST_PATTERN:
        raise FilterValueError(f"the format has more than {LONGEST_PATTERN} characters")
    format_ = spelled_out(format_)
    scope.spend(400 + 200 * format_.count("%"))
    moment = _moment(scope, value)
    try:
        shifted = moment.astimezone(_zone(zone_name))
        result = formatted(shifted, format_)
    except ValueError as unknown:
        raise FilterValueError(f"the format has the unknown directive `{unknown}`") from None
    except OverflowError:
        raise FilterValueError("the year lies outside 1 to 9999") from None
    fits(len(result))
    return result


def _moment(scope: Scope, value: Any) -> datetime:
    if value in ("now", "today"):
        return scope.now.astimezone(UTC)
    try:
        if is_number(value):
            return EPOCH + timedelta(seconds=value)
        if isinstance(value, str) and (found := instant(value)):
            return found
    except (OverflowError, ValueError):
        raise FilterValueError("the year lies outside 1 to 9999") from None
    raise FilterValueError(
        f"{shown(value)} is no date; a date is an ISO 8601 text (2026-11-21T10:15:00Z), "
        'a number of seconds since 1970, "now" or "today"'
    )


def _zone(name: Any) -> Any:
    if isinstance(name, str) and len(name) <= LONGEST_ZONE and (found := zone(name)):
        return found
    nearest = difflib.get_close_matches(str(name)[:LONGEST_ZONE], zone_names(), 1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise FilterValueError(f"there is no time zone {shown(name)}{hint}")


DATES = {"date": Filter(_date, 1, 2)}
