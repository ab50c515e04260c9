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
from workers.client.wanted import Kind, OpenHold, missing_in
from workers.errors import UnreachableError, UsageError
from workers.settings import VARIABLES

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.holds import OpenHolds
    from workers.client.listing import ListedRun


def holds(
    *,
    filters: Filters = ANY,
    kind: Literal["approval", "failure"] | None = None,
    page: int | None = None,
    show: bool = False,
    json: bool = False,
) -> int:
    """Show the steps that wait for a person, over all runs, the oldest first, 50 runs at a time.

    Runs that could not be asked are listed as such, and the exit code is 3: there may be more than was seen.

    Args:
        filters: which of them.
        kind: only what waits for an approval, or only what waits after a failure.
        page: which 50 runs; by default the first, with --json all.
        show: with --json: ask each run for its requests, also where there are more than 50.
        json: print the holds as JSON, for scripts.

    Returns:
        0, also if nothing waits.
    """
    if page is not None and page < 1:
        raise UsageError("--page counts from 1.")
    if show and not json:
        raise UsageError("--show goes with --json: without it, every request of a page is shown.")
    return asyncio.run(_json(filters, kind, page, show=show) if json else _screen(filters, kind, page or 1))


async def _json(filters: Filters, kind: Kind | None, number: int | None, *, show: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.holds import listed_holds, open_holds
    from workers.client.waiting import ON_A_PAGE, every, page
    from workers.settings import Settings

    settings = Settings.from_environment()
    wanted = filters.wanted(kind)
    client = await connect(settings)
    queue, keys = settings.task_queue, settings.encryption_keys
    if number is None:
        runs = await every(client, queue, wanted, keys)
    else:
        runs = (await page(client, queue, wanted, number, keys)).runs
    collect = open_holds if show or len(runs) <= ON_A_PAGE else listed_holds
    found = await collect(client, queue, runs, wanted)
    print_json([*found.holds, *_rows(found.silent, silent=True), *_rows(found.failed, silent=False)])
    return tell_left(found)


async def _screen(filters: Filters, kind: Kind | None, number: int) -> int:
    from workers.client.connecting import connect
    from workers.client.holds import open_holds
    from workers.client.waiting import page
    from workers.settings import Settings

    settings = Settings.from_environment()
    wanted = filters.wanted(kind)
    client = await connect(settings)
    shown = await page(client, settings.task_queue, wanted, number, settings.encryption_keys)
    found = await open_holds(client, settings.task_queue, shown.runs, wanted)
    screen = console()
    for hold in found.holds:
        show_hold(hold, screen)
    for run in found.silent:
        screen.print(f"[yellow]?[/] [bold]{plain(run.run)}[/] holds {plain(_names(run))}, silent")
        for hold in run.rows:
            screen.print(f"    {plain(hold['label'])}, held for {_age(hold)} [dim]{short_digest(hold)}[/]")
    if found.silent:
        these = "this run" if len(found.silent) == 1 else f"these {len(found.silent)} runs"
        screen.print(
            f"  No worker answers for {these}: Temporal's list is all that can be told. `trunkline worker` starts one."
        )
    for run in found.failed:
        screen.print(f"[red]![/] [bold]{plain(run.run)}[/] holds {plain(_names(run))}, not asked")
        screen.print(f"    [red]{plain(run.error)}[/]")
    if shown.pages > 1:
        more = f"; `--page {number + 1}` shows the next" if number < shown.pages else ""
        screen.print(f"Page {number} of {shown.pages:,}: {shown.total:,} runs wait for people{more}.")
    elif not found.holds and not found.left:
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


def _rows(runs: Iterable[ListedRun], *, silent: bool) -> Iterator[dict[str, Any]]:
    for run in runs:
        known: dict[str | None, OpenHold] = {hold["hold"]: hold for hold in run.rows}
        for name in dict.fromkeys([*known, *run.holds]) or [None]:
            row = {"run": run.run, "automation": run.automation, "hold": name}
            yield {**known.get(name, row), "silent": silent, "error": run.error}


def _age(hold: OpenHold) -> str:
    return duration((datetime.now(UTC) - datetime.fromisoformat(hold["openedAt"])).total_seconds())


def _names(run: ListedRun) -> str:
    return ", ".join(map(quote, run.holds)) or "perhaps something"


def show_hold(hold: OpenHold, screen: Console) -> None:
    """Write a hold for people: what would happen, since when and until when it waits, and who decides how."""
    from workflows.holds.wording import votes, who

    now = datetime.now(UTC)
    what = "for approval" if hold["kind"] == "approval" else "after a failure"
    screen.print(
        f"[yellow]‖[/] [bold]{plain(hold['label'])}[/] {plain(hold['actionType'])}, held {what} for {_age(hold)}"
    )
    if hold.get("deadline"):
        screen.print(f"    expires {until(hold['deadline'], now)} ({hold['deadline']})")
    count = f", approved: {votes(hold)}" if hold["kind"] == "approval" else ""
    screen.print(f"    decided by {plain(who(hold))}{plain(count)}")
    if hold.get("error"):
        screen.print(f"    [red]{plain(hold['error']['type'])}: {plain(hold['error']['message'])}[/]")
    if missing := missing_in(hold):
        screen.print(f"    [yellow]missing: {plain(', '.join(missing))}[/]")
    screen.print(f"    {plain(short_request(hold))} [dim]{short_digest(hold)}[/]")
    screen.print(f"    [dim]{plain(command(hold))}[/]")


def command(hold: OpenHold) -> str:
    """Return the command that releases a hold."""
    run, name = quote(hold["run"]), quote(hold["hold"])
    decision = "approve" if hold["kind"] == "approval" else "retry"
    return f"trunkline {decision} {run} {name}{decider_option(hold)}"


def decider_option(hold: OpenHold, role: Literal["approvers", "operators"] = "approvers") -> str:
    """Return the option that says who decides; nothing where TRUNKLINE_USER does."""
    from workflows.holds.wording import decider

    return "" if os.environ.get(VARIABLES["user"]) else f" --by {quote(decider(hold, role))}"
