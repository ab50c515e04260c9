"""`trunkline schedules`: what Temporal starts by itself, and when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cyclopts import App

from workers.cli.schedule_lines import line
from workers.cli.screen import console, plain, print_json

if TYPE_CHECKING:
    from workers.client.schedules import StoredSchedule

schedules = App(name="schedules", help="What Temporal starts by itself, and when.", help_epilogue="")


@schedules.default
def list_schedules(*, json: bool = False) -> int:
    """List the schedules of the task queue: when each starts its automation, whether it is paused, and what runs.

    Args:
        json: print the schedules as JSON, for scripts.

    Returns:
        0, also if there are none.
    """
    return asyncio.run(_list(json=json))


@schedules.command(help_epilogue="")
def pause(name: str, /, *, reason: str | None = None, json: bool = False) -> int:
    """Let a schedule start nothing until it is resumed, whatever is deployed meanwhile.

    The instants that pass are not made up for. What runs goes on.

    Args:
        name: the automation's name.
        reason: why, for others who look.
        json: print the schedule as JSON, for scripts.

    Returns:
        0 if it is paused now, 4 if there is no such schedule.
    """
    return asyncio.run(_pause(name, paused=True, reason=reason, json=json))


@schedules.command(help_epilogue="")
def resume(name: str, /, *, reason: str | None = None, json: bool = False) -> int:
    """Let a schedule start its automation again, from its next instant on.

    Args:
        name: the automation's name.
        reason: why, for others who look.
        json: print the schedule as JSON, for scripts.

    Returns:
        0 if it goes on now, 4 if there is no such schedule.
    """
    return asyncio.run(_pause(name, paused=False, reason=reason, json=json))


async def _list(*, json: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.schedules import kept
    from workers.settings import Settings

    settings = Settings.from_environment()
    found = await kept(await connect(settings), settings.task_queue)
    if json:
        print_json([one.to_json() for one in found])
        return 0
    for one in found:
        _show(one)
    if not found:
        console().print(f"The task queue {plain(settings.task_queue)} has no schedules; `trunkline deploy` makes them.")
    return 0


async def _pause(name: str, *, paused: bool, reason: str | None, json: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.schedules import pause as set_pause
    from workers.settings import Settings

    settings = Settings.from_environment()
    by = f" by {settings.user}" if settings.user else ""
    note = reason or f"{'Paused' if paused else 'Resumed'}{by} with trunkline schedules."
    one = await set_pause(await connect(settings), settings.task_queue, name, paused=paused, note=note)
    if json:
        print_json(one.to_json())
    else:
        _show(one)
    return 0


def _show(one: StoredSchedule) -> None:
    screen = console()
    screen.print(f"{'[yellow]‖[/]' if one.paused else '[cyan]▸[/]'} {line(one)}")
    if one.paused and one.note:
        screen.print(f"    {plain(one.note)}")
    for run in one.running:
        screen.print(f"    runs: {plain(run)}")
