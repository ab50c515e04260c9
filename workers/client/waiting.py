"""What waits for people, from Temporal's list alone: the oldest first, however many there are, and no run is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workers.client.listing import CUT, PLAIN, ListedRun, all_running, listed, running, with_memo, words_of
from workers.client.wanted import HoldQuery
from workers.client.windows import END, Window, windows

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution

ON_A_PAGE = 50
PAGE_OF_A_LIST = 1_000
"""How many runs Temporal lists in one answer."""

UNDATED = "TrunklineHeldSince IS NULL"
"""Of runs that a worker holds that knew no dates."""


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page of the runs in which something waits.

    Attributes:
        runs: at most so many, those first in which something has waited longest.
        total: how many runs there are on all pages.
    """

    runs: list[ListedRun]
    total: int

    @property
    def pages(self) -> int:
        """Return how many pages there are; one at least."""
        return max(1, -(-self.total // ON_A_PAGE))


async def page(
    client: Client, task_queue: str, wanted: HoldQuery, number: int = 1, keys: Sequence[str] = ()
) -> WaitingPage:
    """Return a page of the runs in which something waits, the oldest first over all pages.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        wanted: which holds are asked for.
        number: of the page, from 1.
        keys: encryption keys; with them, people stand in Temporal's list as keyed hashes only.
    """
    search = _Search(client, task_queue, wanted, keys)
    first = (number - 1) * ON_A_PAGE
    if not search.exact:
        runs = await every(client, task_queue, wanted, keys)
        return WaitingPage(runs[first : first + ON_A_PAGE], len(runs))
    try:
        return await search.page(first, first + ON_A_PAGE)
    except _NoAttributesError:
        runs = await _running(client, task_queue, wanted)
        return WaitingPage(runs[first : first + ON_A_PAGE], len(runs))


async def every(client: Client, task_queue: str, wanted: HoldQuery, keys: Sequence[str] = ()) -> list[ListedRun]:
    """Return all runs in which something waits, the oldest first; those whose age is not known come last."""
    search = _Search(client, task_queue, wanted, keys)
    try:
        runs = [await with_memo(one) for one in await search.executions()]
    except _NoAttributesError:
        return await _running(client, task_queue, wanted)
    once = {run.run: run for run in runs}  # also where it continued as new between two pages
    return sorted(once.values(), key=_age)


async def _running(client: Client, task_queue: str, wanted: HoldQuery) -> list[ListedRun]:
    """Return all runs that may hold something, where only they themselves know; those that began first come first."""
    found = {
        run.run: run async for run in all_running(client, task_queue) if wanted.automation in {None, run.automation}
    }
    return [*found.values()][::-1]  # Temporal lists the latest first


class _NoAttributesError(Exception):
    """The namespace has no search attributes of ours."""


class _Search:
    """Queries for the runs in which something waits.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        wanted: which holds are asked for.
        keys: encryption keys.
    """

    def __init__(self, client: Client, task_queue: str, wanted: HoldQuery, keys: Sequence[str]) -> None:
        self.client = client
        self.wanted = wanted
        self.now = datetime.now(UTC)
        self.words = [] if wanted.approver is None else words_of(wanted.approver, keys)
        self.exact = all(map(PLAIN.fullmatch, [*self.words, *filter(None, [wanted.automation])]))
        self.clauses = [running(task_queue), *self._clauses()]

    def _clauses(self) -> Iterable[str]:
        yield "TrunklineHolds IS NOT NULL"
        if self.wanted.automation is not None and PLAIN.fullmatch(self.wanted.automation):
            yield f"TrunklineAutomation = '{self.wanted.automation}'"
        if self.words and all(map(PLAIN.fullmatch, self.words)):
            listed = ", ".join(f"'{word}'" for word in [*self.words, CUT])
            yield f"TrunklineApprovers IN ({listed})"
        if self.wanted.kind is not None:
            yield f"(TrunklineHeldFor IN ('{self.wanted.kind}', 'both') OR TrunklineHeldFor IS NULL)"

        if self.wanted.older_than is not None:
            yield f"(TrunklineHeldSince <= '{(self.now - self.wanted.older_than).isoformat()}' OR {UNDATED})"

    async def page(self, first: int, last: int) -> WaitingPage:
        """Return the runs of some ranks, the oldest first; those whose age is not known come last."""
        total = await self.count()
        runs: list[WorkflowExecution] = []
        for window in await windows(self._dated, total, first, last, int(self.now.timestamp() * 1000)):
            runs += await self._of(window, first, last)
        return WaitingPage([await with_memo(one) for one in runs], total)

    async def _dated(self, start: int, end: int) -> int:
        return await self.count(_between(start, end))

    async def _of(self, window: Window, first: int, last: int) -> list[WorkflowExecution]:
        """Return what of some ranks lies in a window."""
        found = await self.executions(_between(window.start, window.end))
        found.sort(key=lambda one: _age(listed(one)))
        return found[max(first - window.before, 0) : max(last - window.before, 0)]

    async def count(self, *more: str) -> int:
        """Return how many runs there are."""
        from temporalio.service import RPCError, RPCStatusCode

        try:
            return (await self.client.count_workflows(" AND ".join([*self.clauses, *more]))).count
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                raise _NoAttributesError from error
            raise

    async def executions(self, *more: str) -> list[WorkflowExecution]:
        """Return the runs, each execution as Temporal lists it."""
        from temporalio.service import RPCError, RPCStatusCode

        query = " AND ".join([*self.clauses, *more])
        try:
            found = [one async for one in self.client.list_workflows(query, page_size=PAGE_OF_A_LIST)]
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                raise _NoAttributesError from error
            raise
        return found if self.exact else [one for one in found if self._takes(listed(one))]

    def _takes(self, run: ListedRun) -> bool:
        """Say whether a run is asked for, where words of the query cannot say it."""
        if self.wanted.automation not in {None, run.automation}:
            return False
        return not self.words or bool({*self.words, CUT} & {*run.approvers})


def _between(start: int, end: int) -> str:
    first, last = (datetime.fromtimestamp(at / 1000, UTC).isoformat() for at in (start, end))
    dated = f"(TrunklineHeldSince >= '{first}' AND TrunklineHeldSince < '{last}')"
    return f"({dated} OR {UNDATED})" if end == END else dated


def _age(run: ListedRun) -> tuple[datetime, str]:
    return run.since or datetime.max.replace(tzinfo=UTC), run.run
