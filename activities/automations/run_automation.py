"""Running another automation as a part of this run."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictBool

from activities.action import Config, Result, Static, action
from activities.automations.names import AutomationName
from activities.context import Context


class AutomationCall(Config):
    """Which automation is run, and for what."""

    automation: AutomationName = Field(description="Name of the automation.")
    data: dict[str, Any] = Field(
        default={}, description="Data of the event that it runs for: the roots that its templates see."
    )
    wait: Annotated[StrictBool, Static()] = Field(
        default=True, description="Whether the step ends with the run, or goes on as soon as it has begun."
    )


class RunEnd(Result):
    """How the run ended."""

    outcome: str | None = Field(
        description="`completed`, `rejected` or `skipped`; null with `wait: false`, as nobody knows yet."
    )
    result: Any = Field(description="What the automation's top-level `result` came to; null where it names none.")
    workflow_id: str = Field(description="Workflow id of the run.")


@action(
    "run_automation",
    repeat="keyed",
    local=True,
    calls=True,
    takes_secrets=False,
    example={"automation": "open-ticket", "data": {"customer": {"id": "{{contact.id}}"}}},
)
async def run_automation(config: AutomationCall, context: Context) -> RunEnd:
    """Run another automation as a child of this run, and wait for its end.

    It runs once for each step: its workflow id is `<automation>/<the step's key>`, and its event is of the type
    `automation.called` with `/runs/<this run's id>` as its source. A run that fails or is canceled fails the step.
    Where this run is canceled, so is the other, and this one waits until it has ended. Nothing bounds the wait but a
    `timeout` of the step, after which the other run is canceled; `retry` has nothing to repeat. A called automation may
    call another, five deep. The activity of this name only asks how the run ended, for a caller that has continued as
    new or was reset meanwhile.
    """
    ended = await context.runs.ended(config.automation, key=context.key)
    return RunEnd(outcome=ended.outcome, result=ended.result, workflow_id=ended.run)
