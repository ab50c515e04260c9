"""The history of a whole chain: a run and those that it continues, each of which Temporal keeps a history of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.client.history.local_steps import with_local_steps
from workers.client.history.reading import run_of, start_of
from workers.client.history.rows import Activity, LocalActivity, Run, Start, StartedRun
from workers.client.history.values import HistoryValues
from workers.client.runs import no_run
from workers.client.transport import lacks_namespace
from workers.errors import NotFoundError

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What Temporal keeps of a run, from its first event to its last.

    Attributes:
        run: workflow id.
        runs: the runs of its chain, the oldest first.
        values: reads what the rows keep.
    """

    run: str
    runs: list[Run]
    values: HistoryValues

    @property
    def start(self) -> Start:
        """How its first run began."""
        return self.runs[0].start

    def activities(self) -> Iterator[Activity]:
        """Yield the activities of all its runs, in order."""
        return (one for run in self.runs for one in run.activities)

    def local_activities(self) -> Iterator[LocalActivity]:
        """Yield what all its runs asked their workers, in order."""
        return (one for run in self.runs for one in run.local_activities)

    def calls(self) -> Iterator[StartedRun]:
        """Yield the runs that all its runs started, in order."""
        return (one for run in self.runs for one in run.calls)


class IncompleteHistoryError(NotFoundError):
    """Temporal does not keep the beginning of a run any more."""


async def history_of(client: Client, run: str, run_id: str | None = None) -> History:
    """Return the history of a run, of all runs of its chain up to that one.

    Args:
        client: a connected client.
        run: workflow id.
        run_id: one run of the chain; by default the latest.

    Raises:
        NotFoundError: there is no such run.
        IncompleteHistoryError: an earlier one of its chain is not kept any more.
        MissingKeyError: what a local step gave is encrypted under a key that is not at hand.
    """
    runs: list[Run] = []
    following: str | None = run_id
    while following or not runs:
        try:
            events = [event async for event in _events(client, run, following)]
            runs.insert(0, run_of(await with_local_steps(client, events)))
        except NotFoundError as error:
            if not runs:
                raise
            raise IncompleteHistoryError(
                f"The history of {run} is not whole: Temporal does not keep its beginning any more."
            ) from error
        following = runs[0].start.continues
    return History(run=run, runs=runs, values=HistoryValues(client.data_converter))


async def start_of_run(client: Client, run: str) -> Start:
    """Return how the latest run under an id began; no more of its history is fetched.

    Raises:
        NotFoundError: there is no such run.
    """
    async for event in _events(client, run, None, page=1):
        if (start := start_of(event)) is not None:
            return start
    raise no_run(client, run)


async def run_alone(client: Client, run: str, run_id: str | None) -> Run:
    """Return what the history of one run says, without the others of its chain, and without its local steps.

    Raises:
        NotFoundError: there is no such run.
    """
    return run_of([event async for event in _events(client, run, run_id)])


async def _events(client: Client, run: str, run_id: str | None, page: int | None = None) -> AsyncIterator[HistoryEvent]:
    from temporalio.service import RPCError, RPCStatusCode

    try:
        async for event in client.get_workflow_handle(run, run_id=run_id).fetch_history_events(page_size=page):
            yield event
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and not lacks_namespace(error.message):
            raise no_run(client, run) from error
        raise
