"""How a run begins with its one argument, and what it waits for before it ends."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from trunkline.wire import PlanQuestion
from workflows import host
from workflows.event import EventError, read_event

INLINE = "inline"

DISPATCH = "event"
"""The workflow type that dispatches an event; with a second argument (`Emitted`) it keeps one that was dispatched."""


def started(workflow_type: str, arguments: list[Any]) -> tuple[PlanQuestion, dict[str, Any]]:
    """Return what says which definition a run has, and its event.

    Raises:
        EventError: it was started with something else; the sentence says what it takes.
    """
    emitted = workflow_type == DISPATCH and [set(one) for one in arguments[1:]] == [{"matches", "answer"}]
    if len(arguments) != 1 and not emitted:
        raise EventError(f"A run takes exactly one argument, the event as a JSON object, not {len(arguments)}.")
    given, definition = arguments[0], PlanQuestion(automation=workflow_type)
    if workflow_type == INLINE:
        if not isinstance(given, dict) or not given.keys() >= {"automation", "event"}:
            raise EventError('An inline run takes one argument: {"automation": {…}, "event": {…}}.')
        given, definition = given["event"], PlanQuestion(inline=given["automation"])
    return definition, read_event(given, default_id=host.info().workflow_id)


async def all_answered() -> None:
    """Let the decisions that came before the end be judged, so that each is in the report; a cancel changes nothing."""
    while not host.all_handlers_finished():
        with contextlib.suppress(asyncio.CancelledError):
            await host.wait_condition(host.all_handlers_finished)
