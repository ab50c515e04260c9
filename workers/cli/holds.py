"""`trunkline holds`: what waits for people."""

from __future__ import annotations

import asyncio
import json as json_text
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from workers.cli.screen import console, duration, print_json, until

if TYPE_CHECKING:
    from rich.console import Console

LONGEST_REQUEST = 400


def holds(*, json: bool = False) -> int:
    """Show every step that waits for a person, over all runs, the oldest first.

    Args:
        json: print the holds as JSON, for scripts.
    """
    return asyncio.run(_holds(json=json))


async def _holds(*, json: bool) -> int:
    from workers import runs
    from workers.client import connect
    from workers.settings import Settings

    settings = Settings.from_environment()
    found = await runs.holds(await connect(settings), settings.task_queue)
    if json:
        print_json(found.holds)
    else:
        screen = console()
        for hold in found.holds:
            show_hold(hold, screen)
        if not found.holds and not found.silent:
            screen.print("Nothing waits for anybody.")
    if found.silent:
        runs_text = escape(", ".join(found.silent))
        console(stderr=True).print(f"No worker answers for these runs, which may hold something: {runs_text}")
    return 0


def show_hold(hold: dict[str, Any], screen: Console) -> None:
    """Write a hold for people: what would happen, since when and until when it waits, and who decides how."""
    now = datetime.now(UTC)
    age = duration((now - datetime.fromisoformat(hold["openedAt"])).total_seconds())
    what = "for approval" if hold["kind"] == "approval" else "after a failure"
    screen.print(f"[yellow]‖[/] [bold]{escape(hold['label'])}[/] {escape(hold['actionType'])}, held {what} for {age}")
    if hold.get("deadline"):
        screen.print(f"    expires {until(hold['deadline'], now)} ({hold['deadline']})")
    if hold.get("approvers"):
        screen.print(f"    decided by {escape(', '.join(hold['approvers']))}")
    if hold.get("error"):
        screen.print(f"    [red]{escape(hold['error']['type'])}: {escape(hold['error']['message'])}[/]")
    screen.print(f"    {escape(_request(hold['request']))}")
    screen.print(f"    [dim]{escape(command(hold))}[/]")


def _request(request: dict[str, Any]) -> str:
    text = json_text.dumps(request.get("config"), ensure_ascii=False)
    return text if len(text) <= LONGEST_REQUEST else f"{text[:LONGEST_REQUEST]}…"


def command(hold: dict[str, Any]) -> str:
    """Return the command that releases a hold."""
    from shlex import quote

    run, name = quote(hold["run"]), quote(hold["hold"])
    if hold["kind"] == "approval":
        return f"trunkline approve {run} {name}"
    return f"trunkline decide {run} {name} retry|skip|stop"
