"""A receiver that answers every POST at once, as cheaply as Python can: it must not be what is measured."""

from __future__ import annotations

import asyncio
import sys

ANSWER = b'{"ok": true, "id": 42}'
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


class Receiver(asyncio.Protocol):
    """Reads requests off one connection and answers each."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in what has arrived."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            _, _, rest = head.partition(b"content-length:")
            length = int(rest.split(b"\r\n", 1)[0]) if rest else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self.take(body)

    def take(self, body: bytes) -> None:
        """Answer a request, whatever is in it."""
        del body
        self.answer()

    def answer(self) -> None:
        """Send the answer."""
        self.transport.write(RESPONSE)  # type: ignore[attr-defined] # a TCP transport can


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
