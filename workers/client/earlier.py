"""An earlier run under the id that an event would have: whose event it was started for, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workers.client.history.chain import start_of_run
from workers.client.history.values import HistoryValues, given
from workers.errors import NotFoundError
from workflows.event import BY_HAND
from workflows.run.encrypted import MissingKeyError
from workflows.run.payload import PayloadError

if TYPE_CHECKING:
    from temporalio.client import Client


async def source_of(client: Client, run: str) -> str | None:
    """Return the source of the event that a run was started for, as its history has it; no worker is asked.

    Args:
        client: a connected client.
        run: workflow id.

    Returns:
        `manual` where the event names none; None where it was started with no event, or this client cannot read it.
    """
    try:
        _, event = await given(await start_of_run(client, run), HistoryValues(client.data_converter))
    except (MissingKeyError, PayloadError, NotFoundError):  # the last: it has just been deleted
        return None
    source = (event.get("source") or BY_HAND) if isinstance(event, Mapping) else None
    return source if isinstance(source, str) else None


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
