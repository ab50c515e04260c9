"""Limits toward vendors: what uses a limited connection runs on a task queue of its own, which every worker polls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from temporalio import activity
from temporalio.worker import Worker

from activities.action import Action
from activities.connections import Connection, Connections
from activities.errors import Refused
from trunkline.wire import TURN, RunLimits
from workflows.compiled import program
from workflows.plan import Plan
from workflows.program import ActionStep, Block, children

if TYPE_CHECKING:
    from temporalio.client import Client


@activity.defn(name=TURN)
async def turn() -> None:
    """Do nothing: what counts is that Temporal has handed it out."""


class Limits:
    """The limits of one worker's connections.

    Args:
        connections: the worker's connections.
        actions: every action by name.
        task_queue: the worker's own task queue, with whose name those of the connections begin.
    """

    def __init__(self, connections: Connections, actions: Mapping[str, Action], task_queue: str) -> None:
        self.connections = connections
        self.actions = actions
        self.limited = connections.limited()
        self.queues = {name: f"{task_queue}/{name}" for name in self.limited}

    def of(self, plan: Plan) -> RunLimits:
        """Return what a run of this plan must know of the limits: nothing where none concerns it.

        `queues` has the task queue of every limited connection that an action of the plan can use, `chosen` the one
        that is meant where a step names none, also without a limit where the action writes records. `rated` has those
        whose rate must count several requests of one step.
        """
        steps = [*_actions(program(plan).block), *_actions(program(plan).on_failure)]
        writers = {step.action for step in steps if step.writes}
        if not self.queues and not writers:
            return {}
        queues: dict[str, str] = {}
        chosen: dict[str, str] = {}
        for name in sorted({step.action for step in steps}):
            kinds = self.actions[name].connections
            if not kinds:
                continue
            queues.update({one: self.queues[one] for one, made in self.limited.items() if isinstance(made, kinds)})
            with contextlib.suppress(Refused):  # none is meant: the step names one, or fails when it runs
                connection = self.connections.choose(kinds, action=name, name=None)
                if connection in queues or name in writers:
                    chosen[name] = connection
        found: RunLimits = {"queues": queues, "chosen": chosen} if queues or chosen else {}
        if any(step.requests > 1 for step in steps):
            found["rated"] = [name for name in queues if self.limited[name].rate_limit is not None]
        return found

    def workers(self, client: Client, activities: Sequence[Callable[..., Any]], **options: Any) -> list[Worker]:
        """Return one worker for each limited connection.

        Args:
            client: the client that all workers of this process share.
            activities: what they run.
            options: what else every worker is made with; `max_concurrent_activities` is less where a limit says so.
        """
        return [
            Worker(
                client,
                task_queue=self.queues[name],
                activities=[*activities, turn],
                max_task_queue_activities_per_second=_rate(limited),
                **options | ({"max_concurrent_activities": limited.concurrency} if limited.concurrency else {}),
            )
            for name, limited in self.limited.items()
        ]


@contextlib.asynccontextmanager
async def running(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Run workers while the context lasts; they end together, so that all activities in flight share one grace."""
    async with contextlib.AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        try:
            yield
        finally:
            await asyncio.gather(*(worker.shutdown() for worker in workers))


def _rate(connection: Connection) -> float | None:
    return None if connection.rate_limit is None else connection.rate_limit.requests_per_second


def _actions(block: Block) -> Iterator[ActionStep]:
    for step in block:
        if isinstance(step, ActionStep):
            yield step
        yield from _actions(tuple(children(step)))
