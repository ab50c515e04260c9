"""Chromium without a window, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.starts import Processes

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WITHIN = 60.0


@dataclass
class Tab:
    """A page in the browser."""

    socket: aiohttp.ClientWebSocketResponse
    session: str
    ids: itertools.count[int] = field(default_factory=itertools.count)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    async def read(self) -> None:
        async for message in self.socket:
            said = json.loads(message.data)
            if said.get("id") in self.waiting:
                self.waiting.pop(said["id"]).set_result(said)
            elif said.get("method") == "Page.loadEventFired":
                self.loaded.set()

    async def call(self, method: str, **params: Any) -> Any:
        number = next(self.ids)
        self.waiting[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": params, "sessionId": self.session})
        said = await asyncio.wait_for(self.waiting[number], WITHIN)
        assert "error" not in said, said
        return said["result"]

    async def open(self, address: str) -> None:
        self.loaded.clear()
        await self.call("Page.navigate", url=address)
        await asyncio.wait_for(self.loaded.wait(), WITHIN)

    async def run(self, script: str) -> Any:
        """Return what an expression comes to in the page."""
        said = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def click(self, selector: str) -> None:
        """Click something that leads to another page."""
        self.loaded.clear()
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")
        await asyncio.wait_for(self.loaded.wait(), WITHIN)

    async def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    async def show_as(self, width: int, *, dark: bool = False) -> None:
        """Make the window so wide, and light or dark."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, file: Path) -> None:
        """Write what the whole page looks like."""
        said = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(said["data"]))


@contextlib.asynccontextmanager
async def chromium(processes: Processes, folder: Path, host: str, address: str) -> AsyncIterator[Tab]:
    """Start it with a host's name that leads to an address of this machine."""
    assert CHROMIUM is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"]
    options += [f"--user-data-dir={folder}", f"--host-resolver-rules=MAP {host} {address}", "about:blank"]
    process = await processes.start(
        CHROMIUM, *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(WITHIN):
            while not (found := re.search(rb"ws://\S+", await process.stderr.readline())):
                pass
        rest = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(found[0].decode(), max_msg_size=0) as socket,
        ):
            tab = Tab(socket, "")
            reading = asyncio.create_task(tab.read())
            target = await _browser(tab, "Target.createTarget", url="about:blank")
            attached = await _browser(tab, "Target.attachToTarget", targetId=target["targetId"], flatten=True)
            tab.session = attached["sessionId"]
            await tab.call("Page.enable")
            yield tab
            reading.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        rest.cancel()


async def _browser(tab: Tab, method: str, **params: Any) -> Any:
    number = next(tab.ids)
    tab.waiting[number] = asyncio.get_running_loop().create_future()
    await tab.socket.send_json({"id": number, "method": method, "params": params})
    return (await asyncio.wait_for(tab.waiting[number], WITHIN))["result"]
