"""Starting another automation at a date, on its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from activities.action import Config, Result, Static, action
from activities.automations.names import AutomationName
from activities.context import Context
from activities.errors import Refused
from trunkline.durations import WRITTEN, duration

LATEST = timedelta(days=3650)


def _instant(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r:.80} is no date: write one as 2026-12-24T09:00:00Z, or 2026-12-24T09:00 with `timeZone`"
        ) from None
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r:.80} is no IANA name of a time zone, such as Europe/Prague") from None
    return name


Wait = Annotated[
    int,
    BeforeValidator(duration),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": WRITTEN}]}),
]


class WorkflowSchedule(Config):
    """Which automation starts when, and for what."""

    workflow_title: AutomationName = Field(
        alias="workflowTitle",
        validation_alias=AliasChoices("workflowTitle", "WorkflowTitle"),
        description="Name of the automation (also written `WorkflowTitle`).",
    )
    type: Annotated[Literal["absolute", "relative"], Static()] = Field(
        validation_alias=AliasChoices("type", "Type"),
        description="`absolute`: at the date in `at`; `relative`: after the time in `in` (also written `Type`).",
    )
    in_: Wait | None = Field(
        default=None, alias="in", description="Of `relative`: how long from now: 90s, 15m, 2h30m, 3d, or milliseconds."
    )
    at: Annotated[str, AfterValidator(_instant)] | None = Field(
        default=None, description="Of `absolute`: the date, in ISO 8601; one that has passed is now."
    )
    input: dict[str, Any] = Field(
        default={}, description="Data of the event that it runs for: the roots that its templates see."
    )
    time_zone: Annotated[str, AfterValidator(_zone)] | None = Field(
        default=None,
        description="IANA name of the time zone in which `at` is meant where it names none; else UTC.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_date(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            kind = raw.get("type", raw.get("Type"))
            wanted = {"absolute": "at", "relative": "in"}.get(kind) if isinstance(kind, str) else None
            other = {"at": "in", "in": "at"}.get(wanted or "")
            if wanted and raw.get(wanted, raw.get("in_") if wanted == "in" else None) is None:
                raise _unfit(f"A date that is {kind} needs `{wanted}`")
            if other and raw.get(other) is not None:
                raise _unfit(f"`{other}` does not go with a date that is {kind}: it is said by `{wanted}`")
        return raw


class PlannedStart(Result):
    """The run that starts."""

    workflow_id: str = Field(description="Workflow id of the run, which can be canceled also before it starts.")
    starts_at: str = Field(description="When it starts, in ISO 8601 and UTC.")


@action(
    "scheduler.schedule_workflow",
    repeat="keyed",
    local=True,
    takes_secrets=False,
    example={"workflowTitle": "ask-for-feedback", "type": "relative", "in": "3d", "input": {"order": "{{order}}"}},
)
async def schedule_workflow(config: WorkflowSchedule, context: Context) -> PlannedStart:
    """Start another automation at an absolute or relative date, and go on at once.

    It starts once for each step, however often the step is tried: its workflow id is `<automation>/<the step's key>`,
    and its event is of the type `automation.called` with `/runs/<this run's id>` as its source. It is no part of this
    run: a cancel does not follow, and its own calls count anew.
    """
    now = datetime.now(UTC)
    planned = await context.runs.plan(
        config.workflow_title, config.input, _date(config, now), key=context.key, by=context.run
    )
    at = planned.starts_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return PlannedStart(workflow_id=planned.run, starts_at=at)


def _date(config: WorkflowSchedule, now: datetime) -> datetime:
    """Return when the automation is to start, not before now.

    Raises:
        Refused: that is more than ten years away.
    """
    try:
        date = now + timedelta(milliseconds=config.in_ or 0) if config.at is None else _absolute(config, config.at)
    except OverflowError:
        date = None
    if date is None or date - now > LATEST:
        raise Refused("The date is more than ten years away.")
    return max(date, now)


def _absolute(config: WorkflowSchedule, at: str) -> datetime:
    date = datetime.fromisoformat(at)
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC if config.time_zone is None else ZoneInfo(config.time_zone))
    return date.astimezone(UTC)


def _unfit(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("keys_clash", "{sentence}", {"sentence": sentence})
