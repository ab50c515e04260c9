"""`trunkline holds`: what waits for people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal

from workers.cli.deciding import short_digest, short_request
from workers.cli.options import ANY, Filters
from workers.cli.screen import console, duration, plain, print_json, until

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.holds import Hold, Silent

SILENT = (
    "No worker answers for this run: what Temporal's list says is all that can be told. Start one (`trunkline worker`)."
)


def holds(
    *,
    filters: Filters = ANY,
    kind: Literal["approval", "failure"] | None = None,
    json: bool = False,
) -> int:
    """Show every step that waits for a person, over all runs, the oldest first.

    Args:
        filters: which of them.
        kind: only what waits for an approval, or only what waits after a failure.
        json: print the holds as JSON, for scripts.

    Returns:
        0, also if nothing waits.
    """
    return asyncio.run(_holds(filters, kind, json=json))


async def _holds(filters: Filters, kind: Literal["approval", "failure"] | None, *, json: bool) -> int:
    from workers.client.holds import find
    from workers.client.start import connect
    from workers.settings import Settings

    settings = Settings.from_environment()
    wanted = filters.wanted(kind)
    found = await find(await connect(settings), settings.task_queue, wanted, settings.encryption_keys)
    if json:
        print_json([*found.holds, *(row for silent in found.silent for row in _silent_rows(silent))])
        return 0
    screen = console()
    for hold in found.holds:
        show_hold(hold, screen)
    _show_silent(found.silent, screen)
    if not found.holds and not found.silent:
        screen.print("Nothing waits for anybody." if filters == ANY and kind is None else "Nothing like that waits.")
    return 0


def _silent_rows(silent: Silent) -> Iterator[dict[str, Any]]:
    names: list[str | None] = [*silent.holds] or [None]
    for name in names:
        yield {"run": silent.run, "automation": silent.automation, "hold": name, "silent": True, "message": SILENT}


def _show_silent(silents: Iterable[Silent], screen: Console) -> None:
    kept = list(silents)
    for silent in kept:
        names = ", ".join(map(quote, silent.holds)) or "perhaps something"
        screen.print(f"[yellow]?[/] [bold]{plain(silent.run)}[/] holds {plain(names)}, silent")
    if kept:
        these = "this run" if len(kept) == 1 else f"these {len(kept)} runs"
        screen.print(
            f"  No worker answers for {these}: Temporal's list is all that can be told. `trunkline worker` starts one."
        )


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
    screen.print(f"    {plain(short_request(hold))} [dim]{short_digest(hold)}[/]")
    screen.print(f"    [dim]{plain(command(hold))}[/]")


def command(hold: Hold) -> str:
    """Return the command that releases a hold."""
    run, name = quote(hold["run"]), quote(hold["hold"])
    if hold["kind"] == "approval":
        return f"trunkline approve {run} {name}"
    return f"trunkline retry {run} {name}"
