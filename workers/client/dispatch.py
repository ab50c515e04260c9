"""Dispatch: starts every automation that an event concerns, and says of each other one why it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.definitions.matching import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What became of one automation.

    Attributes:
        automation: the automation's name.
        workflow_id: id of the run, new or earlier.
        started: whether a new run was started.
        reason: why none was.
        failed: whether one should have been: the event concerns the automation, and has not started it before.
    """

    automation: str
    workflow_id: str
    started: bool = False
    reason: str | None = None
    failed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it in the public words of the command line and of the workflow type `event`."""
        line = {"automation": self.automation, "workflowId": self.workflow_id, "started": self.started}
        return line if self.reason is None else {**line, "reason": self.reason}


async def emit(
    client: Client, matches: Iterable[Match], event: Mapping[str, Any], *, task_queue: str
) -> list[Dispatched]:
    """Start each automation that matches, once for this event.

    Args:
        client: a connected client.
        matches: what `Automations.matching(event)` said.
        event: the whole event.
        task_queue: the task queue of the workers.

    Returns:
        One entry for every automation, in the order of `matches`.
    """
    return list(await asyncio.gather(*(_dispatch(client, match, event, task_queue) for match in matches)))


async def _dispatch(client: Client, match: Match, event: Mapping[str, Any], task_queue: str) -> Dispatched:
    from workers.client.start import start

    name = match.automation
    concerned = Dispatched(automation=name, workflow_id=f"{name}/{event['id']}", reason=match.reason)
    if not match.matches:
        return concerned
    if match.reason is not None:
        return replace(concerned, failed=True)
    try:
        started = await start(client, name, event, task_queue=task_queue, priority=match.priority, once=match.once)
    except TrunklineError as failure:
        return replace(concerned, reason=str(failure), failed=True)
    return Dispatched(
        automation=name,
        workflow_id=started.workflow_id,
        started=started.started,
        reason=started.reason,
        failed=started.refused is not None,
    )
