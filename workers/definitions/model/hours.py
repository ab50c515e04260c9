"""Hours of a week as authors write them: by name at the top of the file, or where they are used."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, StrictStr, Tag, WithJsonSchema, model_validator

from trunkline.wire import Day
from workers.definitions.model.vocabulary import DefinitionPart, Label, StepId, refuse, shape_tag
from workflows.language.hours import CLOSES, OPENS

MAX_HOLIDAYS = 1_000

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise refuse("wrong-type", f"{value[:80]!r} is no time of day: write one such as `09:00`, at most `23:59`.")
    return value.zfill(len(OPENS))


def _date(value: str) -> str:
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise refuse("wrong-type", f"{value[:80]!r} is no day: write one such as `2026-12-25`.")


TimeOfDay = Annotated[
    StrictStr, AfterValidator(_time), WithJsonSchema({"type": "string", "pattern": f"^{_TIME.pattern}$"})
]
Holiday = Annotated[
    StrictStr,
    AfterValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{_DATE.pattern}$"}),
]


class BusinessHoursDefinition(DefinitionPart):
    """Hours of a week."""

    time_zone: Label = Field(description="IANA name of the time zone, such as `Europe/Berlin`.")
    days: Annotated[list[Day], Field(min_length=1, max_length=7)] | None = Field(
        default=None, description="Days of the week (`mon` to `fri`)."
    )
    start: TimeOfDay | None = Field(default=None, description="When a day begins (`09:00`).")
    end: TimeOfDay | None = Field(
        default=None, description="When it ends (`17:00`); before `start`: on the next morning."
    )
    holidays: Annotated[list[Holiday], Field(max_length=MAX_HOLIDAYS)] | None = Field(
        default=None, description="Days off, such as `2026-12-25`."
    )

    @model_validator(mode="after")
    def _open_for_a_while(self) -> BusinessHoursDefinition:
        start, end = self.start or OPENS, self.end or CLOSES
        night = self.start is not None and self.end is not None and start > end
        if start >= end and not night:
            raise refuse(
                "out-of-range",
                f"A business day begins before it ends; this one begins at {start} and ends at {end}. For a night, "
                "write both `start` and `end`.",
            )
        return self


HoursName = StepId
Hours = Annotated[
    Annotated[HoursName, Tag("step:plain")] | Annotated[BusinessHoursDefinition, Tag("step:object")],
    Discriminator(shape_tag),
]
"""Hours by their name at the top of the file, or written out."""
