"""`trunkline runs`: all runs, and the state of each."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from workers.cli.options import age
from workers.cli.screen import console, duration, outcome, plain, print_json
from workers.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.states import FoundRuns, Outcome

MARKS = {
    "parked": "[yellow]◦[/]",
    "held": "[yellow]‖[/]",
    "retrying": "[red]↻[/]",
    "waiting": "[cyan]…[/]",
    "running": "[cyan]▸[/]",
}

How = Literal["completed", "failed", "rejected", "skipped", "canceled", "terminated", "timed-out"]


def runs(
    *,
    automation: str | None = None,
    state: Literal["held", "waiting", "retrying", "parked"] | None = None,
    outcome: Annotated[How | None, Parameter(name="--outcome")] = None,
    older_than: str | None = None,
    json: bool = False,
) -> int:
    """List runs, the newest first: what each waits for or tries again and why, or how it ended.

    held: it waits for a person. waiting: a `wait` has not passed yet, its date has not come,
    or a run that it called goes on. retrying: an action failed and is tried again.
    parked: its file is bad or not settled, or no worker knows its name yet, so that it cannot begin. A run may be
    several of them, and ones that are none of them just run. Runs that could not be asked are listed as such, and the
    exit code is 3.

    Args:
        automation: only of this automation.
        state: only what is so now.
        outcome: only what ended so.
        older_than: only what began longer ago than this: 90s, 15m, 2h30m, 3d.
        json: print the runs as JSON, for scripts.

    Returns:
        0, also if there are none.
    """
    if state is not None and outcome is not None:
        raise UsageError("--state is about runs that go on, --outcome about those that have ended: say one of them.")
    from workers.client.states import WantedRuns

    how: Outcome | None = "timed out" if outcome == "timed-out" else outcome
    older = None if older_than is None else age(older_than)
    return asyncio.run(_runs(WantedRuns(automation=automation, state=state, outcome=how, older_than=older), json=json))


async def _runs(wanted: Any, *, json: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.states import find
    from workers.settings import Settings

    settings = Settings.from_environment()
    found = await find(await connect(settings), settings.task_queue, wanted, settings.web_ui)
    if json:
        print_json([*found.rows, *found.left])
    else:
        for row in found.rows:
            show_run(row, console())
        for row in found.left:
            show_run(row, console())
        if not found.rows and not found.left:
            console().print("There are no such runs.")
    return tell_left(found)


def tell_left(found: FoundRuns) -> int:
    """Say on standard error how many runs could not be asked, and return the exit code."""
    if not found.left:
        return 0
    runs = "1 run" if len(found.left) == 1 else f"{len(found.left)} runs"
    console(stderr=True).print(f"{runs} could not be asked, and may be what you look for or not.")
    return UnreachableError.exit_code


def show_run(row: dict[str, Any], screen: Console) -> None:
    """Write one run for people."""
    if "error" in row:
        screen.print(f"[yellow]?[/] [bold]{plain(row['run'])}[/] not asked")
        screen.print(f"    [red]{plain(row['error'])}[/]")
    else:
        begun = datetime.fromisoformat(row["startedAt"])
        ended = datetime.fromisoformat(row["endedAt"]) if "endedAt" in row else datetime.now(UTC)
        lasted = duration((ended - begun).total_seconds())
        mark = MARKS.get(row["state"], "[dim]·[/]")
        what = outcome(row) if row["outcome"] else ", ".join(row["states"]) or "running"
        screen.print(f"{mark} [bold]{plain(row['run'])}[/] {what} [dim]since {row['startedAt']}, {lasted}[/]")
        for sentence in row["why"]:
            screen.print(f"    {plain(sentence)}")
    if row.get("url"):
        screen.print(f"    [dim]{plain(row['url'])}[/]")
