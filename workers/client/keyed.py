"""Small workflows that are found by a keyed hash, as clients find them: under the first key, or an older one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from trunkline.keyed import Standing

if TYPE_CHECKING:
    from temporalio.client import Client

PATIENCE = timedelta(seconds=10)
"""How long Temporal, or the worker that carries out such a workflow, may take to answer."""


@contextlib.contextmanager
def missing() -> Iterator[None]:
    """Leave the block where there is no such workflow, or it has ended."""
    from temporalio.service import RPCError, RPCStatusCode

    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def is_open(client: Client, place: str) -> bool:
    """Say whether a workflow is under way; Temporal answers that itself, and no worker is asked."""
    return await standing(client, place) == "running"


async def standing(client: Client, place: str) -> Standing:
    """Return how a workflow stands.

    Temporal finds the current run first and reads it then: what has closed meanwhile may have continued as new, or been
    reset.
    """
    from temporalio.client import WorkflowExecutionStatus

    handle = client.get_workflow_handle(place)
    with missing():
        found = await handle.describe(rpc_timeout=PATIENCE)
        while found.status is not WorkflowExecutionStatus.RUNNING:
            closed, found = found.run_id, await handle.describe(rpc_timeout=PATIENCE)
            if found.run_id == closed:
                return "ended"
        return "running"
    return "missing"


async def place_of(client: Client, places: Sequence[str]) -> str:
    """Return where something is kept: under an older key while it is there, else under the first one."""
    for place in places[1:]:
        if await is_open(client, place):
            return place
    return places[0]
