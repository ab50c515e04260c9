"""Kept values for the actions that remember and recall, by Temporal's client."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

from temporalio.client import (
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.errors import Refused, Unavailable
from trunkline.keyed import KEYED, RECALL, REMEMBER, VALUE, Change, RecallAnswer, RememberAnswer
from workers.client.keyed import PATIENCE, place_of

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.payloads.keyed_hash import KeyedHash

UNANSWERED = (RPCError, RPCTimeoutOrCancelledError, WorkflowUpdateRPCTimeoutOrCancelledError)


class TemporalKeptValues:
    """Keeps each value in a workflow of Temporal's (see `KeptValues`).

    Args:
        client: connected to the namespace that keeps them.
        keyed: makes their workflow ids.
    """

    def __init__(self, client: Client, keyed: KeyedHash) -> None:
        self.client = client
        self.keyed = keyed

    async def remember(self, automation: str | None, key: str, change: Change) -> RememberAnswer:
        """Change the value under a key, once for each step (see `KeptValues`)."""
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            VALUE,
            id=await self._place(automation, key),
            task_queue=KEYED,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"What {'all automations' if automation is None else automation} remembers under a key",
        )
        try:
            answer = await self.client.execute_update_with_start_workflow(
                REMEMBER, change, start_workflow_operation=start, result_type=dict, rpc_timeout=PATIENCE
            )
        except WorkflowUpdateFailedError as error:
            raise _failed(error) from None
        except UNANSWERED as error:
            with contextlib.suppress(RPCError):
                await start.workflow_handle()  # fails likewise, and complains where nobody looks
            raise Unavailable(f"The kept value could not be asked for: {error}") from None
        return cast("RememberAnswer", answer)

    async def recall(self, automation: str | None, key: str) -> RecallAnswer:
        """Return what is under a key (see `KeptValues`)."""
        handle = self.client.get_workflow_handle(await self._place(automation, key))
        try:
            answer: Any = await handle.execute_update(RECALL, result_type=dict, rpc_timeout=PATIENCE)
        except WorkflowUpdateFailedError as error:
            raise _failed(error) from None
        except UNANSWERED as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return RecallAnswer(found=False, value=None)
            raise Unavailable(f"The kept value could not be asked for: {error}") from None
        return cast("RecallAnswer", answer)

    def ids(self, automation: str | None, key: str) -> list[str]:
        """Return the workflow id of a kept value under each key; what it is kept under cannot be read from it."""
        return [f"{VALUE}/{name}" for name in self.keyed.all(VALUE, automation, key)]

    async def _place(self, automation: str | None, key: str) -> str:
        try:
            return await place_of(self.client, self.ids(automation, key))
        except RPCError as error:
            raise Unavailable(f"The kept value could not be asked for: {error.message}") from None


def _failed(error: WorkflowUpdateFailedError) -> Refused | Unavailable:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "ChangeError":
        return Refused(cause.message)
    return Unavailable(f"The kept value could not be asked for: {cause}")
