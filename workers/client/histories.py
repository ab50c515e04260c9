"""Histories of runs: from files, as Temporal's command line and web UI export them, and from Temporal itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from trunkline.keyed import KEYED
from trunkline.wire import BUDGETS, PAUSES
from workers.client.listing import quoted
from workers.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHistory

OWN_QUEUES = (KEYED, BUDGETS, PAUSES)
"""Task queues of the workflows that are no runs, but which workers carry out as well."""


class RecordedHistory(NamedTuple):
    """The history of one execution, and where it is from: a file, or the run id."""

    place: str
    history: WorkflowHistory


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Return files, and in place of each folder the `*.json` files below it.

    Raises:
        NotFoundError: there is no such file, or no history in a folder.
    """
    found = []
    for path in paths:
        inside = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        if not inside or not path.exists():
            raise NotFoundError(f"There is no history {path}." if not path.exists() else f"{path} has no *.json file.")
        found += inside
    return found


def from_files(files: Iterable[Path]) -> Iterator[RecordedHistory]:
    """Yield the history of each file.

    Raises:
        UsageError: one holds no history.
    """
    from google.protobuf.json_format import ParseError
    from temporalio.client import WorkflowHistory

    for file in files:
        try:
            given: Any = json.loads(file.read_text(encoding="utf-8"))
            events = given if isinstance(given, list) else given["events"]
            started = events[0]["workflowExecutionStartedEventAttributes"]
            run = started.get("workflowId") or started["workflowType"]["name"]
            yield RecordedHistory(str(file), WorkflowHistory.from_json(run, {"events": events}))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ParseError):
            raise UsageError(
                f"{file} is no history: export one with `temporal workflow show --workflow-id RUN --output json`."
            ) from None


async def from_temporal(client: Client, task_queue: str, last: int) -> AsyncIterator[RecordedHistory]:
    """Yield the histories of the last runs of a task queue, and of as many workflows that are no runs.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        last: how many.
    """
    others = " OR ".join(f"TaskQueue = {quoted(queue)}" for queue in OWN_QUEUES)
    listings = [client.list_workflows(query, limit=last) for query in (f"TaskQueue = {quoted(task_queue)}", others)]
    found = [[one async for one in listing] for listing in listings]
    for one in chain.from_iterable(found):
        handle = client.get_workflow_handle(one.id, run_id=one.run_id)
        yield RecordedHistory(one.run_id, await handle.fetch_history())
