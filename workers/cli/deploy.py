"""`trunkline deploy`: Temporal's schedules become those of a folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from workers.cli.dev import EXAMPLES, own_folder
from workers.cli.schedule_lines import DONE, MARKS, PLANNED, line
from workers.cli.screen import console, plain, print_json
from workers.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from workers.client.deploying import ScheduleChange


def deploy(folder: Path | None = None, /, *, plan: bool = False, json: bool = False) -> int:
    """Make Temporal keep the schedules of a folder: create what is new, update what differs, remove what is gone.

    Only schedules of the own task queue are touched (TRUNKLINE_TASK_QUEUE). One that is paused stays so. Where a file
    is bad, the schedule of its automation is kept as it is, and the exit code is 1. Run it whenever the automations of
    the workers change; `trunkline dev` does so by itself.

    Args:
        folder: the automations (TRUNKLINE_AUTOMATIONS, else `automations`).
        plan: show what would be done, and change nothing.
        json: print the result as JSON, for scripts.

    Returns:
        0 if every definition of the folder is good, else 1.
    """
    return asyncio.run(_deploy(_folder(folder), plan=plan, json=json))


def _folder(given: Path | None) -> Path:
    folder = given or own_folder()
    if folder is None:
        raise NotFoundError(
            "Nothing was deployed: there is no folder `automations` here, and TRUNKLINE_AUTOMATIONS names no other. "
            f"For the examples, name {EXAMPLES}."
        )
    if not folder.is_dir():
        raise NotFoundError(f"Nothing was deployed: there is no folder {folder}.")
    return folder


async def _deploy(folder: Path, *, plan: bool, json: bool) -> int:
    from workers.cli.catalog import actions_at_hand
    from workers.client.connecting import connect
    from workers.client.deploying import apply, compare, wishes_of
    from workers.definitions.automations import Automations
    from workers.definitions.problems import serious
    from workers.settings import Settings

    settings = Settings.from_environment()
    automations = Automations(folder, actions_at_hand(), environment=settings.environment)
    wishes = wishes_of(automations)
    client = await connect(settings)
    changes = await compare(client, settings.task_queue, wishes)
    if not plan:
        changes = await apply(client, changes)
    if json:
        print_json([change.to_json() for change in changes])
    else:
        show(changes, settings.task_queue, console(), plan=plan)
    return 1 if serious(automations.problems()) else 0


def show(changes: Iterable[ScheduleChange], task_queue: str, screen: Console, *, plan: bool) -> None:
    """Write what was done, or would be."""
    changes = list(changes)
    if not changes:
        screen.print(f"No automation has a schedule, and the task queue {plain(task_queue)} has none.")
    words = PLANNED if plan else DONE
    for change in changes:
        screen.print(f"{MARKS[change.what]} {words[change.what]}: {line(change.kept)}")
        if change.why is not None:
            screen.print(f"    {plain(change.why)}")
    if plan and any(change.what in {"create", "update", "remove"} for change in changes):
        screen.print("Nothing was changed: this is a plan.")
