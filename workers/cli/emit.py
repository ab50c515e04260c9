"""`trunkline emit`: an event happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from workers.cli.dev import default_folder
from workers.cli.inputs import EventFile, read_event_file
from workers.cli.screen import console, print_json
from workers.errors import NotFoundError

if TYPE_CHECKING:
    from workers.client.dispatch import Dispatched


def emit(event: EventFile, /, *, json: bool = False) -> int:
    """Start every automation of the folder whose trigger and conditions match an event.

    The folder is that of TRUNKLINE_AUTOMATIONS, else `automations` if there is that folder, else the examples.
    Each runs once per event: a repeated event is harmless and answered with how the earlier run stands. The exit code
    is 1 where a definition of the folder is bad, because nobody can say whether the event concerns it.

    Args:
        event: JSON file with the event (`-`: standard input).
        json: print the result as JSON, for scripts.

    Returns:
        0 if every definition of the folder is good, else 1; those that are good start all the same.
    """
    return asyncio.run(_emit(read_event_file(event), json=json))


async def _emit(event: dict[str, Any], *, json: bool) -> int:
    from workers.cli.catalog import actions_at_hand
    from workers.client import dispatch
    from workers.client.start import connect
    from workers.definitions.automations import Automations
    from workers.definitions.problems import serious
    from workers.settings import Settings

    settings = Settings.from_environment()
    folder = default_folder()
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {folder} with automations: TRUNKLINE_AUTOMATIONS names one.")
    automations = Automations(folder, actions_at_hand())
    matches = [*automations.matching(event)]
    client = await connect(settings)
    results = await dispatch.emit(client, matches, event, task_queue=settings.task_queue)
    if json:
        print_json(results)
    else:
        _show(results, event)
    return 1 if serious(automations.problems()) else 0


def _show(results: list[Dispatched], event: dict[str, Any]) -> None:
    screen = console()
    screen.print(f"{escape(event['type'])} {escape(event['id'])}")
    for result in results:
        if result["started"]:
            screen.print(f"  [green]✓[/] {escape(result['automation'])}: started {escape(result['workflowId'])}")
        else:
            reason = result.get("reason", "not started")
            screen.print(f"  [dim]-[/] {escape(result['automation'])}: {escape(reason)}")
    if not results:
        screen.print("  No automation is there to start.")
