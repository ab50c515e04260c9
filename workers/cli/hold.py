"""`trunkline hold`: one step that waits, as a whole."""

from __future__ import annotations

import asyncio
import json as json_text
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any

from cyclopts import App

from trunkline.wire import Entry, Place, RequestEdit
from workers.cli.holds import decider_option
from workers.cli.screen import console, duration, plain, print_json, until
from workers.client.wanted import OpenHold, missing_in
from workflows.holds.wording import change, edited

if TYPE_CHECKING:
    from rich.console import Console


hold = App(name="hold", help="One step that waits, as a whole.", help_epilogue="")


@hold.command(help_epilogue="")
def show(run: str, name: str, /, *, json: bool = False) -> int:
    """Show a step that waits: its whole request, who may decide how and until when, and the commands that do.

    Args:
        run: workflow id of the run.
        name: name of the hold, as `trunkline holds` shows it.
        json: print all of it as JSON, for scripts.

    Returns:
        0 if it waits, 4 if it does not.
    """
    return asyncio.run(_show(run, name, json=json))


async def _show(run: str, name: str, *, json: bool) -> int:
    from workers.client import holds, runs
    from workers.client.connecting import connect
    from workers.settings import Settings

    client = await connect(Settings.from_environment())
    found = await holds.one(client, run, name)
    report = await runs.report(client, run)
    step: Entry | None = next((entry for entry in report["steps"] if entry["id"] == found["step"]), None)
    edits = [] if step is None else step.get("edited", [])
    if json:
        print_json({**found, "edits": edits})
    else:
        write(found, edits, console())
    return 0


def write(held: OpenHold, edits: Sequence[RequestEdit], screen: Console) -> None:
    """Write everything that is known about a hold."""
    from workflows.holds.wording import UNSIGNED, policy, votes, who

    now = datetime.now(UTC)
    what = "for approval" if held["kind"] == "approval" else "for a decision after its failure"
    waits = duration((now - datetime.fromisoformat(held["openedAt"])).total_seconds())
    screen.print(f"[yellow]‖[/] [bold]{plain(held['label'])}[/] {plain(held['actionType'])}")
    facts = {
        "run": held["run"],
        "hold": held["hold"],
        "waits": f"{what} for {waits}, since {held['openedAt']}",
        "until": f"{held['deadline']} ({until(held['deadline'], now)})" if held.get("deadline") else None,
        "decided by": who(held),
        "approvals": votes(held) if held["kind"] == "approval" else None,
        "connection": held["request"].get("connection"),
        "missing": ", ".join(missing_in(held)) or None,
        "digest": held["digest"],
    }
    for title, fact in facts.items():
        if fact is not None:
            screen.print(f"  {title + ':':11} {plain(str(fact))}")
    if held.get("error"):
        screen.print(f"  [red]{plain(held['error']['type'])}: {plain(held['error']['message'])}[/]")
    _section("the request", [json_text.dumps(held["request"].get("config"), ensure_ascii=False, indent=2)], screen)
    _section("what is sent", _operation(held), screen)
    _section("secrets in it", map(_secret, held["request"].get("secrets") or []), screen)
    _section("the rules", [*policy(held), *([] if held.get("verified") else [UNSIGNED.replace("`", "")])], screen)
    _section("edited before", map(_edit, edits), screen)
    _section("commands", commands(held), screen)


def _section(title: str, texts: Any, screen: Console) -> None:
    kept = list(texts)
    if kept:
        screen.print(f"  [bold]{title}[/]")
    for text in kept:
        for line in text.split("\n"):
            screen.print(f"    {plain(line)}")


def _operation(held: OpenHold) -> Iterator[str]:
    """Yield the very request of a described operation, without what signs it in."""
    operation = held.get("operation")
    if operation:
        yield f"{operation['method']} {operation['address']}"
        if "body" in operation:
            yield json_text.dumps(operation["body"], ensure_ascii=False, indent=2)


def _secret(place: Place) -> str:
    password = f" and {place['password']}" if place.get("password") else ""
    return f"{place['name']}{password} at {place['path']}"


def _edit(entry: RequestEdit) -> str:
    before, after = entry["before"]["digest"][:12], entry["after"]["digest"][:12]
    changed = "".join(f"\n  {change(place)}" for place in edited(entry))
    return f"{entry['at']} by {entry['by']}: {before}… became {after}…{changed}"


def commands(held: OpenHold) -> list[str]:
    """Return the commands that decide about a hold, quoting the digest of the request that was shown."""
    from workflows.holds.wording import decisions

    place = f"{quote(held['run'])} {quote(held['hold'])}"
    shown = []
    for name in decisions(held):
        needed = " --reason WHY" if held.get("rejectNeedsReason") else ""
        rest = {"reject": needed, "supply": " RESULT.json"}.get(name, "")
        shown.append(f"trunkline {name} {place}{rest} --digest {held['digest']}{decider_option(held)}")
    operator = decider_option(held, "operators")
    return [*shown, f"trunkline reassign {place} WHO{operator}", f"trunkline extend {place} 2d{operator}"]
