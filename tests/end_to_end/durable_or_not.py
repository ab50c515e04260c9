"""A web hook that carries events out and, with a journal, once more all of them after a crash; run as a script."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
from aiohttp import web


async def carry_out(session: aiohttp.ClientSession, receiver: str, event: str) -> None:
    for step in range(3):
        async with session.post(receiver, data=json.dumps({"event": event, "step": step})) as answer:
            await answer.read()


async def main(port: int, receiver: str, journal: Path | None) -> None:
    async with aiohttp.ClientSession() as session:
        running = set()

        def begin(event: str) -> None:
            running.add(asyncio.create_task(carry_out(session, receiver, event)))

        async def take(request: web.Request) -> web.Response:
            event = (await request.json())["id"]
            if journal is not None:
                with journal.open("a") as file:
                    file.write(f"{event}\n")
            begin(event)
            return web.Response(status=202)

        application = web.Application()
        application.router.add_post("/", take)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        for event in journal.read_text().split() if journal is not None and journal.exists() else ():
            begin(event)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else None))
