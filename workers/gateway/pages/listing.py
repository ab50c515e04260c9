"""The list of what waits: cut from Temporal's own list, so that only the runs of one page are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from workers.client.asking import ask_all
from workers.client.holds import Wanted, of_run, polled
from workers.client.listing import Listed, candidates
from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.client import Client

ON_A_PAGE = 50
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsPage:
    """One page of what waits.

    Attributes:
        rows: `{run, automation, hold, label, kind, waits, error}`, the oldest runs first.
        runs: how many runs wait for people, as far as Temporal's list tells.
        more: whether there is another page.
    """

    rows: list[dict[str, Any]]
    runs: int
    more: bool


async def holds_page(
    client: Client, task_queue: str, wanted: Wanted, number: int, keys: Sequence[str] = ()
) -> HoldsPage:
    """Return a page of the holds of the runs that began first.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        wanted: which holds are asked for.
        number: of the page, from 1.
        keys: encryption keys; with them, people stand in Temporal's list as keyed hashes only.
    """
    found = candidates(client, task_queue, approver=wanted.approver, automation=wanted.automation, keys=keys)
    runs = [run async for run in found if wanted.automation in {None, run.automation}]
    runs.reverse()  # Temporal lists the latest first
    shown = runs[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    rows = await _rows(client, task_queue, shown, wanted)
    return HoldsPage(rows=rows, runs=len(runs), more=len(runs) > number * ON_A_PAGE)


async def _rows(client: Client, task_queue: str, runs: Sequence[Listed], wanted: Wanted) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    if not await polled(client, task_queue):
        return [row for run in runs for row in _unasked(run, run.error)]
    rows: list[dict[str, Any]] = []
    for run, held in await ask_all(runs, lambda run: of_run(client, run.run, named=bool(run.holds))):
        if isinstance(held, TrunklineError):
            rows += _unasked(run, str(held))
            continue
        rows += [
            {
                "run": run.run,
                "automation": run.automation,
                "hold": hold["hold"],
                "label": hold["label"],
                "kind": hold["kind"],
                "waits": age(now - datetime.fromisoformat(hold["openedAt"])),
                "error": None,
            }
            for hold in held
            if wanted.takes({"automation": run.automation, **hold}, now)
        ]
    return rows


def _unasked(run: Listed, why: str) -> list[dict[str, Any]]:
    """Return the rows of a run that no worker answers for: what Temporal's list itself knows."""
    return [
        {
            "run": run.run,
            "automation": run.automation,
            "hold": name,
            "label": name,
            "kind": "",
            "waits": "",
            "error": why,
        }
        for name in run.holds
    ]


def age(waited: timedelta) -> str:
    """Return how long something has waited, for people."""
    seconds = int(waited.total_seconds())
    for size, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "less than a minute"
