"""The lists of what waits, and of what has failed: cut from Temporal's own list, 50 runs at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.client import runs
from workers.client.holds import listed_holds
from workers.client.listing import NO_STARTER, PLAIN, ListedRun, listed, quoted
from workers.client.waiting import page
from workers.client.wanted import HoldQuery, OpenHold
from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution

MOST_FAILED = 20
"""Failed runs that are shown, the latest."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsPage:
    """One page of what waits.

    Attributes:
        rows: `{run, automation, hold, label, step, since, missing, error}`, the oldest first.
        total: how many runs wait for people, on all pages.
        pages: how many pages there are.
    """

    rows: list[Row]
    total: int
    pages: int


async def holds_page(
    client: Client, task_queue: str, wanted: HoldQuery, number: int, keys: Sequence[str] = ()
) -> HoldsPage:
    """Return a page of what waits, the oldest first over all pages; only where the list tells too little, ask.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        wanted: which holds are asked for.
        number: of the page, from 1.
        keys: encryption keys; with them, people stand in Temporal's list as keyed hashes only.
    """
    cut = await page(client, task_queue, wanted, number, keys)
    found = await listed_holds(client, task_queue, cut.runs, wanted)
    rows = [_row(hold) for hold in found.holds]
    return HoldsPage(rows=[*rows, *_unasked(found.left, wanted)], total=cut.total, pages=cut.pages)


def _row(hold: OpenHold) -> Row:
    return {
        "run": hold["run"],
        "automation": hold["automation"],
        "hold": hold["hold"],
        "label": hold["label"],
        "step": hold["step"],
        "since": hold["openedAt"],
        "missing": bool(hold.get("missing")),
        "error": None,
    }


def _unasked(left: Iterable[ListedRun], wanted: HoldQuery) -> Iterator[Row]:
    """Yield the rows of runs that could not be asked: what Temporal's list itself knows."""
    for run in left:
        known = {hold["hold"]: hold for hold in run.rows}
        for name in dict.fromkeys([*known, *run.holds]):
            row = known.get(name, {})
            if row and wanted.kind not in {None, row["kind"]}:
                continue
            yield {
                "run": run.run,
                "automation": run.automation,
                "hold": name,
                "label": row.get("label", name),
                "step": row.get("step", ""),
                "since": row.get("openedAt"),
                "missing": False,
                "error": run.error,
            }


async def failed_runs(client: Client, task_queue: str, automation: str | None) -> list[Row]:
    """Return the runs that failed last and were not resumed since: `{run, automation, ended, why}`.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        automation: of which automation; None: of any.
    """
    clauses = ["ExecutionStatus = 'Failed'", f"TaskQueue = {quoted(task_queue)}", NO_STARTER, "WorkflowType != 'event'"]
    if automation is not None and PLAIN.fullmatch(automation):
        clauses.append(f"(WorkflowType = '{automation}' OR WorkflowType = 'inline')")
    found = client.list_workflows(" AND ".join(clauses), limit=2 * MOST_FAILED)
    good = [one async for one in found if automation in {None, listed(one).automation}]
    rows = await asyncio.gather(*(_failed(client, one) for one in good[:MOST_FAILED]))
    return [row for row in rows if row is not None]


async def _failed(client: Client, one: WorkflowExecution) -> Row | None:
    """Return the row of a failed run; None where it has been resumed, or has gone."""
    try:
        if (await runs.describe(client, one.id)).run_id != one.run_id:
            return None
        why = (await runs.failure_of(client, one.id, one.run_id)).message
    except TrunklineError as error:
        why = str(error)
    ended = one.close_time or one.start_time
    return {"run": one.id, "automation": listed(one).automation, "ended": ended.isoformat(), "why": why}
