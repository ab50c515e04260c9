"""Tasks of runs on the worker's own event loop: a thread for each would cost more than most tasks do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any


class Inline(ThreadPoolExecutor):
    """Carries out what it is given as one of the next things that its event loop does.

    A task of a run is bounded (`workflows/run/yielding.py`) and waits for nothing, so that it keeps attempts waiting no
    longer than a thread would that has Python's lock. And nothing takes it for a deadlock, as the SDK does with a task
    in a thread after two seconds by the clock on the wall, which a busy machine alone can bring.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)  # a thread that never begins

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:  # type: ignore[override] # an event loop takes either
        """Return what becomes of a call."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_soon(_carry_out, future, partial(fn, *args, **kwargs))
        return future


def _carry_out(future: asyncio.Future[Any], call: Callable[[], Any]) -> None:
    if future.cancelled():
        return
    loop = asyncio._get_running_loop()  # noqa: SLF001 # a run has a loop of its own, and leaves none behind
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 # as a thread would hand it over
        future.set_exception(error)
    finally:
        asyncio._set_running_loop(loop)  # noqa: SLF001 # same
