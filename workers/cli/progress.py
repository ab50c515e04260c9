"""Follows a run: every step is written as it begins and ends, and a terminal shows what runs meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trunkline.wire import Entry, RunReport
from workers.cli.screen import duration, mark, plain, seconds

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from temporalio.client import Client

CONTAINERS = {"paths", "path", "branch", "forEach", "repeat"}
QUIET = {"pending", "skipped"}
OPEN = {"running", "held"}


class Progress:
    """Writes what has changed between two reports of one run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seen: dict[str, str] = {}
        self.silent = False
        self.noted: set[str] = set()

    def show(self, report: RunReport | None) -> None:
        """Write the steps whose status has changed; None is a run whose worker does not answer."""
        if report is None and not self.silent:
            self.console.print("  No worker answers; the run waits for one (`trunkline worker`).")
        self.silent = report is None
        self.note(report)
        for _, text in self.changes(report):
            self.console.print(text)

    def note(self, report: RunReport | None) -> None:
        """Write why the run waits before its first step, and that it runs an old version."""
        for sentence in [report.get("parked"), report.get("gate"), report.get("outdated")] if report else []:
            if sentence and sentence not in self.noted:
                self.noted.add(sentence)
                self.console.print(f"  {plain(sentence)}")

    def changes(self, report: RunReport | None) -> list[tuple[datetime, str]]:
        """Return when and how (a line of markup) the status of each step has changed, in the order of time."""
        entries = report["steps"] if report else []
        by_id = {entry["id"]: entry for entry in entries}
        changed = []
        for entry in entries:
            if self.seen.get(entry["id"]) == entry["status"] or entry["status"] in QUIET:
                continue
            self.seen[entry["id"]] = entry["status"]
            if entry.get("kind") not in CONTAINERS or entry.get("error"):
                at = datetime.fromisoformat(entry.get("endedAt") or entry["startedAt"])
                changed.append((at, line(entry, by_id)))
        return sorted(changed, key=lambda change: change[0])

    def running(self, report: RunReport | None) -> str:
        """Return what runs now, with how long it has."""
        now = datetime.now(UTC)
        entries = report["steps"] if report else []
        return ", ".join(
            f"{plain(entry['label'])} ({duration((now - datetime.fromisoformat(entry['startedAt'])).total_seconds())})"
            for entry in entries
            if entry["status"] in OPEN and entry.get("kind") not in CONTAINERS
        )


def line(entry: Entry, by_id: dict[str, Entry]) -> str:
    """Return a step as one line of markup: its path, its label, its status, and why it failed."""
    names = [plain(name) for name in (*_paths(entry, by_id), entry["label"])]
    text = f"  {mark(entry['status'])} {' / '.join(names)}"
    if entry.get("actionType"):
        text += f" [dim]{plain(entry['actionType'])}[/]"
    facts: list[str] = [] if entry["status"] == "succeeded" else [entry["status"]]
    if entry.get("attempts", 1) > 1:
        facts.append(f"{entry['attempts']} attempts")
    if seconds(entry) is not None:
        facts.append(duration(seconds(entry)))
    text += f" [dim]{' · '.join(facts)}[/]" if facts else ""
    error = entry.get("error")
    return f"{text}\n      [red]{plain(error['type'])}: {plain(error['message'])}[/]" if error else text


def _paths(entry: Entry, by_id: dict[str, Entry]) -> list[str]:
    """Return the labels of the paths around a step, the outermost first."""
    names: list[str] = []
    parent = by_id.get(entry.get("parent", ""))
    while parent is not None:
        if parent.get("kind") == "path":
            names.insert(0, parent["label"])
        parent = by_id.get(parent.get("parent", ""))
    return names


async def follow(client: Client, run: str, console: Console) -> RunReport:
    """Show a run until it has ended and return its report.

    Raises:
        Failure: it ended without a report; the sentence says why.
    """
    from workers.client import runs

    progress = Progress(console)
    report: RunReport | None = None
    with _spinner(console) as spinner:
        async for changed in runs.follow(client, run):
            report = changed or report
            progress.show(changed)
            if spinner is not None:
                spinner.update(progress.running(report) or "…")
    return report or await runs.report(client, run)


@contextlib.contextmanager
def _spinner(console: Console) -> Iterator[Status | None]:
    """Show a line that moves, where somebody watches."""
    if not console.is_terminal:
        yield None
        return
    with console.status("…") as status:
        yield status
