"""What `remember` and `recall` mean, as functions of what is kept and the time: nothing here knows Temporal."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import Any

from trunkline.keyed import LARGEST_VALUE, Change, LastingValue, RecallAnswer, RememberAnswer
from workflows.language.values import is_number


class ChangeError(ValueError):
    """What would be stored cannot be kept; the message says why."""


def remembered(kept: LastingValue | None, change: Change, now: datetime) -> tuple[LastingValue, RememberAnswer]:
    """Return what is kept after a change, and what the step is answered.

    A stored value lasts from `now` on; a sum lasts from the first number on, so that it counts in windows.

    Raises:
        ChangeError: it would be larger than a kept value may be, or no number that JSON has.
    """
    there = at(kept, now)
    if there is not None and change.get("absent"):
        value = there["value"]
        return there, RememberAnswer(first=False, before=value, value=value, changed=False, stored=False)
    before = None if there is None else there["value"]
    value = change["value"] if "add" not in change else _number(before) + change["add"]
    if (size := _size(value)) > LARGEST_VALUE:
        raise ChangeError(f"A kept value has at most {LARGEST_VALUE:,} bytes as JSON; this one has {size:,}.")
    if there is None or "add" not in change:
        until = (now + timedelta(milliseconds=change["lasts"])).isoformat()
    else:
        until = there["until"]
    first = there is None
    answer = RememberAnswer(
        first=first, before=before, value=value, changed=first or not _same(before, value), stored=True
    )
    return LastingValue(value=value, until=until), answer


def recalled(kept: LastingValue | None, now: datetime) -> RecallAnswer:
    """Return what is there now."""
    there = at(kept, now)
    return RecallAnswer(found=there is not None, value=None if there is None else there["value"])


def at(kept: LastingValue | None, now: datetime) -> LastingValue | None:
    """Return what is kept, unless its time is over."""
    return kept if kept is not None and datetime.fromisoformat(kept["until"]) > now else None


def _number(value: Any) -> int | float:
    return value if is_number(value) else 0


def _same(left: Any, right: Any) -> bool:
    """Compare two JSON values: 1 and 1.0 are the same number, and true is no number."""
    return json.dumps(_plain(left), sort_keys=True) == json.dumps(_plain(right), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _size(value: Any) -> int:
    if isinstance(value, float) and not math.isfinite(value):
        raise ChangeError("The sum is larger than a number may be.")
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
