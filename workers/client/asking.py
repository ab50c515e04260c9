"""Asking many runs, so many at a time, without waiting for each where nobody seems to be there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from workers.client.listing import SILENT, ListedRun
from workers.client.runs import ENDED, ask, describe
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.service import RPCError

T = TypeVar("T")

QUERIES_AT_ONCE = 10

PAUSES = (0.2, 1.0)
"""Seconds before a run is asked again after Temporal failed for a moment."""

UNKNOWN_QUERY = "expected but not found"
"""What Temporal's SDK answers for a workflow that has no such query."""

VAIN_WAITS = 30
"""Runs that may be waited for in vain, `QUERIES_AT_ONCE` at a time; then the others are not asked any more."""

NOT_ASKED = (
    f"This run was not asked: {VAIN_WAITS} others were waited for in vain. Look again, or narrow what you look for."
)


async def ask_all(
    runs: Sequence[ListedRun], ask: Callable[[ListedRun], Awaitable[T]]
) -> list[tuple[ListedRun, T | TrunklineError]]:
    """Ask every run, so many at a time, and give up where nobody seems to be there.

    Once one has waited in vain before any has answered, nobody else is asked; later, each is waited for once more,
    until too many were.
    """
    permits = asyncio.Semaphore(QUERIES_AT_ONCE)
    answered = vain = 0

    async def one(run: ListedRun) -> T | TrunklineError:
        nonlocal answered, vain
        for last in (False, True):
            if vain and not answered:
                return UnreachableError(SILENT)
            if vain >= VAIN_WAITS:
                return TrunklineError(NOT_ASKED)
            try:
                answer = await ask(run)
            except UnreachableError as error:
                vain += 1
                if last:
                    return error
            except TrunklineError as error:
                return error
            else:
                answered += 1
                return answer
        raise AssertionError("the last time returns")

    async def permitted(run: ListedRun) -> tuple[ListedRun, T | TrunklineError]:
        async with permits:
            return run, await one(run)

    return await asyncio.gather(*map(permitted, runs))


async def query(client: Client, run: str, name: str, what: str, *, named: bool = True) -> Any:
    """Return what a running run answers to a query; None where it has ended, or is no run of an automation.

    Args:
        client: a connected client.
        run: workflow id.
        name: the query.
        what: what it asks for, in a sentence.
        named: whether it is known to be a run of an automation.

    Raises:
        UnreachableError: no worker answers.
        TrunklineError: it could not be asked for another reason.
    """
    from temporalio.client import WorkflowQueryFailedError
    from temporalio.service import RPCError

    from workflows.run.encrypted import MissingKeyError

    for pause in (*PAUSES, None):
        try:
            return await ask(client.get_workflow_handle(run), name)
        except (UnreachableError, RPCError, WorkflowQueryFailedError, MissingKeyError) as error:
            if not isinstance(error, MissingKeyError) and await _has_ended(client, run):
                return None
            if isinstance(error, WorkflowQueryFailedError) and not named and UNKNOWN_QUERY in str(error):
                return None
            if isinstance(error, UnreachableError):
                raise
            if pause is None or not (isinstance(error, RPCError) and _passes(error)):
                raise TrunklineError(f"{run} could not be asked {what}: {error}") from error
            await asyncio.sleep(pause)
    raise AssertionError("the last time returns or raises")


def _passes(error: RPCError) -> bool:
    """Say whether an error of Temporal's is likely to pass."""
    from temporalio.service import RPCStatusCode

    return error.status in {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNKNOWN,
    }


async def _has_ended(client: Client, run: str) -> bool:
    from temporalio.service import RPCError

    try:
        status = (await describe(client, run)).status
    except NotFoundError:  # and its retention is over
        return True
    except RPCError:
        return False
    return status is not None and status.name in ENDED
