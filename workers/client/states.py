"""All runs of a task queue and the state of each: what it waits for, tries again, or ended as, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from trunkline.wire import Entry, RunReport
from workers.client.asking import QUERIES_AT_ONCE, ask_all, query
from workers.client.attempts import PendingAttempts, add_attempts, attempts_of
from workers.client.holds import polled
from workers.client.listing import INLINE, NO_STARTER, PLAIN, ListedRun, listed, quoted
from workers.client.runs import ENDED, describe, failure_of, is_planned, starts_at, web_address
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution, WorkflowExecutionDescription

State = Literal["held", "waiting", "retrying", "parked"]
Outcome = Literal["completed", "failed", "rejected", "skipped", "canceled", "terminated", "timed out"]

STATES: tuple[State, ...] = ("parked", "held", "retrying", "waiting")
"""What a run may be beside running; where it is several at once, the first of them comes first."""

DISPATCH = "event"
"""The workflow type that starts runs and is none itself."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRuns:
    """Which runs are asked for; what is None does not matter.

    Attributes:
        automation: name of the automation.
        state: what it must be, while it runs.
        outcome: how it must have ended.
        older_than: how long ago it must have begun.
    """

    automation: str | None = None
    state: State | None = None
    outcome: Outcome | None = None
    older_than: timedelta | None = None

    def takes(self, row: Row, now: datetime) -> bool:
        """Say whether a run is one of those that are asked for."""
        if self.state is not None and self.state not in row["states"]:
            return False
        if self.outcome is not None and row["outcome"] != self.outcome:
            return False
        return self.takes_age(row, now)

    def takes_age(self, row: Row, now: datetime) -> bool:
        """Say whether a run began long enough ago."""
        return self.older_than is None or now - datetime.fromisoformat(row["startedAt"]) >= self.older_than


@dataclass(frozen=True, slots=True)
class FoundRuns:
    """The runs that were found.

    Attributes:
        rows: every run that was asked for, the newest first.
        left: every run that could not be asked, so that it may or may not be one of them; each with its `error`.
    """

    rows: list[Row] = field(default_factory=list)
    left: list[Row] = field(default_factory=list)


async def find(client: Client, task_queue: str, wanted: WantedRuns, web_ui: str | None = None) -> FoundRuns:
    """Find runs, each once, as it stands now: an execution that was reset or continued as new is no run any more.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        wanted: which runs are asked for.
        web_ui: address of Temporal's web UI, for links.
    """
    current = await _current(client, task_queue, wanted)
    running = [one for one in current if not _has_ended(one)]
    looked = {}
    if wanted.outcome is None:
        looked = await _look_at_all(client, task_queue, [one for one in running if not is_planned(one)])
        looked |= {one.id: _planned(one) for one in running if is_planned(one)}
    ended = [] if wanted.state is not None else [one for one in current if _has_ended(one)]
    outcomes = dict(zip([one.id for one in ended], await _outcomes(client, ended), strict=True))
    now = datetime.now(UTC)
    found = FoundRuns()
    for one in current:
        link = {"url": web_address(web_ui, client.namespace, one.id)} if web_ui else {}
        row: Row = {**_row(one), **link}
        if one.id in outcomes:
            row.update(state="ended", **outcomes[one.id])
        elif one.id in looked:
            row.update(looked[one.id])
        else:
            continue
        if "error" in row:
            if wanted.takes_age(row, now):
                found.left.append(row)
        elif wanted.takes(row, now):
            found.rows.append(row)
    return FoundRuns(
        *(sorted(rows, key=lambda row: row["startedAt"], reverse=True) for rows in (found.rows, found.left))
    )


def _row(one: WorkflowExecution) -> Row:
    ended = {} if one.close_time is None else {"endedAt": _text(one.close_time)}
    return {
        "run": one.id,
        "automation": listed(one).automation,
        "state": "unknown",
        "states": [],
        "outcome": None,
        "startedAt": _text(one.start_time),
        **ended,
        "why": [],
    }


def _text(at: datetime) -> str:
    from workflows.report import timestamp

    return timestamp(at)


async def _current(client: Client, task_queue: str, wanted: WantedRuns) -> list[WorkflowExecution]:
    """Return the newest execution of each run, the newest run first."""
    clauses = [f"TaskQueue = {quoted(task_queue)}", NO_STARTER]
    if wanted.state is not None:
        clauses.append("ExecutionStatus = 'Running'")
    if wanted.automation is not None and PLAIN.fullmatch(wanted.automation):
        clauses.append(f"(WorkflowType = '{wanted.automation}' OR WorkflowType = '{INLINE}')")
    by_id: dict[str, list[WorkflowExecution]] = {}
    async for one in client.list_workflows(" AND ".join(clauses)):
        if wanted.automation in {None, listed(one).automation} and (
            one.workflow_type != DISPATCH or wanted.automation == DISPATCH
        ):
            by_id.setdefault(one.id, []).append(one)
    permits = asyncio.Semaphore(QUERIES_AT_ONCE)

    async def newest(executions: list[WorkflowExecution]) -> WorkflowExecution | None:
        if len(executions) == 1 and not _continued(executions[0]):
            return executions[0]
        async with permits:
            try:
                now = await describe(client, executions[0].id)
            except NotFoundError:  # its retention ended meanwhile
                return None
        return now

    found = await asyncio.gather(*map(newest, by_id.values()))
    return [one for one in found if one is not None]


def _continued(one: WorkflowExecution) -> bool:
    return one.status is not None and one.status.name == "CONTINUED_AS_NEW"


def _planned(one: WorkflowExecution) -> Row:
    return {"state": "waiting", "states": ["waiting"], "why": [f"It starts at {starts_at(one)}."]}


def _has_ended(one: WorkflowExecution) -> bool:
    return one.status is not None and one.status.name in ENDED


async def _outcomes(client: Client, ended: Iterable[WorkflowExecution]) -> list[Row]:
    permits = asyncio.Semaphore(QUERIES_AT_ONCE)

    async def permitted(one: WorkflowExecution) -> Row:
        async with permits:
            return await _outcome(client, one)

    return await asyncio.gather(*map(permitted, ended))


async def _outcome(client: Client, one: WorkflowExecution) -> Row:
    """Return how a run ended, as its search attribute says or else its status and result, and why it failed."""
    from temporalio.service import RPCError

    from workflows.run.encrypted import MissingKeyError

    status = "UNKNOWN" if one.status is None else one.status.name
    try:
        if status == "FAILED":
            return {"outcome": "failed", "why": [(await failure_of(client, one.id, one.run_id)).message]}
        if status != "COMPLETED":
            return {"outcome": status.lower().replace("_", " ")}
        known = {pair.key.name: pair.value for pair in one.typed_search_attributes}.get("TrunklineOutcome")
        if known is None:
            result: Any = await client.get_workflow_handle(one.id, run_id=one.run_id).result(follow_runs=False)
            known = result.get("outcome", "completed") if isinstance(result, dict) else "completed"
    except (TrunklineError, RPCError, MissingKeyError) as error:
        return {"error": f"How it ended could not be read: {error}"}
    return {"outcome": known}


async def _look_at_all(client: Client, task_queue: str, running: list[WorkflowExecution]) -> dict[str, Row]:
    """Return the states of runs by id; what could not be asked has an `error`."""
    rows = [listed(one) for one in running]
    if rows and not await polled(client, task_queue):
        return {row.run: {"error": row.error} for row in rows}
    answers = await ask_all(rows, lambda row: look(client, row))
    return {
        row.run: {"error": str(answer)} if isinstance(answer, TrunklineError) else answer for row, answer in answers
    }


async def look(client: Client, run: ListedRun) -> Row:
    """Return what one running run is and why, or how it has ended meanwhile.

    Raises:
        UnreachableError: no worker answers.
        TrunklineError: it could not be asked for another reason.
    """
    report, description = await asyncio.gather(
        query(client, run.run, "report", "what it does"), _described(client, run.run)
    )
    if _has_ended(description):
        return {"state": "ended", "endedAt": _text(description.close_time or datetime.now(UTC))} | await _outcome(
            client, description
        )
    if not isinstance(report, dict) or "steps" not in report:
        raise TrunklineError(f"{run.run} is no run of an automation: its report is no report.")
    attempts = await attempts_of(client, description)
    known = cast("RunReport", report)
    add_attempts(known, attempts)
    found = list(_states(known, attempts))
    states = [state for state in STATES if state in {state for state, _ in found}]
    began = min((entry["startedAt"] for entry in known["steps"] if "startedAt" in entry), default=None)
    started = {} if began is None or began >= _text(description.start_time) else {"startedAt": began}
    why = [sentence for _, sentence in found]
    return {"state": states[0] if states else "running", "states": states, "why": why, **started}


async def _described(client: Client, run: str) -> WorkflowExecutionDescription:
    from temporalio.service import RPCError

    from workers.client.connecting import explain

    try:
        return await describe(client, run)
    except RPCError as error:
        raise (explain(error) or UnreachableError(str(error))) from error


def _states(report: RunReport, attempts: list[PendingAttempts]) -> Iterator[tuple[State, str]]:
    """Yield what a run is, with a sentence that says why."""
    from trunkline.step_key import activity_id

    if report.get("parked"):
        yield "parked", str(report["parked"])
    if report.get("gate"):
        yield "waiting", str(report["gate"])
    for entry in report["steps"]:
        yield from _state(entry)
    known = {activity_id(entry["id"]) for entry in report["steps"]}
    for one in attempts:
        if one.retrying and one.activity not in known and one.error is not None:
            yield "retrying", f"{one.activity}: {again(one.to_json())}"


def _state(entry: Entry) -> Iterator[tuple[State, str]]:
    """Yield what a step makes of its run."""
    label, status = entry["label"], entry["status"]
    if status == "held":
        until = entry.get("expires", "never")
        yield "held", f"{label} waits for a person" + ("" if until == "never" else f", until {until}")
    elif status == "running" and "retry" in entry:
        yield "retrying", f"{label} is tried again at {entry['retry']['at']}: {entry['retry']['error']['message']}"
    elif status == "running" and entry.get("kind") == "wait" and "until" in entry:
        yield "waiting", f"{label} waits until {entry['until']}"
    elif status == "running" and "calls" in entry:
        yield "waiting", f"{label} waits for the run {entry['calls']}"
    elif status == "running" and "lastError" in entry:
        yield "retrying", f"{label}: {again(entry)}"


def again(entry: Mapping[str, Any]) -> str:
    """Return attempts, last error and next try of a step, as a sentence."""
    when = (
        f"attempt {entry['attempts']} at {entry['nextTry']}"
        if "nextTry" in entry
        else f"attempt {entry['attempts']} now"
    )
    return f"{when}, after: {entry['lastError']['message']}"
