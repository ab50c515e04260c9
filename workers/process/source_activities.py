"""The local activity by which the workflow type `event` learns whose event a run was started for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temporalio import activity

from trunkline.wire import SOURCE
from workers.client.earlier import source_of

if TYPE_CHECKING:
    from temporalio.client import Client


class SourceActivities:
    """Answers from which source the event came that a run was started for.

    Args:
        client: reads histories.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @activity.defn(name=SOURCE)
    async def source(self, run: str) -> str | None:
        """Return the source of a run's event; None where nobody can say."""
        return await source_of(self.client, run)
