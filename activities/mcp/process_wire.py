"""Standard streams: a program of this machine is started for one conversation; each message is a line of JSON."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.http_client.json_body import json_bytes
from activities.http_client.json_text import parsed
from activities.mcp.messages import NO_METHOD, Message, RpcReply, reply_to
from activities.mcp.wire import McpWire

LARGEST = 8 * 1024 * 1024
"""Bytes that one line may have."""

FAREWELL = 2.0
"""Seconds that a program has to end once nobody speaks with it any more."""

INHERITED = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "USER")
"""Variables of this process that a program gets; all others may hold secrets."""


class ProcessWire:
    """Reaches a server that runs as a program; see `McpWire`.

    Args:
        context: the attempt's surroundings.
        process: the program, with pipes.
        name: how sentences name it.
    """

    def __init__(self, context: Context, process: asyncio.subprocess.Process, name: str) -> None:
        self.context = context
        self.process = process
        self.name = name

    async def ask(self, message: Message, headers: Mapping[str, str], *, effect: bool) -> RpcReply:
        """Send a request and return the reply; see `McpWire`."""
        del headers
        if effect:
            await self.context.sending()
        try:
            await self._write(message)
            while True:
                output = await self._read()
                if (reply := reply_to(message["id"], output)) is not None:
                    return reply
                if isinstance(output, Mapping) and "method" in output and "id" in output:
                    await self._decline(output)
        except (OSError, EOFError, ValueError) as error:
            sentence = (
                f"The program {self.name} ended, or said what is no message, before it answered {message['method']}"
            )
            if effect:
                raise OutcomeUnknown(f"{sentence}; it may have carried it out.") from error
            raise Unavailable(f"{sentence}.") from error

    async def tell(self, message: Message, headers: Mapping[str, str]) -> None:
        """Send a notification; see `McpWire`."""
        del headers
        try:
            await self._write(message)
        except OSError as error:
            raise Unavailable(f"The program {self.name} ended before it was told {message['method']}.") from error

    async def end(self, headers: Mapping[str, str]) -> None:
        """Do nothing: the session ends with the program."""

    async def _decline(self, request: Mapping[str, Any]) -> None:
        """Answer what the server asks: a ping, and else that nothing else can be asked for."""
        answer: Message = {"jsonrpc": "2.0", "id": request["id"]}
        if request["method"] == "ping":
            await self._write({**answer, "result": {}})
        else:
            await self._write({**answer, "error": {"code": NO_METHOD, "message": "Method not found"}})

    async def _write(self, message: Message) -> None:
        stream = self.process.stdin
        if stream is None:
            raise EOFError
        stream.write(json_bytes(message) + b"\n")
        await stream.drain()

    async def _read(self) -> Any:
        line = await self.process.stdout.readline() if self.process.stdout else b""
        if not line:
            raise EOFError
        return parsed({}, line).value


@asynccontextmanager
async def process_wire(
    context: Context, command: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[McpWire]:
    """Start a program, and end it with the context.

    Args:
        context: the attempt's surroundings.
        command: the program and its arguments.
        environment: variables that it gets besides the usual ones.

    Raises:
        Refused: it cannot be started.
    """
    usual = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**usual, **environment},
            limit=LARGEST,
            start_new_session=True,  # so that what it starts ends with it
        )
    except OSError as error:
        raise Refused(f"The program {command[0]!r:.100} cannot be started: {error.strerror}.") from None
    try:
        yield ProcessWire(context, process, f"{command[0]!r:.100}")
        if process.stdin is not None:
            process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await process.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
