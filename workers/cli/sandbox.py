"""`trunkline sandbox`: the stand-in for the vendors, by itself."""

from __future__ import annotations

import asyncio
import signal

from rich.console import Console

PORT = 8600


def sandbox(port: int = PORT) -> None:
    """Start a local server that stands in for the vendors, names them, and shows what they get.

    Args:
        port: where to listen on 127.0.0.1; if it is taken, a free port is used instead.
    """
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    from workers.sandbox import VENDORS, Sandbox

    console = Console(soft_wrap=True)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with Sandbox(port) as server:
        if port not in (0, server.port):
            console.print(f"Port {port} is taken: the sandbox listens on {server.port}.", highlight=False)
        console.print(
            f"sandbox: {server.url} (what it received: {server.url}/, as JSON: {server.url}/_/requests)",
            highlight=False,
        )
        console.print(
            f"email: {server.host}:{server.port + 1} (what it received: {server.url}/_/mailbox)", highlight=False
        )
        titles = [vendor.title for vendor in VENDORS.values() if isinstance(vendor, type)]
        console.print(f"It stands in for {', '.join(titles)}.", highlight=False)
        await stopped.wait()
    console.print("Stopped.")
