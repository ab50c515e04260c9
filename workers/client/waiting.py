"""What waits for people, from Temporal's list alone: the oldest first, however many there are, and no run is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workers.client.listing import CUT, PLAIN, Listed, all_running, listed, running, with_memo, words_of
from workers.client.wanted import Wanted
from workers.client.windows import Window, windows

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution

ON_A_PAGE = 50
PAGE_OF_A_LIST = 1_000
"""How many runs Temporal lists in one answer."""

DATED, UNDATED = "TrunklineHeldSince IS NOT NULL", "TrunklineHeldSince IS NULL"


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page of the runs in which something waits.

    Attributes:
        runs: at most so many, those first in which something has waited longest.
        total: how many runs there are on all pages.
    """

    runs: list[Listed]
    total: int

    @property
    def pages(self) -> int:
        """Return how many pages there are; one at least."""
        return max(1, -(-self.total // ON_A_PAGE))


async def page(
    client: Client, task_queue: str, wanted: Wanted, number: int = 1, keys: Sequence[str] = ()
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
        runs = [run async for run in all_running(client, task_queue) if wanted.automation in {None, run.automation}]
        runs.reverse()  # Temporal lists the latest first
        return WaitingPage(runs[first : first + ON_A_PAGE], len(runs))


async def every(client: Client, task_queue: str, wanted: Wanted, keys: Sequence[str] = ()) -> list[Listed]:
    """Return all runs in which something waits, the oldest first; those whose age is not known come before others."""
    search = _Search(client, task_queue, wanted, keys)
    try:
        found = await search.list(*([] if wanted.older_than is None else [search.old_enough()]))
        runs = [await with_memo(one) for one in found]
    except _NoAttributesError:
        runs = [run async for run in all_running(client, task_queue) if wanted.automation in {None, run.automation}]
    once = {run.run: run for run in runs}  # also where it continued as new between two pages
    return sorted(once.values(), key=lambda run: (run.since or datetime.min.replace(tzinfo=UTC), run.run))


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

    def __init__(self, client: Client, task_queue: str, wanted: Wanted, keys: Sequence[str]) -> None:
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

    def old_enough(self) -> str:
        """Return the clause for runs in which something has waited long enough, or nobody knows."""
        return f"({self._before_wanted()} OR {UNDATED})"

    def _before_wanted(self) -> str:
        assert self.wanted.older_than is not None  # noqa: S101 # it is asked for
        return f"TrunklineHeldSince <= '{(self.now - self.wanted.older_than).isoformat()}'"

    async def page(self, first: int, last: int) -> WaitingPage:
        """Return the runs of some ranks: those whose age is not known, then the oldest."""
        old = [] if self.wanted.older_than is None else [self._before_wanted()]
        everything, dated, wanted = await asyncio.gather(
            self.count(), self.count(DATED), self.count(*old) if old else _nothing()
        )
        undated = max(everything - dated, 0)
        dated = wanted if old else dated
        runs: list[WorkflowExecution] = []
        if first < undated:
            found = sorted(await self.list(UNDATED), key=lambda one: (one.start_time, one.id))
            runs += found[first:last]
        low, high = max(first - undated, 0), max(last - undated, 0)

        async def count(start: int, end: int) -> int:
            return await self.count(*old, *_between(start, end))

        for window in await windows(count, dated, low, high, int(self.now.timestamp() * 1000)):
            runs += await self._of(window, low, high, old)
        return WaitingPage([await with_memo(one) for one in runs], undated + dated)

    async def _of(self, window: Window, low: int, high: int, more: Sequence[str]) -> list[WorkflowExecution]:
        found = await self.list(*more, *_between(window.start, window.end))
        found.sort(key=lambda one: (listed(one).since or self.now, one.id))
        return found[max(low - window.before, 0) : max(high - window.before, 0)]

    async def count(self, *more: str) -> int:
        """Return how many runs there are."""
        from temporalio.service import RPCError

        try:
            return (await self.client.count_workflows(" AND ".join([*self.clauses, *more]))).count
        except RPCError as error:
            raise _unless_missing(error) from error

    async def list(self, *more: str) -> list[WorkflowExecution]:
        """Return the runs, each execution as Temporal lists it."""
        from temporalio.service import RPCError

        query = " AND ".join([*self.clauses, *more])
        try:
            found = [one async for one in self.client.list_workflows(query, page_size=PAGE_OF_A_LIST)]
        except RPCError as error:
            raise _unless_missing(error) from error
        return found if self.exact else [one for one in found if self._takes(listed(one))]

    def _takes(self, run: Listed) -> bool:
        """Say whether a run is asked for, where words of the query cannot say it."""
        if self.wanted.automation not in {None, run.automation}:
            return False
        return not self.words or bool({*self.words, CUT} & {*run.approvers})


async def _nothing() -> int:
    return 0


def _between(start: int, end: int) -> list[str]:
    first, last = (datetime.fromtimestamp(at / 1000, UTC).isoformat() for at in (start, end))
    return [f"TrunklineHeldSince >= '{first}'", f"TrunklineHeldSince < '{last}'"]


def _unless_missing(error: Exception) -> Exception:
    """Return what to raise: an error of its own where the namespace lacks our search attributes."""
    from temporalio.service import RPCError, RPCStatusCode

    missing = isinstance(error, RPCError) and error.status is RPCStatusCode.INVALID_ARGUMENT
    return _NoAttributesError() if missing else error
