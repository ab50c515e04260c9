"""One connection as the guarded client reads it: only what was asked for is an answer."""

from __future__ import annotations

import select
from typing import Any

from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

BODILESS = (b"204", b"304")
"""Statuses whose answers have no body; some servers send one all the same."""

SWITCHING = 101
OK = 200
MOST_INFORMATIONAL = 100
"""Answers below 200 that may come before the one that counts."""


class AnswerStream(ResponseHandler):
    """Reads answers.

    Whatever arrives while nothing is asked ends the connection, because it would be taken for the answer to the next
    request. A body after a status that has none is dropped, and the connection is not used again.

    Attributes:
        served: whether it has answered a request before.
    """

    def __init__(self, loop: Any) -> None:
        super().__init__(loop)
        self.served = False
        self._awaiting = False
        self._feeding = False
        self._informational = 0

    def ask(self) -> bool:
        """Expect an answer from now on; say whether nothing has arrived before, so that it may be asked for."""
        self._awaiting = self.is_connected() and not self.should_close and not (self.served and self._readable())
        self._informational = 0
        return self._awaiting

    def answered(self) -> bool:
        """Expect nothing any more, and say whether the connection may be used again."""
        self._awaiting, self.served = False, True
        return self._feeding or not self._begun()

    def data_received(self, data: bytes) -> None:
        """Take what came from the server."""
        if data and not self._awaiting:
            self._end()
            return
        if data[9:12] in BODILESS and not self.should_close:
            head, end, rest = data.partition(b"\r\n\r\n")
            if rest:
                self.force_close()
                data = head + end
        self._feeding = True
        try:
            super().data_received(data)
        finally:
            self._feeding = False
        if not self._awaiting and self._begun():
            self._end()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Keep an answer for who asked; those that only announce one are counted and dropped."""
        if not OK > data[0].code != SWITCHING:
            super().feed_data(data, size)
            return
        self._informational += 1
        if self._informational > MOST_INFORMATIONAL:
            self._end()
            self.set_exception(HttpProcessingError(message="too many informational answers"))

    def _begun(self) -> bool:
        """Say whether another answer has begun to arrive, of which the parser holds a part."""
        if self._buffer or self._tail:
            return True
        try:
            return self._parser is not None and self._parser.feed_eof() is not None
        except Exception:  # noqa: BLE001 # the part is no HTTP
            return True

    def _readable(self) -> bool:
        """Say whether something has arrived that the event loop has not read yet."""
        connection: Any = self.transport and self.transport.get_extra_info("socket")
        if connection is None:
            return True
        arrived = select.poll()
        arrived.register(connection.fileno(), select.POLLIN)
        return bool(arrived.poll(0))

    def _end(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.close()
