"""Schedules as people read them, in one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.cli.screen import plain

if TYPE_CHECKING:
    from workers.client.deploying import What
    from workers.client.schedules import StoredSchedule

MARKS: dict[What, str] = {
    "create": "[green]+[/]",
    "update": "[yellow]~[/]",
    "remove": "[red]-[/]",
    "none": "[dim]=[/]",
    "keep": "[red]![/]",
}
DONE: dict[What, str] = {
    "create": "created",
    "update": "updated",
    "remove": "removed",
    "none": "unchanged",
    "keep": "kept",
}
PLANNED: dict[What, str] = {**DONE, "create": "to create", "update": "to update", "remove": "to remove"}


def line(kept: StoredSchedule) -> str:
    """Return a schedule in one line of markup."""
    paused = " [yellow]paused[/]" if kept.paused else ""
    coming = f" [dim]next {kept.coming[0]}[/]" if kept.coming and not kept.paused else ""
    return f"[bold]{plain(kept.automation)}[/] {plain(kept.text)}{paused}{coming}"
