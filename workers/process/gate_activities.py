"""The activities by which runs come to the gates of their keys and leave them, and by which a gate looks at runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from temporalio import activity

from trunkline.keyed import COME, LEAVE_GATE, STANDING, Entrance, Standing
from workers.client.gates import Gates

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.payloads.keyed_hash import KeyedHash


class GateActivities:
    """What runs, dispatched events and gates ask.

    Args:
        client: connected to the namespace of the runs.
        keyed: makes the gates' workflow ids.
    """

    def __init__(self, client: Client, keyed: KeyedHash) -> None:
        self.gates = Gates(client, keyed)

    def activities(self) -> list[Callable[..., Any]]:
        """Return the activities of runs and of dispatched events."""
        return [self.enter, self.leave]

    @activity.defn(name=COME)
    async def enter(self, entrance: dict[str, Any]) -> str | None:
        """Bring a run to its gate, and return who keeps it from being started."""
        return await self.gates.enter(cast("Entrance", entrance))

    @activity.defn(name=LEAVE_GATE)
    async def leave(self, entrance: dict[str, Any]) -> None:
        """Tell a gate that a run has ended."""
        await self.gates.leave(cast("Entrance", entrance))

    @activity.defn(name=STANDING)
    async def standing(self, run: str) -> Standing:
        """Say how a run stands."""
        return await self.gates.standing(run)
