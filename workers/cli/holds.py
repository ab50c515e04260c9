"""`trunkline holds`: what waits for people."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal

from workers.cli.deciding import short_digest, short_request
from workers.cli.options import ANY, Filters
from workers.cli.screen import console, duration, plain, print_json, until
from workers.errors import UnreachableError
from workers.settings import VARIABLES

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.holds import Hold, OpenHolds
    from workers.client.listing import Listed


def holds(
    *,
    filters: Filters = ANY,
    kind: Literal["approval", "failure"] | None = None,
    json: bool = False,
) -> int:
    """Show every step that waits for a person, over all runs, the oldest first.

    Runs that could not be asked are listed as such, and the exit code is 3: there may be more than was seen.

    Args:
        filters: which of them.
        kind: only what waits for an approval, or only what waits after a failure.
        json: print the holds as JSON, for scripts.

    Returns:
        0, also if nothing waits.
    """
    return asyncio.run(_holds(filters, kind, json=json))


async def _holds(filters: Filters, kind: Literal["approval", "failure"] | None, *, json: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.holds import find
    from workers.settings import Settings

    settings = Settings.from_environment()
    wanted = filters.wanted(kind)
    found = await find(await connect(settings), settings.task_queue, wanted, settings.encryption_keys)
    if json:
        print_json([*found.holds, *_rows(found.silent, silent=True), *_rows(found.failed, silent=False)])
        return tell_left(found)
    screen = console()
    for hold in found.holds:
        show_hold(hold, screen)
    for run in found.silent:
        screen.print(f"[yellow]?[/] [bold]{plain(run.run)}[/] holds {plain(_names(run))}, silent")
    if found.silent:
        these = "this run" if len(found.silent) == 1 else f"these {len(found.silent)} runs"
        screen.print(
            f"  No worker answers for {these}: Temporal's list is all that can be told. `trunkline worker` starts one."
        )
    for run in found.failed:
        screen.print(f"[red]![/] [bold]{plain(run.run)}[/] holds {plain(_names(run))}, not asked")
        screen.print(f"    [red]{plain(run.error)}[/]")
    if not found.holds and not found.left:
        screen.print("Nothing waits for anybody." if filters == ANY and kind is None else "Nothing like that waits.")
    return tell_left(found)


def tell_left(found: OpenHolds) -> int:
    """Say on standard error how many runs could not be asked, and return the exit code."""
    count = len(found.left)
    if not count:
        return 0
    runs = "1 run" if count == 1 else f"{count} runs"
    console(stderr=True).print(f"{runs} could not be asked: more may wait than is shown.")
    return UnreachableError.exit_code


def _rows(runs: Iterable[Listed], *, silent: bool) -> Iterator[dict[str, Any]]:
    for run in runs:
        names: list[str | None] = [*run.holds] or [None]
        for name in names:
            yield {"run": run.run, "automation": run.automation, "hold": name, "silent": silent, "error": run.error}


def _names(run: Listed) -> str:
    return ", ".join(map(quote, run.holds)) or "perhaps something"


def show_hold(hold: Hold, screen: Console) -> None:
    """Write a hold for people: what would happen, since when and until when it waits, and who decides how."""
    from workflows.holds.wording import votes, who

    now = datetime.now(UTC)
    age = duration((now - datetime.fromisoformat(hold["openedAt"])).total_seconds())
    what = "for approval" if hold["kind"] == "approval" else "after a failure"
    screen.print(f"[yellow]‖[/] [bold]{plain(hold['label'])}[/] {plain(hold['actionType'])}, held {what} for {age}")
    if hold.get("deadline"):
        screen.print(f"    expires {until(hold['deadline'], now)} ({hold['deadline']})")
    count = f", approved: {votes(hold)}" if hold["kind"] == "approval" else ""
    screen.print(f"    decided by {plain(who(hold))}{plain(count)}")
    if hold.get("error"):
        screen.print(f"    [red]{plain(hold['error']['type'])}: {plain(hold['error']['message'])}[/]")
    if hold.get("missing"):
        screen.print(f"    [yellow]missing: {plain(', '.join(hold['missing']))}[/]")
    screen.print(f"    {plain(short_request(hold))} [dim]{short_digest(hold)}[/]")
    screen.print(f"    [dim]{plain(command(hold))}[/]")


def command(hold: Hold) -> str:
    """Return the command that releases a hold."""
    run, name = quote(hold["run"]), quote(hold["hold"])
    decision = "approve" if hold["kind"] == "approval" else "retry"
    return f"trunkline {decision} {run} {name}{decider_option(hold)}"


def decider_option(hold: Hold, role: Literal["approvers", "operators"] = "approvers") -> str:
    """Return the option that says who decides; nothing where TRUNKLINE_USER does."""
    from workflows.holds.wording import decider

    return "" if os.environ.get(VARIABLES["user"]) else f" --by {quote(decider(hold, role))}"
