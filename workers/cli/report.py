"""`trunkline report`: what a run did and is doing."""

from __future__ import annotations

import asyncio
import json as json_text
from collections.abc import Iterator
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any, cast

from trunkline.wire import NOT_TAKEN, Entry, ErrorEntry, RunReport
from workers.cli.holds import show_hold
from workers.cli.screen import console, duration, mark, outcome, plain, print_json, seconds, until
from workers.errors import TrunklineError
from workflows.holds.wording import attempted, change, decided_by, edited, status

if TYPE_CHECKING:
    from rich.console import Console
    from temporalio.client import Client

    from workers.client.attempts import PendingEntry

LONGEST_VALUE = 300


def report(run: str, /, *, json: bool = False) -> int:
    """Show what a run did and is doing: its outcome, every step, its variables, and what it holds.

    Args:
        run: workflow id, as `emit`, `run` and the web UI show it.
        json: print the whole report as JSON, for scripts.

    Returns:
        0, however the run ended.
    """
    return asyncio.run(_report(run, json=json))


async def _report(run: str, *, json: bool) -> int:
    from workers.client import runs
    from workers.client.attempts import add_attempts, attempts_of
    from workers.client.connecting import connect
    from workers.settings import Settings

    client = await connect(Settings.from_environment())
    found = await runs.report(client, run)
    if found.get("outcome") is None:
        add_attempts(found, await attempts_of(client, await runs.describe(client, run)))
    if json:
        print_json(found)
        return 0
    show(found, run, console())
    if "startsAt" in found:  # it holds nothing before
        return 0
    code = await _show_holds(client, run)
    for entry in found["steps"]:
        if entry["status"] == "running" and "calls" in entry:
            await _show_holds(client, entry["calls"])
    return code


async def _show_holds(client: Client, run: str) -> int:
    """Write what a run holds, and return the exit code."""
    from workers.client import holds

    try:
        held = await holds.of_run(client, run)
    except TrunklineError as error:
        console(stderr=True).print(plain(f"What {run} holds cannot be shown. {error}"))
        return error.exit_code
    for hold in held:
        show_hold({"run": run, **hold}, console())
    return 0


def show(report: RunReport, run: str, screen: Console) -> None:
    """Write a report for people."""
    screen.print(f"[bold]{plain(run)}[/] {outcome(report)}")
    event = report.get("event")
    if event:
        screen.print(f"[dim]{plain(event['type'])} {plain(event['id'])} from {plain(event['source'])}[/]")
    for key in ("reason", "parked", "gate", "outdated"):
        if report.get(key):
            screen.print(plain(str(report[key])))
    if report.get("missing"):
        screen.print(f"missing: {plain(', '.join(map(str, report['missing'])))}")
    for text in _steps(report["steps"]):
        screen.print(text)
    if "result" in report:
        screen.print(f"result = {plain(_short(report['result']))}")
    variables = report.get("variables") or {}
    if variables:
        screen.print("[bold]variables[/]")
    for name, value in variables.items():
        screen.print(f"  {plain(name)} = {plain(_short(value))}")
    _show_audit(report, screen)


def _show_audit(report: RunReport, screen: Console) -> None:
    for entry in report.get("audit") or []:
        if "more" in entry:
            screen.print(f"  … and {entry['more']} more decisions")
        else:
            why = next((f" ({entry[key]})" for key in ("message", "reason") if entry.get(key)), "")
            line = f"{attempted(entry)}: {entry.get('result')}{why}"
            screen.print(f"[dim]{plain(str(entry.get('at')))}[/] {plain(line)}")


def _steps(entries: list[Entry]) -> Iterator[str]:
    """Yield a line of markup for each step, in columns, and one for whatever else is to be said about it."""
    by_id = {entry["id"]: entry for entry in entries}
    rows: list[tuple[Entry, str, str, str, str]] = []
    for entry in entries:
        indent = "  " * _depth(entry, by_id)
        attempts = entry.get("attempts", 1)
        numbers = (duration(seconds(entry)), f"{attempts} attempts" if attempts > 1 else "")
        kind = entry.get("actionType") or entry.get("kind", "")
        rows.append((entry, indent, entry["label"], kind, f"{status(entry)}  {'  '.join(filter(None, numbers))}"))
    labels = max((len(indent) + len(label) for _, indent, label, _, _ in rows), default=0)
    kinds = max((len(kind) for *_, kind, _ in rows), default=0)
    for entry, indent, label, kind, facts in rows:
        gap = " " * (labels - len(indent) - len(label) + 2)
        yield f"{indent}{mark(entry['status'])} {plain(label)}{gap}[dim]{plain(kind):{kinds + 2}}[/]{facts}".rstrip()
        if entry.get("error"):
            yield f"{indent}    [red]{plain(entry['error']['type'])}: {plain(entry['error']['message'])}[/]"
        yield from (f"{indent}    {plain(fact)}" for fact in _facts(entry))


def _facts(entry: Entry) -> Iterator[str]:
    """Yield what else is to be said about a step."""
    if entry["status"] == "running":
        yield from _progress(cast("PendingEntry", entry))
    elif entry.get("calls"):
        yield f"ran {entry['calls']}"
    if entry.get("reason") and entry["reason"] != NOT_TAKEN:
        yield str(entry["reason"])
    yield from (f"warning: {sentence}" for sentence in entry.get("warnings", ()))
    if entry.get("missing"):
        yield f"missing: {', '.join(map(str, entry['missing']))}"
    for edit in entry.get("edited") or []:
        yield f"edited by {edit.get('by')} at {edit.get('at')}"
        yield from (f"  {change(place)}" for place in edited(edit))
    if entry.get("decision"):
        reason = entry["decision"].get("reason")
        yield f"{decided_by(entry['decision'])} at {entry['decision'].get('at')}" + (f": {reason}" if reason else "")


def _progress(entry: PendingEntry) -> Iterator[str]:
    """Yield what a running step waits for or tries again."""
    if entry.get("calls"):
        yield f"waits for the run {entry['calls']} (`trunkline report {quote(entry['calls'])}`)"
    if entry.get("until"):
        yield f"waits until {entry['until']} ({until(entry['until'], datetime.now(UTC))})"
    if entry.get("retry"):
        yield f"tried again at {entry['retry']['at']}, after {_error_text(entry['retry']['error'])}"
    if entry.get("lastError"):
        when = f"at {entry['nextTry']}" if entry.get("nextTry") else "now"
        yield f"attempt {entry['attempts']} {when}, after {_error_text(entry['lastError'])}"
    elif entry.get("queuedAt"):
        yield f"waits for a worker since {entry['queuedAt']}"
    if entry.get("paused"):
        yield "paused by an operator (`temporal activity unpause`)"


def _error_text(error: ErrorEntry) -> str:
    return f"{error['type']}: {error['message']}"


def _depth(entry: Entry, by_id: dict[str, Entry]) -> int:
    depth = 0
    while entry.get("parent") in by_id:
        entry, depth = by_id[entry["parent"]], depth + 1
    return depth


def _short(value: Any) -> str:
    text = json_text.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
