"""When a schedule starts an automation, as authors write it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictStr, WithJsonSchema, model_validator

from trunkline.durations import DAY
from workers.definitions.model.cron import CronError, read_cron
from workers.definitions.model.vocabulary import DefinitionPart, Interval, Missed, Second, refuse

Overlap = Literal["skip", "bufferOne", "bufferAll", "cancelOther", "terminateOther", "allowAll"]

CATCH_UP = DAY
"""Milliseconds for which an instant that was missed is made up for, where the schedule says nothing."""


def _cron(text: str) -> str:
    try:
        read_cron(text)
    except CronError as error:
        raise refuse("bad-cron", str(error)) from None
    return text


Cron = Annotated[
    StrictStr,
    AfterValidator(_cron),
    WithJsonSchema({"type": "string", "pattern": r"^\s*(@\w+|\S+(\s+\S+){4})\s*$"}),
]


class Schedule(DefinitionPart):
    """When the automation is started by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in ("cron", "every")],
            "if": {"required": ["timeZone"], "properties": {"timeZone": {"type": "string"}}},
            "then": {"required": ["cron"]},
        }
    )

    cron: Cron | None = Field(
        default=None,
        description="Five fields, minute, hour, day of the month, month, day of the week (`0 8 * * mon-fri`), or "
        "`@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. All five must fit.",
    )
    time_zone: StrictStr | None = Field(
        default=None, description="Of `cron`: IANA name of the time zone in which it is meant; by default UTC."
    )
    every: Second | None = Field(
        default=None, description="Instead of `cron`: an interval, counted from 1970-01-01T00:00:00Z."
    )
    overlap: Overlap = Field(
        default="skip",
        description="Where the run of an earlier instant still runs: `skip` this one; begin it afterwards (`bufferOne` "
        "keeps one such, `bufferAll` each); `cancelOther` or `terminateOther`; `allowAll`: run side by side.",
    )
    jitter: Interval | None = Field(
        default=None,
        description="Up to how long a run begins after its instant, at random, so that not all do at once.",
    )
    catch_up: Missed = Field(
        default=CATCH_UP, description="How long an instant that Temporal missed, as it was down, is made up for."
    )

    @model_validator(mode="after")
    def _one_rule(self) -> Schedule:
        if (self.cron is None) == (self.every is None):
            code = "missing-key" if self.cron is None else "two-kinds"
            raise refuse(code, "A schedule has either `cron` or `every`.")
        if self.time_zone is not None and self.cron is None:
            raise refuse("unknown-key", "`timeZone` goes with `cron`: an interval is the same everywhere.")
        return self
