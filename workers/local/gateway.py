"""The gateway of `trunkline dev`, with a sign-in of this machine: in this process, beside the sandbox."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workers.client.connecting import intercepted
from workers.gateway.config import GatewayConfig
from workers.gateway.listening import listening
from workers.gateway.server import Gateway
from workers.gateway.slack.api import first_account
from workers.local.gateway_file import (
    LocalPlace,
    adapted,
    doors_of,
    people_of,
    usual_config,
    worker_keys,
)
from workers.local.sign_in import CLIENT, HOST, LocalSignIn
from workers.local.temporal_server import free_port
from workers.sandbox.webhooks.gateway import GatewayDoors
from workers.settings import ListenAddress, Settings
from workers.tracing.setting import interceptors, traced

if TYPE_CHECKING:
    from temporalio.client import Client

GRACE = 2.0


@dataclass(frozen=True, slots=True)
class LocalGateway:
    """A gateway that runs here.

    Attributes:
        port: where it listens.
        url: its address.
        doors: what the sandbox sends to.
        environment: variables of the workers beside it.
    """

    port: int
    url: str
    doors: GatewayDoors
    environment: dict[str, str]


@contextlib.asynccontextmanager
async def local_gateway(
    client: Client, settings: Settings, *, port: int, folder: Path, own: GatewayConfig | None
) -> AsyncIterator[LocalGateway]:
    """Serve a gateway while the context lasts.

    Args:
        client: connected to the environment's Temporal.
        settings: those of the worker beside it.
        port: where to listen; a port that is taken is replaced by a free one.
        folder: the automations.
        own: somebody's own configuration; without it everything is served that an author may want to try.
    """
    free = free_port(port)
    url = f"http://{HOST}:{free}"
    user = [settings.user] if settings.user and "@" in settings.user else []
    people = [*dict.fromkeys([*user, *people_of(folder)])]
    async with contextlib.AsyncExitStack() as stack:
        provider = await stack.enter_async_context(LocalSignIn(people, f"{url}/login/callback"))
        tracing = stack.enter_context(traced("trunkline-gateway"))
        place = LocalPlace(url, provider.issuer, (CLIENT, provider.secret))
        config = usual_config(folder, place, first_account(settings)) if own is None else adapted(own, place)
        environment = {"TRUNKLINE_PAGES": url}
        if settings.signing_keys is None and config.signing_key is not None:
            environment["TRUNKLINE_SIGNING_KEYS"] = json.dumps(worker_keys(config.signing_key))
        elif own is None:  # somebody's own keys, among which ours is not
            config = config.model_copy(update={"signing_key": None})
        telling = intercepted(client, interceptors(tracing))
        ours = replace(settings, grace=GRACE, pages=url)
        gateway = Gateway(config, ours, telling, local=True, tracing=tracing)
        await stack.enter_async_context(listening(gateway, ListenAddress(HOST, free)))
        yield LocalGateway(free, url, doors_of(config, url), environment)
