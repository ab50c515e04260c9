"""A worker process from its start until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator

from workers.settings import Settings

log = logging.getLogger("trunkline.worker")

OVERTIME = 10.0
"""Seconds after the grace by which a process has ended, whatever an action does."""


def run(settings: Settings, *, process: int = 1, page: socket.socket | None = None) -> int:
    """Run one worker process until it is told to stop, and return its exit code.

    The first SIGTERM or SIGINT lets activities in flight finish within the grace; a second one ends the process at
    once. A process of several leaves the second one to its parent.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_until_told(settings, process, page))


async def _until_told(settings: Settings, process: int, page: socket.socket | None) -> int:
    from workers.process.worker import serve

    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(serve(settings, process=process, page=page))
    warned = False

    def stop(number: signal.Signals) -> None:
        nonlocal warned
        if not warned:
            warned = True
            loop.call_later(settings.grace + OVERTIME, _give_up)
            work.cancel()
            if page is None:
                say_stopping(settings.grace)
        elif page is None:
            log.warning("Ended at once by a second signal.")
            os._exit(128 + number)

    with on_signals(stop):
        try:
            await work
        except asyncio.CancelledError:
            if not warned:
                raise
    if page is None:
        log.info("Stopped.")
    return 0


@contextlib.contextmanager
def on_signals(handler: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call `handler` for each SIGTERM and SIGINT while the context lasts; a signal that is ignored stays so."""
    loop = asyncio.get_running_loop()
    signals = [number for number in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(number) is not signal.SIG_IGN]
    for number in signals:
        loop.add_signal_handler(number, handler, number)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def say_stopping(grace: float) -> None:
    """Say what a first signal means."""
    log.info("Stopping: activities in flight have %g s to finish. A second signal ends at once.", grace)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's event loop where it is installed, which costs less per call."""
    try:
        import uvloop
    except ImportError:  # there is none for this platform
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _give_up() -> None:
    log.error("An action did not end in time; Temporal gives it to another worker.")
    os._exit(1)
