"""One attempt's signs of life, and the mark that it is about to send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from activities.errors import ActionError, NotSent, Unavailable
from trunkline.wire import SENDING

FIRST_BEAT = 2.0
BEATS = 3.0
"""Seconds before an attempt first heartbeats, and between heartbeats."""


class Heartbeat:
    """One attempt's heartbeats: that it lives, how far it is, and durably that it is about to send.

    The SDK sends heartbeats in the background and late, so that one of them could wipe out a mark written meanwhile.
    Where there will be a mark, each heartbeat before it is therefore written and awaited in turn.

    Args:
        progress: what an earlier attempt kept.
        beat: hands a heartbeat to the SDK, which sends it in the background.
        write: sends one and returns once Temporal has it; given where there will be a mark.
    """

    def __init__(self, progress: Any, beat: Callable[..., None], write: Callable[..., Awaitable[None]] | None) -> None:
        self.progress = progress
        self.marked = False
        self._send = beat
        self._write = write
        self._turn = asyncio.Lock()
        self._lost: ActionError | None = None
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Heartbeat from now on."""
        self._next = asyncio.get_running_loop().call_later(FIRST_BEAT, self._again)

    def stop(self) -> None:
        """Heartbeat no more."""
        self._next.cancel()
        if self._writing is not None:
            self._writing.cancel()

    def keep(self, progress: Any) -> None:
        """Heartbeat, and keep how far the attempt is for the next one."""
        self.progress = progress
        self._beat()

    async def mark(self) -> None:
        """Write the mark durably; it raises for an attempt that has already timed out, which then sends nothing."""
        async with self._turn:
            if self._lost is not None or self._write is None:
                raise self._lost or Unavailable("The attempt lost touch with Temporal before it sent anything.")
            try:
                await self._write(SENDING)
            except NotSent:
                raise
            except Exception as error:
                sentence = f"The attempt could not be marked before sending ({type(error).__name__})."
                raise Unavailable(sentence) from error
            self.marked = True

    def unmark(self) -> None:
        """Take the mark back, with the attempt's failure: it certainly had no effect."""
        if self.marked:
            self.marked = False
            self._send(None)

    def clear(self, attempt: int) -> None:
        """Tell the next attempt, with this one's failure, that none up to here can have had an effect."""
        self._send(self.progress, attempt)

    def _again(self) -> None:
        self._beat()
        self._next = asyncio.get_running_loop().call_later(BEATS, self._again)

    def _beat(self) -> None:
        if self.marked:
            self._send(SENDING)
        elif self._write is None or self._lost is not None:
            self._send(*self._details())
        elif self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._in_turn(self._write))

    async def _in_turn(self, write: Callable[..., Awaitable[None]]) -> None:
        async with self._turn:
            if self.marked:
                return
            try:
                await write(*self._details())
            except NotSent as error:
                self._lost = error
            except Exception:  # noqa: BLE001 # whatever happened, it may still arrive and would wipe out a mark
                self._lost = Unavailable("The attempt lost touch with Temporal before it sent anything.")
            if self._lost is not None:
                self._send(*self._details())  # the SDK then tells the attempt if it was canceled

    def _details(self) -> tuple[Any, ...]:
        return () if self.progress is None else (self.progress,)
