"""How a step says when another automation starts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, StrictStr, WithJsonSchema

from trunkline.durations import WRITTEN, duration

WRITTEN_DATE = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?$"
WRITTEN_ZONE = r"^(UTC|[A-Za-z_]+/[A-Za-z0-9_+/-]+)$"
"""How a date and a time zone are written; whether there is such a one, a pattern cannot say."""


def _date(text: str) -> str:
    try:
        known = re.fullmatch(WRITTEN_DATE, text) is not None and datetime.fromisoformat(text) is not None
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"{text!r:.80} is no date: write one as 2026-12-24T09:00 or 2026-12-24T09:00:00+01:00")
    return text


def _zone(name: str) -> str:
    try:
        known = re.fullmatch(WRITTEN_ZONE, name) is not None and ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):
        known = False
    if not known:
        raise ValueError(f"{name!r:.80} is no IANA name of a time zone, such as Europe/Prague")
    return name


When = Annotated[StrictStr, AfterValidator(_date), WithJsonSchema({"type": "string", "pattern": WRITTEN_DATE})]
Zone = Annotated[StrictStr, AfterValidator(_zone), WithJsonSchema({"type": "string", "pattern": WRITTEN_ZONE})]
Wait = Annotated[
    int,
    BeforeValidator(duration),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": WRITTEN}]}),
]
