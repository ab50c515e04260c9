"""What a decision about many holds is about, by automation and step: every hold with its digest, and its request."""

from __future__ import annotations

import asyncio
import json as json_text
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trunkline.wire import RequestEdit
from workers.cli.deciding import short_digest
from workers.cli.screen import duration, plain
from workers.client.wanted import OpenHold, missing_in

if TYPE_CHECKING:
    from rich.console import Console
    from temporalio.client import Client


async def show_groups(client: Client, meant: Sequence[OpenHold], screen: Console) -> None:
    """Write the holds that are decided about; where their runs were asked, with whole requests and earlier edits."""
    groups: dict[tuple[str, str], list[OpenHold]] = {}
    for hold in meant:
        groups.setdefault((hold["automation"], hold["step"].rpartition(".")[2]), []).append(hold)
    edits = dict(zip(map(_place, meant), await _edits(client, meant), strict=True))
    now = datetime.now(UTC)
    for (automation, step), holds in groups.items():
        screen.print(f"[bold]{plain(automation)}[/], step {plain(step)}: {len(holds):,}")
        for hold in holds:
            age = duration((now - datetime.fromisoformat(hold["openedAt"])).total_seconds())
            place = plain(" ".join(_place(hold)))
            screen.print(f"  {plain(hold['label'])}  {place}  held for {age}  [dim]{short_digest(hold)}[/]")
            _show_request(hold, edits[_place(hold)], screen)


def _place(hold: OpenHold) -> tuple[str, str]:
    return hold["run"], hold["hold"]


async def _edits(client: Client, meant: Sequence[OpenHold]) -> list[list[RequestEdit]]:
    """Return how each request was edited before."""
    from workers.client import runs
    from workers.client.asking import QUERIES_AT_ONCE

    permits = asyncio.Semaphore(QUERIES_AT_ONCE)

    async def edits(hold: OpenHold) -> list[RequestEdit]:
        if not hold.get("edited"):
            return []
        async with permits:
            report = await runs.report(client, hold["run"])
        return [edit for entry in report["steps"] if entry["id"] == hold["step"] for edit in entry.get("edited") or []]

    return await asyncio.gather(*map(edits, meant))


def _show_request(hold: OpenHold, edits: Sequence[RequestEdit], screen: Console) -> None:
    from workflows.holds.wording import change, edited

    if "request" in hold:
        screen.print(f"    {plain(json_text.dumps(hold['request'].get('config'), ensure_ascii=False))}")
    if hold.get("missing") is True:
        screen.print("    [yellow]values are missing in it[/]")
    elif missing := missing_in(hold):
        screen.print(f"    [yellow]missing: {plain(', '.join(missing))}[/]")
    if hold.get("error"):
        screen.print(f"    [red]{plain(hold['error']['message'])}[/]")
    for edit in edits:
        screen.print(f"    edited by {plain(str(edit.get('by')))}: {plain('; '.join(map(change, edited(edit))))}")
