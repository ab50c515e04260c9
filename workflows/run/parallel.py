"""Running coroutines side by side, in an order that replay repeats."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from workflows import host

T = TypeVar("T")


async def run_parallel(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all to their end and return their results in order; a bug in one is raised at once.

    `asyncio.TaskGroup` keeps its children in a set, so that it cancels them in an order that no replay repeats.
    """
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    if not tasks:
        return []
    try:
        await host.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    except asyncio.CancelledError:
        await cancel_all(tasks)
        raise
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return [task.result() for task in tasks]


@contextlib.contextmanager
def cancellation() -> Iterator[None]:
    """Let the cancellation of an activity be that of the task that waits for it; the SDK makes it a failure."""
    try:
        yield
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from error
        raise


async def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine to its end, although the task that waits for it is canceled meanwhile."""
    task = asyncio.create_task(coroutine)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await host.wait([task])
    return task.result()


async def result_of(activity: workflow.ActivityHandle[T]) -> T:
    """Await an activity; a cancellation that comes in the same workflow task as its end does not lose its result."""
    try:
        await host.wait([activity])
    except asyncio.CancelledError:
        await host.wait_condition(lambda: True)  # once all that the task brought was taken
        activity.cancel()
        await host.wait([activity])
    return activity.result()


async def cancel_all(tasks: list[asyncio.Task[T]]) -> None:
    """Cancel tasks in order and wait until each has cleaned up; a bug in one is raised."""
    for task in tasks:
        task.cancel()
    if tasks:
        await host.wait(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
