"""Runs in a time that tests move, whose actions get the answers that a test has written down."""

from __future__ import annotations

import asyncio
import textwrap
from datetime import timedelta
from typing import Any

import yaml
from temporalio.api.enums.v1 import RetryState
from temporalio.exceptions import ActivityError, ApplicationError

from tests.engine import JSON
from tests.workflows.simulation import Simulation, plan_of

Answer = Any
"""A body; a number of seconds and a body, which comes so late; None: a refusal."""


class Scripted(Simulation):
    """One run, begun with `async with`.

    Args:
        definition: the steps as YAML.
        data: the event's data.
        answers: what each step gets, by its label, one after the other; the last one stays.
        more: other keys of the definition.
    """

    def __init__(
        self, definition: str, data: JSON, answers: dict[str, list[Answer]] | None = None, **more: Any
    ) -> None:
        names = ", ".join(data)
        whole = f"name: simulated\ntrigger: {{event: test.fired, data: [{names}]}}\nactions:\n"
        parsed = yaml.safe_load(whole + textwrap.indent(textwrap.dedent(definition), "  "))
        event = {"specversion": "1.0", "id": "1", "type": "test.fired", "source": "/tests", "data": data}
        super().__init__(plan_of({**parsed, **more}), event, [])
        self.script = {url: list(given) for url, given in (answers or {}).items()}
        self.asked: list[str] = []
        self.canceled: list[str] = []

    async def settle(self) -> None:
        for _ in range(4):  # a race takes more turns of the event loop than a simulation waits for
            await super().settle()

    async def _activity(self, action: str, argument: JSON) -> Any:
        await asyncio.sleep(0)
        place = argument["config"]["url"].rpartition("/")[2]
        self.asked.append(place)
        self.sent.append(argument)
        given = self.script.get(place, [{}])
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, tuple):
            try:
                await self.sleep(timedelta(seconds=answer[0]))
            except asyncio.CancelledError:
                self.canceled.append(place)
                raise
            answer = answer[1]
        if answer is not None:
            return {"result": {"status": 200, "headers": {}, "body": answer}}
        error = ActivityError(
            "Activity task failed",
            scheduled_event_id=1,
            started_event_id=2,
            identity="",
            activity_type=action,
            activity_id=place,
            retry_state=RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE,  # type: ignore[arg-type] # as the SDK itself does
        )
        raise error from ApplicationError("It says no.", {"status": 400}, type="Refused", non_retryable=True)

    @property
    def steps(self) -> dict[str, JSON]:
        """The report's entries by id."""
        return {entry["id"]: dict(entry) for entry in self.walk.state.report.steps(closed=self.task.done())}

    @property
    def statuses(self) -> dict[str, str]:
        """How the steps stand, by id."""
        return {name: entry["status"] for name, entry in self.steps.items()}


def get(place: str, **more: str) -> str:
    """Return the keys of a step that asks a place of a server."""
    keys = "".join(f", {key}: {value}" for key, value in more.items())
    return f"actionType: http_request, config: {{method: GET, url: https://shop.example.com/{place}}}{keys}"


def post(place: str, **more: str) -> str:
    """Return the keys of a step that sends something to a place of a server."""
    return get(place, **more).replace("GET", "POST")
