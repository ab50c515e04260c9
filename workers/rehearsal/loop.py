"""An event loop whose clock jumps: it runs what can run now, and time passes only from one timer to the next.

Temporal's SDK runs workflow code on such a loop too. Read this beside `host.py`, which is the host on top of it.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

MICROSECONDS = 1_000_000


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs tasks and timers in a time of its own; nothing in it waits for the machine's clock.

    Attributes:
        start: the instant at which its time begins.
        faults: exceptions that no task took; a bug of ours.
    """

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.faults: list[BaseException] = []
        self._passed = 0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._count = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._conditions: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the virtual instant."""
        return self.start + timedelta(microseconds=self._passed)

    def next_timer(self) -> datetime | None:
        """Return when the next timer strikes; None where there is none."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self.start + timedelta(microseconds=self._timers[0][0]) if self._timers else None

    def timers(self) -> int:
        """Return how many timers there are."""
        return sum(not handle.cancelled() for _, _, handle in self._timers)

    def settle(self, *, strike: bool = True) -> None:
        """Run everything that can run now; timers whose time has come strike, unless they have to wait."""
        outer = events._get_running_loop()  # noqa: SLF001 # how loops are nested
        events._set_running_loop(self)  # noqa: SLF001 # same
        try:
            while self._ready or (strike and self._strike()) or self._satisfied():
                while self._ready:
                    handle = self._ready.popleft()
                    if not handle.cancelled():
                        handle._run()  # noqa: SLF001 # what a loop does with its handles
        finally:
            events._set_running_loop(outer)  # noqa: SLF001 # same
        if self.faults:
            raise self.faults[0]

    def advance(self, to: datetime) -> None:
        """Let time pass up to an instant, before the timers that are due then strike; see `settle`."""
        self._passed = max(self._passed, _micros(to - self.start))

    def until(self, holds: Callable[[], bool]) -> asyncio.Future[None]:
        """Return what is done once something holds that is looked at whenever nothing else can run."""
        future = self.create_future()
        self._conditions.append((holds, future))
        return future

    def end(self) -> None:
        """Cancel whatever still waits, and let it clean up."""
        for task in self._tasks:
            task.cancel()
        self._conditions.clear()
        self.settle()

    def _strike(self) -> bool:
        struck = False
        while self._timers and self._timers[0][0] <= self._passed:
            handle = heapq.heappop(self._timers)[2]
            if not handle.cancelled():
                self._ready.append(handle)
                struck = True
        return struck

    def _satisfied(self) -> bool:
        waiting, self._conditions = self._conditions, []
        found = False
        for holds, future in waiting:
            if future.done():
                continue
            if holds():
                future.set_result(None)
                found = True
            else:
                self._conditions.append((holds, future))
        return found or bool(self._ready)

    # What asyncio asks of a loop.

    def call_soon(  # type: ignore[override] # the stub is stricter about arguments
        self, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Run a callback after those that are ready."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override] # the stub is stricter about arguments
        self, delay: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """Run a callback once so many virtual seconds have passed."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override] # the stub is stricter about arguments
        self, when: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """Run a callback at a virtual time."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (round(when * MICROSECONDS), self._count, handle))
        return handle

    def time(self) -> float:
        """Return the virtual seconds that have passed."""
        return self._passed / MICROSECONDS

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override] # what the stub adds is not used here
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[T]:
        """Return a task of this loop."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override] # what the stub adds is not used here
        """Run a function now: it takes no virtual time."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 # it is the caller's
            future.set_exception(error)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what no task took."""
        error = context.get("exception")
        if isinstance(error, Exception) and "never retrieved" not in str(context.get("message")):
            self.faults.append(error)

    def get_debug(self) -> bool:
        """Say that it checks nothing besides."""
        return False

    def is_running(self) -> bool:
        """Say whether it runs something now."""
        return events._get_running_loop() is self  # noqa: SLF001 # how loops are nested

    def is_closed(self) -> bool:
        """Say that it can always go on."""
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it: `next_timer` passes over it."""


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
