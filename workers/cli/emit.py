"""`trunkline emit`: an event happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from workers.cli.dev import EXAMPLES, own_folder
from workers.cli.inputs import EventFile, read_event_file
from workers.cli.screen import console, print_json
from workers.errors import NotFoundError

if TYPE_CHECKING:
    from workers.client.dispatch import DispatchResult


def emit(event: EventFile, /, *, all: bool = False, json: bool = False) -> int:  # noqa: A002  # as users write it
    """Start every automation of the folder whose trigger and conditions match an event, and tell runs that wait for it.

    The folder is that of TRUNKLINE_AUTOMATIONS, else `automations`; the examples only where it names them.
    Each runs once per event: a repeated event is harmless and answered with how the earlier run stands. An event is the
    same where its source and its id are, or what `trigger.once` makes of it. The exit code is 1 where a definition of
    the folder is bad, because nobody can say whether the event concerns it, and where the event should have started
    an automation and could not: its id is that of another source's event, or `trigger.once` comes to nothing for it.

    Args:
        event: JSON file with the event (`-`: standard input).
        all: list every automation, also those whose trigger is another type.
        json: print the result as JSON, for scripts.

    Returns:
        0 if every definition of the folder is good and starts or had started, else 1; the others start all the same.
    """
    return asyncio.run(_emit(read_event_file(event), every=all, json=json))


async def _emit(event: dict[str, Any], *, every: bool, json: bool) -> int:
    from workers.cli.catalog import actions_at_hand
    from workers.client import dispatch
    from workers.client.connecting import connect
    from workers.definitions.automations import Automations
    from workers.definitions.problems import serious
    from workers.settings import Settings
    from workers.tracing.requests import command_span
    from workers.tracing.setting import interceptors, traced

    settings = Settings.from_environment()
    folder = own_folder()
    if folder is None:
        raise NotFoundError(
            "Nothing was started: there is no folder `automations` here, and TRUNKLINE_AUTOMATIONS names no other. "
            f"For the examples, set TRUNKLINE_AUTOMATIONS={EXAMPLES}."
        )
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {folder} with automations: TRUNKLINE_AUTOMATIONS names one.")
    automations = Automations(folder, actions_at_hand(), environment=settings.environment)
    matches = [*automations.matching(event)]
    others = [dispatch.not_started(match, event) for match in automations.others(event["type"])]
    with traced("trunkline-emit") as tracing, command_span(tracing, "emit"):
        client = await connect(settings, interceptors=interceptors(tracing))
        results = await dispatch.emit(
            client, matches, event, task_queue=settings.task_queue, keys=settings.encryption_keys
        )
    if every:
        results = sorted([*results, *others], key=lambda result: (result.delivered, result.automation))
    if json:
        print_json([result.to_json() for result in results])
    else:
        _show(results, event, others=0 if every else len(others))
    failed = any(result.failed for result in results)
    return 1 if failed or serious(automations.problems()) else 0


def _show(results: list[DispatchResult], event: dict[str, Any], *, others: int) -> None:
    screen = console()
    screen.print(f"{escape(event['type'])} {escape(event['id'])}")
    for result in results:
        if result.started:
            screen.print(f"  [green]✓[/] {escape(result.automation)}: started {escape(result.workflow_id)}")
        elif result.delivered:
            screen.print(f"  [green]✓[/] {escape(result.automation)}: brought to {escape(result.workflow_id)}")
        else:
            mark = "[red]✗[/]" if result.failed else "[dim]-[/]"
            screen.print(f"  {mark} {escape(result.automation)}: {escape(result.reason or 'not started')}")
    if not results:
        screen.print(f"  No automation has the trigger {escape(event['type'])}.")
    if others:
        screen.print(f"  [dim]{others} with other triggers: --all lists them.[/]")
