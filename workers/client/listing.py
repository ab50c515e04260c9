"""Which runs may hold something, as Temporal's list tells: by search attribute where the namespace has it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trunkline.wire import STARTER
from workflows.language.people import person

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution

INLINE = "inline"
"""The workflow type of runs whose definition came with their event."""

LONGEST_WORD = 255
"""Bytes of a word of a search attribute, after which the workflow cuts it."""

PLAIN = re.compile(r"[\w@.+:/=-]+")
"""Words that every store of Temporal's finds as they are; SQLite's stumbles over quotes and backslashes in lists."""

CUT = "more"
"""What the workflow writes last into a list of search attributes that it had to cut: such a run may be any's."""

NO_STARTER = f"WorkflowType != '{STARTER}'"
"""Leaves out, in a query for runs, what schedules start to begin them."""

SILENT = "No worker answers for this run: start one (`trunkline worker`) and look again."
"""Why a run could not be asked, where nothing else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A run that may hold something: what Temporal's list says about it.

    Attributes:
        run: workflow id.
        automation: the automation's name.
        holds: names of the holds; none where the namespace lacks the search attribute, and then it may hold nothing.
        error: why it could not be asked.
    """

    run: str
    automation: str
    holds: list[str] = field(default_factory=list)
    error: str = SILENT


def listed(execution: WorkflowExecution) -> Listed:
    """Return what Temporal's list says about a run."""
    attributes: dict[str, Any] = {pair.key.name: pair.value for pair in execution.typed_search_attributes}
    name = execution.workflow_type
    if name == INLINE:  # the id is made from the name
        name = execution.id.partition("/")[0]
    return Listed(
        run=execution.id,
        automation=attributes.get("TrunklineAutomation") or name,
        holds=list(attributes.get("TrunklineHolds") or []),
    )


async def candidates(
    client: Client, task_queue: str, *, approver: str | None, automation: str | None, keys: Sequence[str]
) -> AsyncIterator[Listed]:
    """Yield the runs that may hold something: by search attribute where the namespace has it, else all that run."""
    from temporalio.service import RPCError, RPCStatusCode

    running = f"ExecutionStatus = 'Running' AND TaskQueue = {quoted(task_queue)} AND {NO_STARTER}"
    try:
        async for execution in client.list_workflows(" AND ".join([running, *_clauses(approver, automation, keys)])):
            yield listed(execution)
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        async for execution in client.list_workflows(running):
            yield listed(execution)


def _clauses(approver: str | None, automation: str | None, keys: Sequence[str]) -> list[str]:
    clauses = ["TrunklineHolds IS NOT NULL"]
    if automation is not None and PLAIN.fullmatch(automation):
        clauses.append(f"TrunklineAutomation = '{automation}'")
    words = [] if approver is None else [*_words(approver, keys)]
    if words and all(map(PLAIN.fullmatch, words)):
        listed = ", ".join(f"'{word}'" for word in [*words, CUT])
        clauses.append(f"TrunklineApprovers IN ({listed})")
    return clauses


def _words(approver: str, keys: Sequence[str]) -> Iterable[str]:
    """Return under which words a person may stand in Temporal's list."""
    if keys:
        from workers.approvals.index import words

        return words(approver, keys)
    names = dict.fromkeys((person(approver), approver.strip()))
    return [name.encode("utf-8", "replace")[:LONGEST_WORD].decode("utf-8", "ignore") for name in names]


def quoted(text: str) -> str:
    """Return a text as Temporal's list queries spell it."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
