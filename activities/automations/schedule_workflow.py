"""Starting another automation at a date, on its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, model_validator
from pydantic_core import PydanticCustomError

from activities.action import Config, Result, Static, action
from activities.automations.dates import Wait, When, Zone
from activities.automations.names import AutomationName
from activities.context import Context
from activities.errors import Refused

LATEST = timedelta(days=3650)


class WorkflowSchedule(Config):
    """Which automation starts when, and for what."""

    workflow_title: AutomationName = Field(
        alias="workflowTitle",
        validation_alias=AliasChoices("workflowTitle", "WorkflowTitle"),
        description="Name of the automation.",
    )
    type: Annotated[Literal["absolute", "relative"], Static()] = Field(
        validation_alias=AliasChoices("type", "Type"),
        description="`absolute`: at the date in `at`; `relative`: after the time in `in`.",
    )
    in_: Wait | None = Field(
        default=None, alias="in", description="Of `relative`: how long from now: 90s, 15m, 2h30m, 3d, or milliseconds."
    )
    at: When | None = Field(
        default=None,
        description="Of `absolute`: the date, as 2026-12-24T09:00 or 2026-12-24T09:00:00+01:00; a past one is now.",
    )
    input: dict[str, Any] = Field(
        default={}, description="Data of the event that it runs for: the roots that its templates see."
    )
    time_zone: Zone | None = Field(
        default=None,
        description="IANA name of the time zone in which `at` is meant where it names none; else UTC.",
    )

    @model_validator(mode="after")
    def _one_date(self) -> WorkflowSchedule:
        wanted, other = ("at", "in") if self.type == "absolute" else ("in", "at")
        given = {"at": self.at, "in": self.in_}
        if given[wanted] is None:
            raise _unfit(f"A date that is {self.type} needs `{wanted}`")
        if given[other] is not None:
            raise _unfit(f"A date that is {self.type} is said by `{wanted}`, and `{other}` does not go with it")
        return self


class PlannedStart(Result):
    """The run that starts."""

    workflow_id: str = Field(description="Workflow id of the run, which can be canceled also before it starts.")
    starts_at: str = Field(description="When it starts, in ISO 8601 and UTC.")


@action(
    "scheduler.schedule_workflow",
    repeat="keyed",
    local=True,
    takes_secrets=False,
    example={"workflowTitle": "ask-for-feedback", "type": "relative", "in": "3d", "input": {"contact": "{{contact}}"}},
)
async def schedule_workflow(config: WorkflowSchedule, context: Context) -> PlannedStart:
    """Start another automation at an absolute or relative date, and go on at once.

    It starts once for each step, however often the step is tried: its workflow id is `<automation>/<the step's key>`,
    and its event is of the type `automation.called` with `/runs/<this run's id>` as its source. It is no part of this
    run: a cancel does not follow, and its own calls count anew.
    """
    now = datetime.now(UTC)
    planned = await context.runs.plan(
        config.workflow_title, config.input, _start(config, now), key=context.key, by=context.run
    )
    at = planned.starts_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return PlannedStart(workflow_id=planned.run, starts_at=at)


def _start(config: WorkflowSchedule, now: datetime) -> datetime:
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
