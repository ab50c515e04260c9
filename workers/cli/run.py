"""`trunkline run`: one automation, started by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.markup import escape

from workers.cli.dev import default_folder
from workers.cli.inputs import EventFile, read_event_file
from workers.cli.screen import console, outcome, print_json
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.client.start import StartResult
    from workers.definitions.runnable import Definition
    from workers.settings import Settings

DEFINITIONS = {".yaml", ".yml", ".json"}
UNSUCCESSFUL = {"failed", "canceled", "terminated", "timed out"}

GLANCE = 1.0
"""Seconds within which a run has begun, or has said why it cannot (no worker knows its name, its file is bad)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    automation: str
    definition: tuple[dict[str, Any], Definition] | None
    event: dict[str, Any]
    wait: bool
    again: bool
    json: bool


def run(
    automation: Annotated[str, Parameter(name="NAME|FILE")],
    /,
    *,
    event: EventFile,
    wait: bool = False,
    again: bool = False,
    json: bool = False,
) -> int:
    """Run one automation for an event: one that the workers know by name, or the definition in a file.

    To start by hand is a trigger of its own: the event may be of any type, but the automation's conditions decide.
    It runs once per event, as after `emit`; its `trigger.once` counts where its file is at hand, in the folder of
    TRUNKLINE_AUTOMATIONS, else `automations`, else the examples.

    Args:
        automation: name of an automation, or file of a definition (.yaml, .yml or .json).
        event: JSON file with the event (`-`: standard input); `type` and `data` suffice.
        wait: follow the run to its end; the exit code is 1 if it fails.
        again: run once more for an event for which it has run before, or whose id another source's event has.
        json: print JSON, for scripts: what was started, or with --wait the report.

    Returns:
        0 if the run has begun now or had begun before, 1 if it cannot begin; with --wait 1 also if it does not succeed.
    """
    path = Path(automation)
    wish = _Wish(
        automation=automation,
        definition=_definition(path) if path.suffix.lower() in DEFINITIONS else None,
        event=read_event_file(event),
        wait=wait,
        again=again,
        json=json,
    )
    return asyncio.run(_run(wish))


def _definition(path: Path) -> tuple[dict[str, Any], Definition]:
    """Return the definition in a file, as it is sent and ready to run.

    Raises:
        NotFoundError: there is no such file.
        TrunklineError: it has problems; the sentences say which.
    """
    from workers.cli.catalog import actions_at_hand
    from workers.definitions.environments import Environments
    from workers.definitions.loading import UnreadableFileError, read
    from workers.definitions.problems import serious
    from workers.definitions.runnable import load
    from workers.settings import Settings

    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    try:
        data, source = read(path)
        environments = Environments.read(path.parent, Settings.from_environment().environment)
        definition, problems = load(data, source, actions_at_hand(), environments)
    except UnreadableFileError as error:
        raise TrunklineError(str(error)) from error
    if definition is None:
        raise TrunklineError("\n".join([f"{path} cannot run:", *map(str, serious(problems))]))
    return dict(data), definition


async def _run(wish: _Wish) -> int:
    from workers.client.connecting import connect
    from workers.settings import Settings

    settings = Settings.from_environment()
    client = await connect(settings)
    started = await _start(client, wish, settings)
    screen = console(stderr=wish.json)
    screen.print(escape(started.reason or f"Started {started.workflow_id}."))
    if started.refused is not None:
        if wish.json:
            _print(started)
        return 1
    if not started.started and started.outcome != "running":
        screen.print("  --again runs it once more.")
    if settings.web_ui:
        screen.print(f"  {_link(settings.web_ui, client.namespace, started.workflow_id)}")
    if wish.wait:
        return await _follow(client, started, wish)
    if wish.json:
        _print(started)
    if started.started:
        await _glance(client, started, settings)
    return 0


def _print(started: StartResult) -> None:
    line = {"automation": started.automation, "workflowId": started.workflow_id, "started": started.started}
    print_json({**line, "reason": started.reason} if started.reason else line)


def _link(web_ui: str, namespace: str, run: str) -> str:
    from workers.client.runs import web_address

    return web_address(web_ui, namespace, run)


async def _start(client: Client, wish: _Wish, settings: Settings) -> StartResult:
    from workers.client.start import StartResult, start, start_inline
    from workers.definitions.runnable import NoIdentityError

    name = wish.automation if wish.definition is None else wish.definition[1].name
    try:
        once = _once(wish)
    except NoIdentityError as error:
        run = f"{name}/{wish.event['id']}"
        return StartResult(automation=name, workflow_id=run, started=False, refused=str(error))
    queue, again = settings.task_queue, wish.again
    if wish.definition is None:
        return await start(client, name, wish.event, task_queue=queue, again=again, once=once)
    return await start_inline(client, wish.definition[0], wish.event, task_queue=queue, again=again, once=once)


def _once(wish: _Wish) -> str | None:
    """Return what the automation's `trigger.once` makes of the event, where its definition is at hand.

    Raises:
        NoIdentityError: it comes to nothing.
    """
    from workers.cli.catalog import actions_at_hand
    from workers.definitions.automations import Automations, UnknownAutomationError
    from workers.settings import Settings

    if wish.definition is not None:
        return wish.definition[1].identity(wish.event)
    try:
        environment = Settings.from_environment().environment
        automations = Automations(default_folder(), actions_at_hand(), environment=environment)
        return automations.identity(wish.automation, wish.event)
    except (UnknownAutomationError, NotFoundError):
        console(stderr=True).print(
            f"No definition of {escape(wish.automation)} is at hand here, so what its `trigger.once` may say is not "
            "known: it runs once for the event's source and id."
        )
        return None


async def _glance(client: Client, started: StartResult, settings: Settings) -> None:
    """Say at once what would otherwise be noticed late: that nobody works, or how the run could not begin, or did.

    Raises:
        TrunklineError: it could not begin; the sentence says why.
    """
    from workers.cli.progress import Progress
    from workers.client import runs

    screen = console(stderr=True)
    clock = asyncio.get_running_loop().time
    latest = clock() + GLANCE
    while not await runs.has_workers(client, settings.task_queue):  # it may just have started
        if clock() > latest:
            queue = repr(settings.task_queue)
            screen.print(f"No worker polls the task queue {queue}: the run begins when one does.")
            return
        await asyncio.sleep(GLANCE / 10)
    progress = Progress(screen)
    latest = clock() + GLANCE
    while clock() < latest:
        try:
            report = await runs.report(client, started.workflow_id)
        except UnreachableError:  # it is busy
            return
        progress.note(report)
        if "definitionHash" in report:  # it has begun
            return
        await asyncio.sleep(GLANCE / 10)


async def _follow(client: Client, started: StartResult, wish: _Wish) -> int:
    from workers.cli.progress import follow

    screen = console(stderr=wish.json)
    try:
        report = await follow(client, started.workflow_id, screen)
    except asyncio.CancelledError:
        screen.print(f"The run goes on: trunkline report {escape(quote(started.workflow_id))}")
        raise
    if wish.json:
        print_json(report)
    reason = f": {escape(str(report['reason']))}" if report.get("reason") else ""
    screen.print(f"{escape(started.workflow_id)}: {outcome(report)}{reason}")
    return int(report.get("outcome") in UNSUCCESSFUL)
