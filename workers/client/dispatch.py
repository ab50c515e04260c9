"""Dispatch: starts every automation that an event concerns, and says of each other one why it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.definitions.automations import Match


class Dispatched(TypedDict):
    """What became of one automation, in the public words of the command line and of the workflow type `event`."""

    automation: str
    workflowId: str
    started: bool
    reason: NotRequired[str]


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

    answer: Dispatched = {
        "automation": match.automation,
        "workflowId": f"{match.automation}/{event['id']}",
        "started": False,
    }
    reason = match.reason
    if match.matches:
        try:
            started = await start(client, match.automation, event, task_queue=task_queue, priority=match.priority)
        except TrunklineError as failure:
            reason = str(failure)
        else:
            answer["started"], reason = started.started, started.reason
    if reason is not None and not answer["started"]:
        answer["reason"] = reason
    return answer
