"""Schedules of a development environment: kept in step with its folder, as `trunkline deploy` does once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio.service import RPCError

from activities.action import Action
from workers.client.deploying import ScheduleChange, apply, compare, wishes_of
from workers.definitions.automations import Automations
from workers.definitions.defaults import DEVELOPMENT
from workers.errors import TrunklineError
from workers.process.watching import SETTLED, pause

if TYPE_CHECKING:
    from temporalio.client import Client

log = logging.getLogger(__name__)


async def keep_schedules(  # noqa: PLR0913 # what it works with, by name
    client: Client,
    folder: Path,
    actions: Mapping[str, Action],
    task_queue: str,
    tell: Callable[[list[ScheduleChange]], None],
    *,
    environment: str = DEVELOPMENT,
) -> None:
    """Deploy the schedules of a folder now, and whenever its files have changed, until this is canceled.

    Args:
        client: connected to the environment's Temporal.
        folder: the automations.
        actions: every action by name.
        task_queue: the worker's.
        tell: called with what was changed, where something was.
        environment: the name of the environment whose values the automations take.
    """
    # the worker tells what it reads
    automations = Automations(folder, actions, SETTLED, tells=False, environment=environment)
    deployed = -1
    while True:
        if await automations.aside(automations.look) and automations.reads != deployed:
            reads = automations.reads
            try:
                wishes = await automations.aside(lambda: wishes_of(automations))
                changes = await apply(client, await compare(client, task_queue, wishes))
            except (TrunklineError, RPCError) as error:
                log.warning("The schedules could not be deployed, which is tried again: %s", error)
            else:
                deployed = reads
                if changed := [change for change in changes if change.what not in {"none", "keep"}]:
                    tell(changed)
        await asyncio.sleep(pause(automations.files))
