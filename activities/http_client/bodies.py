"""Room for bodies: what all attempts of a process may hold of answers and recordings together.

A body gets its room in one piece, the first who asks first. What fits the free part of every body needs none, so that
ordinary answers never wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from weakref import WeakSet

from activities.errors import Unavailable

FREE = 64 * 1024
"""Bytes of every body that take no room."""

DEFAULT_LIMIT = 256 * 1024 * 1024


class NoRoomError(Exception):
    """There is no room for a body now, and who asks may not wait for it."""


class Share:
    """What one attempt holds.

    An attempt that holds room and waited for more could wait for another one that waits for it: it is told at once.
    """

    __slots__ = ("held", "rooms")

    def __init__(self) -> None:
        self.held = 0
        self.rooms: WeakSet[Room] = WeakSet()

    def end(self) -> None:
        """Give back all that the attempt still holds, whoever refers to it."""
        for room in tuple(self.rooms):
            room.shrink(0)


class Room:
    """Room for one body; it is given back when nobody refers to it any more, in whatever thread that is."""

    __slots__ = ("__weakref__", "_bodies", "_loop", "_share", "size")

    def __init__(self, bodies: Bodies, size: int, share: Share) -> None:
        self._bodies = bodies
        self._share = share
        self._loop = asyncio.get_running_loop()
        self.size = size
        share.held += size
        share.rooms.add(self)

    def shrink(self, size: int) -> None:
        """Give back what turned out not to be needed."""
        size = max(size, 0)
        if size < self.size:
            self._share.held -= self.size - size
            self._bodies.give_back(self.size - size)
            self.size = size

    def __del__(self) -> None:
        """Give all of it back."""
        if not self.size:
            return
        self._share.held -= self.size
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(self._bodies.give_back, self.size)


class Bodies:
    """The room of one process.

    Args:
        limit: bytes that all bodies may take together.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit
        self._left = limit
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def taken(self) -> int:
        """Bytes that bodies take now."""
        return self.limit - self._left

    async def take(self, size: int, share: Share | None = None) -> Room:
        """Wait for room and return it.

        Args:
            size: bytes, at most `limit`.
            share: of the attempt that asks; None where it asks for nothing else.

        Raises:
            NoRoomError: there is none now, and the attempt already holds some.
        """
        share = share or Share()
        if self._waiting or size > self._left:
            if share.held:
                raise NoRoomError
            granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((size, granted))
            try:
                await granted
            except asyncio.CancelledError:
                if granted.done() and not granted.cancelled():
                    self.give_back(size)
                self._grant()
                raise
        else:
            self._left -= size
        return Room(self, size, share)

    def give_back(self, size: int) -> None:
        """Take room back, and give it to those who wait, in their order."""
        self._left += size
        self._grant()

    def _grant(self) -> None:
        while self._waiting:
            size, granted = self._waiting[0]
            if not granted.done():
                if size > self._left:
                    return
                self._left -= size
                granted.set_result(None)
            self._waiting.popleft()


def no_room(what: str) -> Unavailable:
    """Return the error for a body for which there was no room, where nothing was lost by it."""
    return Unavailable(
        f"This worker has no room for {what} now, because other bodies take all of it (TRUNKLINE_BODIES_LIMIT)."
    )
