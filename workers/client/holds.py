"""What waits for people, over all runs: found by search attribute, told by the runs themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from workers.client.asking import ask_all, query
from workers.client.listing import CUT, ListedRun
from workers.client.runs import describe, has_workers
from workers.client.waiting import every
from workers.client.wanted import HoldQuery, OpenHold
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """What waits for people, over all runs.

    Attributes:
        holds: every open hold, as the run's query shows it, with its `run` and `automation`.
        silent: runs whose worker does not answer.
        failed: runs that could not be asked for another reason.
    """

    holds: list[OpenHold]
    silent: list[ListedRun]
    failed: list[ListedRun] = field(default_factory=list)

    @property
    def left(self) -> list[ListedRun]:
        """Return every run that could not be asked, and so may hold more than `holds` tells."""
        return [*self.silent, *self.failed]


async def find(client: Client, task_queue: str, wanted: HoldQuery | None = None, keys: Sequence[str] = ()) -> OpenHolds:
    """Collect the open holds of the runs on a task queue, the oldest first, by asking each run that has any.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        wanted: which holds are asked for.
        keys: encryption keys; with them, people stand in Temporal's list as keyed hashes only.
    """
    wanted = wanted or HoldQuery()
    return await open_holds(client, task_queue, await every(client, task_queue, wanted, keys), wanted)


async def open_holds(client: Client, task_queue: str, runs: Sequence[ListedRun], wanted: HoldQuery) -> OpenHolds:
    """Return the holds of runs as the runs themselves show them, the oldest first.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        runs: the runs, as Temporal's list has them.
        wanted: which holds are asked for.
    """
    if not runs or not await polled(client, task_queue):
        return OpenHolds(holds=[], silent=[*runs])
    answers = await ask_all(runs, lambda run: of_run(client, run.run, named=bool(run.holds)))
    now = datetime.now(UTC)
    rows = [
        cast("OpenHold", {"run": run.run, "automation": run.automation, **hold})
        for run, held in answers
        if not isinstance(held, TrunklineError)
        for hold in held
    ]
    return OpenHolds(
        holds=sorted((row for row in rows if wanted.takes(row, now)), key=_age),
        silent=[run for run, held in answers if isinstance(held, UnreachableError)],
        failed=[
            replace(run, error=str(held))
            for run, held in answers
            if isinstance(held, TrunklineError) and not isinstance(held, UnreachableError)
        ],
    )


async def listed_holds(
    client: Client, task_queue: str, runs: Sequence[ListedRun], wanted: HoldQuery, *, judged: bool = False
) -> OpenHolds:
    """Return the holds of runs as Temporal's list tells them, the oldest first; only where it tells too little, ask.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        runs: the runs, as Temporal's list has them.
        wanted: which holds are asked for.
        judged: whether it must also be known who may decide each: `words` then are those of Temporal's list.
    """
    known: list[OpenHold] = []
    others: list[ListedRun] = []
    now = datetime.now(UTC)
    for run in runs:
        if not _suffices(run, wanted, judged=judged):
            others.append(run)
            continue
        words: OpenHold = {"words": run.approvers} if judged else {}
        known += [{**hold, **words} for hold in run.rows if wanted.takes_told(hold, now)]
    found = await open_holds(client, task_queue, others, wanted)
    return replace(found, holds=sorted([*known, *found.holds], key=_age))


def _suffices(run: ListedRun, wanted: HoldQuery, *, judged: bool) -> bool:
    """Say whether what Temporal's list tells of a run is enough."""
    if not run.whole:
        return False
    if judged or wanted.approver is not None:  # the list names who may decide about any of them
        return len(run.rows) == 1 and CUT not in run.approvers and not (judged and run.rows[0].get("ask"))
    return True


def _age(hold: OpenHold) -> tuple[str, str]:
    return str(hold.get("openedAt")), str(hold.get("run"))


async def polled(client: Client, task_queue: str) -> bool:
    """Say whether a worker may be there: whether one has polled lately, or this client may not know."""
    from temporalio.service import RPCError

    try:
        return await has_workers(client, task_queue)
    except RPCError:
        return True


async def of_run(client: Client, run: str, *, named: bool = True) -> list[OpenHold]:
    """Return a run's open holds as its query shows them; a run that has ended holds nothing.

    Args:
        client: a connected client.
        run: workflow id.
        named: whether Temporal's list names holds of it; else it may be no run of an automation, and holds nothing.

    Raises:
        UnreachableError: no worker answers.
        TrunklineError: it could not be asked for another reason.
    """
    answer = await query(client, run, "holds", "what it holds", named=named)
    if answer is None:
        return []
    if not isinstance(answer, list) or not all(isinstance(hold, dict) for hold in answer):
        raise TrunklineError(
            f"{run} could not be asked what it holds: it answers something else, as no run of ours does."
        )
    return answer


async def look(client: Client, run: str) -> list[OpenHold] | None:
    """Return a run's open holds, or at once None where no worker even polls its task queue.

    Raises:
        NotFoundError: there is no such run.
        TrunklineError: it could not be asked for another reason.
    """
    description = await describe(client, run)
    if not await polled(client, description.task_queue):
        return None
    try:
        return await of_run(client, run)
    except UnreachableError:
        return None


async def one(client: Client, run: str, name: str) -> OpenHold:
    """Return one open hold of a run, with its `run`.

    Raises:
        NotFoundError: there is no such run, or no such hold is open in it.
        UnreachableError: no worker answers, and only a worker can show a hold.
    """
    held = await look(client, run)
    if held is None:
        raise UnreachableError(
            f"No worker answers for {run}, and only a worker can show what it holds: start one (`trunkline worker`) "
            "and try again."
        )
    found = next((hold for hold in held if hold["hold"] == name), None)
    if found is None:
        names = ", ".join(repr(hold["hold"]) for hold in held)
        raise NotFoundError(
            f"Nothing is held under {name!r} in {run}; {f'open are {names}' if names else 'nothing is open'}."
        )
    return {"run": run, **found}
