"""Fetching the events of an automation from Temporal: those that it ran for, and those that were dispatched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workers.client.listing import INLINE, PLAIN, listed, quoted
from workers.client.recordings import HistoryRecording, recording, source_of
from workers.definitions.problems import listed as named
from workers.definitions.problems import nearest
from workers.errors import NotFoundError, UsageError
from workers.rehearsal.backtest.backtesting import Past
from workflows.event import matches
from workflows.run.beginning import DISPATCH

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution

AT_ONCE = 20
"""Histories that are fetched side by side."""


async def past_events(  # noqa: PLR0913 - where to look, and by what events are chosen
    client: Client, task_queue: str, automation: str, trigger: str, *, last: int | None, since: datetime | None
) -> list[Past]:
    """Return the events of an automation that Temporal still knows, oldest first.

    Args:
        client: a connected client.
        task_queue: the workers' task queue.
        automation: the automation's name.
        trigger: the type of event that its new definition takes; what was dispatched of that type counts too.
        last: at most so many, the latest.
        since: those that came since then.

    Raises:
        UsageError: the automation never ran, and no event was judged for it.
    """
    own, dispatched = await _executions(client, task_queue, automation, since)
    runs = [one for one in await _recordings(client, own, last) if one.event is not None]
    events = [one for one in await _recordings(client, dispatched, last) if one.event is not None]
    judged = {match["automation"] for one in events for match in one.matches}
    if not own and automation not in judged:
        known = sorted(judged) or sorted({one.id.partition("/")[0] for one in dispatched if "/" in one.id})
        near = nearest(automation, known)
        ran = f" Temporal knows of {named(known)}." if known else ""
        raise UsageError(
            f"{automation!r:.100} never ran, and no event was judged for it, "
            f"on task queue {task_queue!r} of namespace {client.namespace!r}."
            f"{f' {near}' if near else ''}{ran}"
        )
    found = _together(automation, trigger, runs, events)
    return found[-last:] if last is not None else found


async def _executions(
    client: Client, task_queue: str, automation: str, since: datetime | None
) -> tuple[list[WorkflowExecution], list[WorkflowExecution]]:
    """Return the runs of an automation and those that dispatched events, the latest first, one for each chain."""
    kinds = f"WorkflowType = '{DISPATCH}' OR WorkflowType = '{INLINE}'"
    if PLAIN.fullmatch(automation):
        kinds += f" OR WorkflowType = '{automation}'"
    own: dict[str, WorkflowExecution] = {}
    dispatched: dict[str, WorkflowExecution] = {}
    async for one in client.list_workflows(f"TaskQueue = {quoted(task_queue)} AND ({kinds})"):
        if since is not None and one.start_time < since:
            continue
        place = dispatched if one.workflow_type == DISPATCH else own
        if place is own and listed(one).automation != automation:
            continue
        known = place.get(one.id)
        if known is None or known.start_time < one.start_time:
            place[one.id] = one
    return _latest_first(own.values()), _latest_first(dispatched.values())


def _latest_first(found: Iterable[WorkflowExecution]) -> list[WorkflowExecution]:
    return sorted(found, key=lambda one: one.start_time, reverse=True)


async def _recordings(client: Client, found: Sequence[WorkflowExecution], last: int | None) -> list[HistoryRecording]:
    permits = asyncio.Semaphore(AT_ONCE)

    async def one_of(one: WorkflowExecution) -> HistoryRecording | None:
        async with permits:
            try:
                return await recording(client, one.id, one.run_id)
            except NotFoundError:  # its retention ended meanwhile
                return None

    read = await asyncio.gather(*map(one_of, found[:last]))
    return [one for one in read if one is not None]


def _together(
    automation: str, trigger: str, runs: Sequence[HistoryRecording], events: Sequence[HistoryRecording]
) -> list[Past]:
    """Return every event once: with the run that it started, what dispatched it, and what that said."""
    found: dict[tuple[str, str], Past] = {}
    for run in reversed(runs):
        if run.event is not None:
            found[source_of(run.event), run.event["id"]] = Past(event=run.event, run=run)
    types = {past.event["type"] for past in found.values()}
    for one in reversed(events):
        if one.event is None:
            continue
        match = next((match for match in one.matches if match["automation"] == automation), None)
        identity = source_of(one.event), one.event["id"]
        if identity in found:
            found[identity] = Past(event=one.event, run=found[identity].run, dispatched=one, match=match)
        elif one.event["type"] in types or matches(trigger, one.event["type"]) or (match and match["matches"]):
            found[identity] = Past(event=one.event, dispatched=one, match=match)
    return sorted(found.values(), key=lambda past: past.recording.began)
