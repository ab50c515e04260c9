"""One run as far as it can be known now: from Temporal at once, and from a worker within a few seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trunkline.wire import RunReport
from workers.client import holds, runs
from workers.client.listing import ListedRun, with_memo
from workers.client.wanted import OpenHold
from workers.errors import TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecutionDescription

NO_WORKER = "No worker answers for this run: what is shown is what Temporal itself knows."


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a run.

    Attributes:
        listed: what Temporal's list says.
        description: what Temporal says about it.
        held: its open holds; None where nobody could tell them.
        report: its report; None where nobody has it.
        why: why something is not known, in a sentence.
    """

    listed: ListedRun
    description: WorkflowExecutionDescription
    held: list[OpenHold] | None
    report: RunReport | None
    why: str | None

    @property
    def running(self) -> bool:
        """Say whether the run has not ended."""
        status = self.description.status
        return status is None or status.name not in runs.ENDED


async def look_at(client: Client, run: str) -> Look:
    """Look at a run, and wait for a worker only where one may be there.

    Raises:
        NotFoundError: there is no such run.
    """
    description = await runs.describe(client, run)
    listed = await with_memo(description)
    ended = description.status is not None and description.status.name in runs.ENDED
    if not ended and not await holds.polled(client, description.task_queue):
        return Look(listed=listed, description=description, held=None, report=None, why=NO_WORKER)
    held, report = await asyncio.gather(_held(client, run, ended=ended), _report(client, run))
    failed = next((answer for answer in (held, report) if isinstance(answer, str)), None)
    return Look(
        listed=listed,
        description=description,
        held=None if isinstance(held, str) else held,
        report=None if isinstance(report, str) else report,
        why=failed,
    )


async def _held(client: Client, run: str, *, ended: bool) -> list[OpenHold] | str:
    """Return a run's open holds, or why nobody can tell them."""
    try:
        return [] if ended else await holds.of_run(client, run)
    except UnreachableError:
        return NO_WORKER
    except TrunklineError as error:
        return str(error)


async def _report(client: Client, run: str) -> RunReport | str:
    """Return a run's report, or why there is none."""
    from workflows.run.encrypted import MissingKeyError

    try:
        return await runs.report(client, run)
    except (TrunklineError, MissingKeyError) as error:
        return str(error)
