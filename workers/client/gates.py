"""Gates, by Temporal's client: runs come to them and leave."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

from trunkline.keyed import ENTER, GATE, KEYED, LEFT, TRY, Entrance, Inside, Standing
from workers.client.keyed import PATIENCE, missing, place_of, standing

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.payloads.keyed_hash import KeyedHash


class Gates:
    """Brings runs to the gates of their keys.

    Args:
        client: connected to the namespace of the runs.
        keyed: makes the gates' workflow ids.
    """

    def __init__(self, client: Client, keyed: KeyedHash) -> None:
        self.client = client
        self.keyed = keyed

    async def enter(self, entrance: Entrance) -> str | None:
        """Bring a run to its gate, once; return who is inside, where that keeps it from being started."""
        if entrance["admission"]["mode"] == "skip":
            return await self._attempted(entrance)
        from temporalio.common import WorkflowIDConflictPolicy

        await self.client.start_workflow(
            GATE,
            id=await self._place(entrance),
            task_queue=KEYED,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=ENTER,
            start_signal_args=[entrance],
            static_summary=_summary(entrance),
            rpc_timeout=PATIENCE,
        )
        return None

    async def leave(self, entrance: Entrance) -> None:
        """Tell a gate that a run has ended."""
        with missing():
            await self.client.get_workflow_handle(await self._place(entrance)).signal(
                LEFT, entrance["run"], rpc_timeout=PATIENCE
            )

    async def standing(self, run: str) -> Standing:
        """Return how a run stands."""
        return await standing(self.client, run)

    def ids(self, entrance: Entrance) -> list[str]:
        """Return the workflow id of a gate under each key; the gate's key cannot be read from it."""
        parts = (GATE, entrance["automation"], entrance["admission"]["key"])
        return [f"{GATE}/{name}" for name in self.keyed.all(*parts)]

    async def _place(self, entrance: Entrance) -> str:
        return await place_of(self.client, self.ids(entrance))

    async def _attempted(self, entrance: Entrance) -> str | None:
        from temporalio.client import WithStartWorkflowOperation
        from temporalio.common import WorkflowIDConflictPolicy
        from temporalio.service import RPCError

        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            GATE,
            id=await self._place(entrance),
            task_queue=KEYED,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=_summary(entrance),
        )
        try:
            answer: Any = await self.client.execute_update_with_start_workflow(
                TRY, entrance, start_workflow_operation=start, result_type=dict, rpc_timeout=PATIENCE
            )
        except BaseException:
            with contextlib.suppress(RPCError):
                await start.workflow_handle()  # fails likewise, and complains where nobody looks
            raise
        return cast("Inside", answer)["run"]


def _summary(entrance: Entrance) -> str:
    return f"Lets the runs of {entrance['automation']} for one key go on"
