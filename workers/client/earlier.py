"""An earlier run under the id that an event would have: whose event it was started for, and how it stands."""

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
    from temporalio.service import RPCError, RPCStatusCode

    try:
        given = await _event(client, run)
    except MissingKeyError:
        return None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None  # it has just been deleted
    source = (given.get("source") or BY_HAND) if isinstance(given, Mapping) else None
    return source if isinstance(source, str) else None


async def _event(client: Client, run: str) -> Any:
    async for event in client.get_workflow_handle(run).fetch_history_events(page_size=1):
        started = event.workflow_execution_started_event_attributes
        arguments = await client.data_converter.decode(started.input.payloads[:1])
        given: Any = arguments[0] if arguments else None
        inline = started.workflow_type.name == INLINE and isinstance(given, Mapping) and "automation" in given
        return given.get("event") if inline else given
    return None


async def outcome(client: Client, run: str) -> str:
    """Return how a run stands: `running`, or its outcome (`terminated` and `timed out` where Temporal ended it)."""
    from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

    handle = client.get_workflow_handle(run)
    status = (await handle.describe()).status
    if status is WorkflowExecutionStatus.COMPLETED:
        try:
            result: Any = await handle.result()
        except WorkflowFailureError:  # another run under the same id ended between the two calls
            return "failed"
        return str(result.get("outcome", "completed")) if isinstance(result, dict) else "completed"
    return "unknown" if status is None else status.name.lower().replace("_", " ")
