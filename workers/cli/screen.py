"""How commands write: people get lines and colour where their terminal has it, scripts get JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from trunkline.wire import Entry
from workflows.holds.wording import tolerance, visible

WIDE = 200
MINUTE = 60.0
DAYS = 2
"""From when on durations are told in days."""
MARKS = {
    "pending": "[dim]·[/]",
    "running": "[cyan]▸[/]",
    "held": "[yellow]‖[/]",
    "succeeded": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "unknown": "[red]?[/]",
    "rejected": "[yellow]✗[/]",
    "expired": "[yellow]✗[/]",
    "superseded": "[yellow]✗[/]",
    "skipped": "[dim]-[/]",
    "canceled": "[dim]✗[/]",
}
OUTCOMES = {"completed": "green", "failed": "red", "rejected": "yellow", "canceled": "yellow", "skipped": "dim"}


def console(*, stderr: bool = False) -> Console:
    """Return a console that never breaks lines where nobody watches."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)
    if not made.is_terminal:
        made.width = WIDE
    return made


def plain(text: str) -> str:
    """Return a text as markup that shows it as it is, with nothing in it hidden."""
    return escape(visible(text))


def print_json(value: Any) -> None:
    """Write a value for scripts: JSON and nothing else, in ASCII, so that nothing in it is hidden."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def mark(status: str) -> str:
    """Return the sign of a step's status, as markup."""
    return MARKS.get(status, "·")


def outcome(report: Mapping[str, Any]) -> str:
    """Return the outcome of a report, or of a row about a run, as markup, with what it leaves unsaid."""
    name = report.get("outcome")
    if name is None:
        return "[cyan]running[/]"
    return f"[{OUTCOMES.get(name, 'default')}]{escape(name)}[/]{tolerance(report.get('tolerated'))}"


def seconds(entry: Entry) -> float | None:
    """Return how long a step took, where it has ended."""
    begun, ended = entry.get("startedAt"), entry.get("endedAt")
    if not begun or not ended:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def duration(length: float | None) -> str:
    """Return a duration for people: `0.2 s`, `3 min 5 s`, `2 h 0 min`, `3 d 4 h`."""
    if length is None:
        return ""
    if length < MINUTE:
        return f"{length:.1f} s"
    minutes, rest = divmod(round(length), 60)
    hours, minutes = divmod(minutes, 60)
    days, rest_of_day = divmod(hours, 24)
    if days >= DAYS:
        return f"{days} d {rest_of_day} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def until(deadline: str, now: datetime) -> str:
    """Return how long it is until an instant, for people."""
    left = (datetime.fromisoformat(deadline) - now).total_seconds()
    return f"in {duration(left)}" if left > 0 else "passed"
