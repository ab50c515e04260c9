"""`trunkline gateway`: the door for what speaks HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from workers.cli.dev import until_told
from workers.cli.screen import console
from workers.settings import ListenAddress, Settings

if TYPE_CHECKING:
    from workers.gateway.config import GatewayConfig

PORT = 8700


def gateway(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = PORT,
    config: Path | None = None,
    metrics_address: str | None = None,
) -> int:
    """Take events over HTTP, be a bridge of Talkdesk, and serve pages on which people decide, until it is told to stop.

    It keeps nothing: what it has taken is in Temporal, and any number of gateways may serve the same file. It starts
    without Temporal and answers senders that they shall try again. SIGTERM finishes what is in flight.

    Args:
        host: address to listen on.
        port: where to listen; 0 takes any free port.
        config: the file that says what is served, to whom and how (`gateway.yaml`).
        metrics_address: HOST:PORT that answers /healthz and /metrics (TRUNKLINE_METRICS_ADDRESS, else none).

    Returns:
        0 if it was told to stop, 2 if the file is not what it should be.
    """
    from workers import logs
    from workers.gateway.config import FILE, load_config

    settings = Settings.from_environment(metrics_address=metrics_address)
    loaded = load_config(config or FILE)
    logs.configure()
    return asyncio.run(until_told(_serve(loaded, settings, ListenAddress(host, port))))


async def _serve(config: GatewayConfig, settings: Settings, place: ListenAddress) -> int:
    from contextlib import AsyncExitStack

    from workers.client.connecting import connect
    from workers.gateway.listening import listening
    from workers.gateway.server import Gateway
    from workers.process.health import serving
    from workers.tracing.setting import interceptors, traced

    async with AsyncExitStack() as stack:
        tracing = stack.enter_context(traced("trunkline-gateway"))
        client = await connect(settings, lazy=True, interceptors=interceptors(tracing))
        made = Gateway(config, settings, client, tracing=tracing)
        if settings.metrics_address is not None:
            await stack.enter_async_context(serving(made, settings.metrics_address))
        address = await stack.enter_async_context(listening(made, place))
        console().print(f"ready: gateway http://{address}")
        await asyncio.Event().wait()
    raise AssertionError("A gateway ends by being canceled.")
