"""Reading an answer: its headers as text, and its body within its bounds, decompressed piece by piece."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp

from activities.errors import ActionError, ResultTooLarge
from activities.http_client.bodies import FREE, Bodies, NoRoomError, Room, Share, no_room
from activities.http_client.message import WITHOUT_EFFECT, Response
from activities.http_client.statuses import SUCCESS, unexpected

if TYPE_CHECKING:
    from activities.http_client.transport import Exchange

MAX_ALL_HEADERS = 64 * 1024

Until = Callable[[Mapping[str, str], bytes], bool]
"""Says by an answer's headers, and what has arrived of its body, whether that is all that is wanted of it."""

PIECE = 64 * 1024
"""Most bytes that are decompressed before others have their turn."""

MOST_MEMBERS = 10_000
"""Parts of which a compressed body may be made."""

GZIP = zlib.MAX_WBITS | 16
GZIP_BEGINS = b"\x1f\x8b"
SMALLEST_HEAD = 2
"""Bytes after which the kind of a compression is known."""


async def received(  # noqa: PLR0913, PLR0917 # what decides about a body
    answer: aiohttp.ClientResponse,
    exchange: Exchange,
    max_bytes: int,
    bodies: Bodies,
    share: Share | None,
    until: Until | None = None,
) -> Response:
    """Read an answer within its limits; outside 2xx the status alone is worth having.

    Raises:
        ResultTooLarge: its headers are too large, or it is successful and too long or unreadably compressed.
        Unavailable: there is no room for it, and the request had no effect.
        aiohttp.ClientError: it is successful and broke off.
    """
    status, headers = answer.status, spelled(answer.raw_headers)
    exchange.answer = Response(status, headers, b"", complete=False)
    if sum(len(name) + len(value) for name, value in answer.raw_headers) > MAX_ALL_HEADERS:
        raise ResultTooLarge(
            f"The answer (status {status}) has headers of more than {MAX_ALL_HEADERS} bytes.", status=status
        )
    body = AnswerBody(answer, headers, min(max_bytes, bodies.limit), until)
    try:
        await body.read(exchange, bodies, share)
    except (aiohttp.ClientError, OSError, zlib.error) as error:
        if status not in SUCCESS:
            return exchange.answer
        if not isinstance(error, zlib.error):
            raise
        raise ResultTooLarge(
            f"The request was carried out (status {status}), but its answer is compressed although that was not asked "
            "for, and cannot be read.",
            status=status,
        ) from None
    if status in SUCCESS and not body.complete:
        whose = " that all bodies of this worker may take (TRUNKLINE_BODIES_LIMIT)" if max_bytes > bodies.limit else ""
        raise ResultTooLarge(
            f"The request was carried out (status {status}), but its answer is larger than {body.most:,} bytes{whose}.",
            status=status,
        )
    return Response(status, headers, body.content(), complete=body.complete, room=body.room)


class AnswerBody:
    """A body that is being read.

    Attributes:
        most: bytes that are kept.
        complete: whether that is all of it.
        room: what it takes.
    """

    def __init__(
        self, answer: aiohttp.ClientResponse, headers: dict[str, str], most: int, until: Until | None = None
    ) -> None:
        self.most = most
        self._until = until
        self._headers = headers
        self.complete = True
        self.room: Room | None = None
        self._answer = answer
        self._kept = BytesIO()
        compression = _compression(headers)
        declared = None if compression else answer.content_length
        self._needed = most if declared is None else min(declared, most)
        self._compression = compression

    async def read(self, exchange: Exchange, bodies: Bodies, share: Share | None) -> None:
        """Read all that is wanted.

        Raises:
            zlib.error: it is compressed, and does not follow its compression.
        """
        inflater = Inflater(self._compression) if self._compression else None
        async for piece in self._answer.content.iter_any():
            for plain in (piece,) if inflater is None else inflater.feed(piece):
                if self.room is None and self._kept.tell() + len(plain) > FREE and self._needed > FREE:
                    self.room = await _taken(exchange, bodies, self._needed, share)
                self._kept.write(plain)
                if self._kept.tell() > self.most:
                    self.complete = False
                    return
                if self._until is not None and self._until(self._headers, self._kept.getvalue()):
                    return
                if inflater is not None:
                    await asyncio.sleep(0)
        if inflater is not None:
            inflater.end()

    def content(self) -> bytes:
        """Return what was read, in the one place in memory where it already is."""
        self._kept.truncate(min(self._kept.tell(), self.most))
        if self.room is not None:
            self.room.shrink(self._kept.tell() - FREE)
        return self._kept.getvalue()


async def _taken(exchange: Exchange, bodies: Bodies, size: int, share: Share | None) -> Room:
    exchange.waits_for_room = True
    try:
        room = await bodies.take(size, share)
    except NoRoomError:
        raise unread(exchange.method, exchange.target.host, exchange.answer) from None
    exchange.waits_for_room = False
    return room


def unread(method: str, host: str, answer: Response | None) -> ActionError:
    """Return the error for an answer that came, and for which there was no room in time."""
    if answer is not None and answer.status not in SUCCESS:
        return unexpected(answer.status, answer.headers, b"")
    if answer is None or method in WITHOUT_EFFECT:
        return no_room(f"the answer of {host}")
    return ResultTooLarge(
        f"The request was carried out (status {answer.status}), but this worker had no room for its answer, because "
        "other bodies took all of it (TRUNKLINE_BODIES_LIMIT).",
        status=answer.status,
    )


def spelled(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by lower-case name, repeated ones joined by commas."""
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("ascii", "replace").lower(), value_bytes.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _compression(headers: dict[str, str]) -> str:
    written = (part.strip().lower() for part in headers.get("content-encoding", "").split(","))
    return ", ".join(part for part in written if part not in ("identity", ""))


class Inflater:
    """Decompresses a body that was compressed unasked, one or several members after each other.

    Args:
        compression: what the header Content-Encoding says.

    Raises:
        zlib.error: it is none that this client reads.
    """

    def __init__(self, compression: str) -> None:
        self._gzip = compression in ("gzip", "x-gzip")
        if not self._gzip and compression != "deflate":
            raise zlib.error("unknown")
        self._head = b""
        self._stream: zlib._Decompress | None = None
        self._members = 0
        self._trailing = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what more of the body holds, in pieces of a bounded size.

        Raises:
            zlib.error: it does not follow the compression.
        """
        data = self._head + data
        self._head = b""
        while data and not self._trailing:
            if self._stream is None:
                if len(data) < SMALLEST_HEAD:
                    self._head = data
                    return
                if self._members and not (self._gzip and data.startswith(GZIP_BEGINS)):
                    self._trailing = True  # padding, as gzip itself passes over it
                    return
                self._stream = self._member(data)
            piece = self._stream.decompress(data, PIECE)
            if piece:
                yield piece
            if self._stream.eof:
                data, self._stream = self._stream.unused_data, None
            else:
                data = self._stream.unconsumed_tail

    def end(self) -> None:
        """Hold the body to having come whole; an empty one is.

        Raises:
            zlib.error: it broke off.
        """
        if self._stream is not None:
            self._stream.flush()
            if self._stream.eof:
                return
        if self._stream is not None or (self._head and not self._members):
            raise zlib.error("incomplete")

    def _member(self, data: bytes) -> zlib._Decompress:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise zlib.error("too many members")
        if self._gzip:
            return zlib.decompressobj(GZIP)
        wrapped = data[0] & 15 == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
