"""Explaining a run of the past: from its history, its report and the plan that it was pinned to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trunkline.wire import RunReport
from workers.client import runs
from workers.client.dispatch import emitted_id
from workers.client.recordings import HistoryRecording, recording
from workers.errors import NotFoundError, TrunklineError, UsageError
from workers.rehearsal.explained.explaining import Knowledge, explained, verdict_of
from workers.rehearsal.explained.found import RunnableAutomation
from workers.rehearsal.explained.past_steps import steps_of
from workflows.run.beginning import DISPATCH

if TYPE_CHECKING:
    from temporalio.client import Client

TODAY = "It never began: this is what the definition of today says."

MOST_EVENTS = 1_000
"""Dispatched events among which one that started nothing is looked for."""


async def explain_run(
    client: Client, run: str, known: Knowledge, today: Callable[[], Sequence[RunnableAutomation]]
) -> dict[str, Any]:
    """Return what `trunkline explain --run RUN --json` prints.

    Args:
        client: a connected client.
        run: workflow id; `NAME/ID` also where the event `ID` was emitted and started nothing.
        known: the actions, and who is in which group.
        today: returns the automations of today, for a run that never began.

    Raises:
        UsageError: there is no such run, and no such event was emitted.
    """
    try:
        found = await recording(client, run)
    except NotFoundError:
        return await _never_began(client, run, known, today)
    if found.event is None or found.automation == DISPATCH:
        raise UsageError(f"{run} is no run of an automation.")
    if found.plan is None:
        return _today(run, found.event, found.automation, known, today, found)
    report = await _report(client, run)
    return {"event": found.event, "automations": [_of_run(found, found.plan, report, known)]}


def _of_run(found: HistoryRecording, plan: Any, report: RunReport | None, known: Knowledge) -> dict[str, Any]:
    event = found.event or {}
    verdict, wrong = verdict_of(plan, event, found.began)
    outcome = None if report is None else report.get("outcome")
    skipped = wrong is not None or (outcome == "skipped")
    return {
        "run": found.run,
        "automation": plan["automation"],
        "file": None,
        "runs": not skipped,
        "outcome": outcome,
        "reason": wrong if report is None else report.get("reason") or wrong,
        "gate": None if report is None else report.get("gate"),
        "trigger": None,
        "conditions": verdict,
        "steps": [] if skipped else steps_of(found, plan, report, known),
    }


async def _report(client: Client, run: str) -> RunReport | None:
    """Return a run's report; None where nobody has it, as no worker answers for a run that goes on."""
    try:
        return await runs.report(client, run)
    except TrunklineError:
        return None


async def _never_began(
    client: Client, run: str, known: Knowledge, today: Callable[[], Sequence[RunnableAutomation]]
) -> dict[str, Any]:
    name, slash, event_id = run.partition("/")
    emitted = await _emitted(client, event_id) if slash else None
    if emitted is None or emitted.event is None:
        raise UsageError(
            f"There is no run {run!r:.200} in namespace {client.namespace!r}, and no such event was emitted."
        )
    return _today(run, emitted.event, name, known, today, emitted)


async def _emitted(client: Client, event_id: str) -> HistoryRecording | None:
    """Return the recording of what dispatched an event, where Temporal still has it."""
    for likely in (f"{DISPATCH}/{event_id}", emitted_id(event_id)):
        with contextlib.suppress(NotFoundError):
            found = await recording(client, likely)
            if found.event is not None and found.event["id"] == event_id:
                return found
    count = 0
    async for one in client.list_workflows(f"WorkflowType = '{DISPATCH}'"):
        count += 1
        if count > MOST_EVENTS:
            break
        found = await recording(client, one.id, one.run_id)
        if found.event is not None and found.event["id"] == event_id:
            return found
    return None


def _today(  # noqa: PLR0913, PLR0917 # what explaining takes
    run: str,
    event: Mapping[str, Any],
    name: str,
    known: Knowledge,
    today: Callable[[], Sequence[RunnableAutomation]],
    emitted: HistoryRecording,
) -> dict[str, Any]:
    automation = next((one for one in today() if one.definition.name == name), None)
    if automation is None:
        raise UsageError(f"{run} never began, and there is no automation {name!r:.100} here that could say why.")
    entry = explained(automation.definition, event, known, emitted.began)
    sentence = next((match["reason"] for match in emitted.matches if match["automation"] == name), None)
    reason = entry["reason"] or "It would run today: no run of it began then."
    entry |= {"run": run, "file": str(automation.path), "runs": False, "outcome": None, "steps": [], "reason": reason}
    return {"event": event, "automations": [entry | {"judgedBy": TODAY, "said": sentence}]}
