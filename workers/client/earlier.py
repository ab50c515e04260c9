"""What an earlier run was started with: whether an event that would have its id is the same event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.event import BY_HAND
from workflows.run.encrypted import MissingKeyError

if TYPE_CHECKING:
    from temporalio.client import Client

INLINE = "inline"
"""The workflow type of runs whose event came with a definition."""


async def source_of(client: Client, run: str) -> str | None:
    """Return the source of the event that a run was started for, as its history has it; no worker is asked.

    Args:
        client: a connected client.
        run: workflow id.

    Returns:
        `manual` where the event names none; None where it was started with no event, or this client cannot read it.
    """
    async for event in client.get_workflow_handle(run).fetch_history_events(page_size=1):
        started = event.workflow_execution_started_event_attributes
        try:
            arguments = await client.data_converter.decode(started.input.payloads[:1])
        except MissingKeyError:
            return None
        given: Any = arguments[0] if arguments else None
        if started.workflow_type.name == INLINE and isinstance(given, Mapping) and "automation" in given:
            given = given.get("event")
        source = (given.get("source") or BY_HAND) if isinstance(given, Mapping) else None
        return source if isinstance(source, str) else None
    return None
