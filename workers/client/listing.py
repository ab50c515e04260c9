"""Which runs may hold something, as Temporal's list tells: by search attribute where the namespace has it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from trunkline.wire import STARTER
from workers.client.wanted import OpenHold
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

TOLD = {"hold", "step", "kind", "label", "digest", "openedAt"}
"""What a memo tells of each hold."""

SILENT = "No worker answers for this run: start one (`trunkline worker`) and look again."
"""Why a run could not be asked, where nothing else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """A run that may hold something: what Temporal's list says about it.

    Attributes:
        run: workflow id.
        automation: the automation's name.
        holds: names of the holds; none where the namespace lacks the search attribute, and then it may hold nothing.
        approvers: words for who may decide about any of them; none: whoever may.
        since: when the oldest of them opened; None where the list does not know.
        rows: the oldest of them as the run's memo tells them (`ListedHold`), each with its run and automation.
        more: how many there are besides.
        error: why it could not be asked.
    """

    run: str
    automation: str
    holds: list[str] = field(default_factory=list)
    approvers: list[str] = field(default_factory=list)
    since: datetime | None = None
    rows: list[OpenHold] = field(default_factory=list)
    more: int = 0
    error: str = SILENT

    @property
    def whole(self) -> bool:
        """Say whether the memo tells every hold."""
        return bool(self.rows) and not self.more


def listed(execution: WorkflowExecution) -> ListedRun:
    """Return what Temporal's list says about a run, but for its memo."""
    attributes: dict[str, Any] = {pair.key.name: pair.value for pair in execution.typed_search_attributes}
    name = execution.workflow_type
    if name == INLINE:  # the id is made from the name
        name = execution.id.partition("/")[0]
    return ListedRun(
        run=execution.id,
        automation=attributes.get("TrunklineAutomation") or name,
        holds=list(attributes.get("TrunklineHolds") or []),
        approvers=list(attributes.get("TrunklineApprovers") or []),
        since=attributes.get("TrunklineHeldSince"),
    )


async def with_memo(execution: WorkflowExecution) -> ListedRun:
    """Return what Temporal's list says about a run, with what its memo tells, as far as that can be read."""
    from workflows.run.encrypted import MissingKeyError
    from workflows.view.memo import MORE, PREFIX

    found = listed(execution)
    fields = execution.raw_info.memo.fields
    names = [name for name in fields if name == MORE or name.startswith(PREFIX)]
    try:
        values = await execution.data_converter.decode([fields[name] for name in names])
    except (MissingKeyError, ValueError, RuntimeError, KeyError):  # the run itself may still be asked
        return found
    memo: dict[str, Any] = dict(zip(names, values, strict=True))
    more = memo.pop(MORE, {"count": 0})["count"]
    own = {"run": found.run, "automation": found.automation}
    rows = [cast("OpenHold", {**own, **one}) for one in memo.values() if isinstance(one, dict) and one.keys() >= TOLD]
    return replace(found, rows=sorted(rows, key=lambda one: (one["openedAt"], one["hold"])), more=more)


async def all_running(client: Client, task_queue: str) -> AsyncIterator[ListedRun]:
    """Yield every run that may hold something in a namespace without our search attributes."""
    async for execution in client.list_workflows(running(task_queue)):
        yield listed(execution)


def running(task_queue: str) -> str:
    """Return the query for the runs of a task queue that have not ended."""
    return f"ExecutionStatus = 'Running' AND TaskQueue = {quoted(task_queue)} AND {NO_STARTER}"


def words_of(approver: str, keys: Sequence[str]) -> list[str]:
    """Return under which words a person may stand in Temporal's list.

    Args:
        approver: the person.
        keys: encryption keys; with them, people stand there as keyed hashes only.
    """
    if keys:
        from workers.approvals.index import words

        return words(approver, keys)
    names: Iterable[str] = dict.fromkeys((person(approver), approver.strip()))
    return [name.encode("utf-8", "replace")[:LONGEST_WORD].decode("utf-8", "ignore") for name in names]


def quoted(text: str) -> str:
    """Return a text as Temporal's list queries spell it."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
