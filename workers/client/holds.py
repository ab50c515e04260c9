"""What waits for people, over all runs: found by search attribute, told by the runs themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from workers.client.asking import ask_all, query
from workers.client.listing import Listed, candidates
from workers.client.runs import describe, has_workers
from workers.errors import NotFoundError, TrunklineError, UnreachableError
from workflows.language.people import person

if TYPE_CHECKING:
    from temporalio.client import Client

Hold = dict[str, Any]
Kind = Literal["approval", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which holds are asked for; what is None does not matter.

    Attributes:
        approver: a person who is named among those who may decide.
        automation: name of the automation.
        older_than: how long it must have waited.
        kind: whether it waits for an approval, or after a failure.
    """

    approver: str | None = None
    automation: str | None = None
    older_than: timedelta | None = None
    kind: Kind | None = None

    def takes(self, hold: Hold, now: datetime) -> bool:
        """Say whether a hold, with its `automation`, is one of those that are asked for."""
        if self.approver is not None and person(self.approver) not in map(person, hold["approvers"]):
            return False
        if self.automation is not None and hold["automation"] != self.automation:
            return False
        if self.older_than is not None and now - datetime.fromisoformat(hold["openedAt"]) < self.older_than:
            return False
        return self.kind is None or hold["kind"] == self.kind


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """What waits for people, over all runs.

    Attributes:
        holds: every open hold, as the run's query shows it, with its `run` and `automation`.
        silent: runs whose worker does not answer.
        failed: runs that could not be asked for another reason.
    """

    holds: list[Hold]
    silent: list[Listed]
    failed: list[Listed] = field(default_factory=list)

    @property
    def left(self) -> list[Listed]:
        """Return every run that could not be asked, and so may hold more than `holds` tells."""
        return [*self.silent, *self.failed]


async def find(client: Client, task_queue: str, wanted: Wanted | None = None, keys: Sequence[str] = ()) -> OpenHolds:
    """Collect the open holds of the runs on a task queue, the oldest first.

    Args:
        client: a connected client.
        task_queue: the task queue of the runs.
        wanted: which holds are asked for.
        keys: encryption keys; with them, people stand in Temporal's list as keyed hashes only.
    """
    wanted = wanted or Wanted()
    found = candidates(client, task_queue, approver=wanted.approver, automation=wanted.automation, keys=keys)
    listed = {run.run: run async for run in found if wanted.automation in {None, run.automation}}
    runs = [*listed.values()]  # each once, also where it continued as new between two pages
    if not runs or not await polled(client, task_queue):
        return OpenHolds(holds=[], silent=runs)
    answers = await ask_all(runs, lambda run: of_run(client, run.run, named=bool(run.holds)))
    now = datetime.now(UTC)
    rows = [
        {"run": run.run, "automation": run.automation, **hold}
        for run, held in answers
        if not isinstance(held, TrunklineError)
        for hold in held
    ]
    return OpenHolds(
        holds=sorted((row for row in rows if wanted.takes(row, now)), key=lambda row: str(row.get("openedAt"))),
        silent=[run for run, held in answers if isinstance(held, UnreachableError)],
        failed=[
            replace(run, error=str(held))
            for run, held in answers
            if isinstance(held, TrunklineError) and not isinstance(held, UnreachableError)
        ],
    )


async def polled(client: Client, task_queue: str) -> bool:
    """Say whether a worker may be there: whether one has polled lately, or this client may not know."""
    from temporalio.service import RPCError

    try:
        return await has_workers(client, task_queue)
    except RPCError:
        return True


async def of_run(client: Client, run: str, *, named: bool = True) -> list[Hold]:
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


async def look(client: Client, run: str) -> list[Hold] | None:
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


async def one(client: Client, run: str, name: str) -> Hold:
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
