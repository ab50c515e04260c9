"""`trunkline codec-server`: lets the web UI and the `temporal` command line show what is not in Temporal in clear."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter, validators

from workers.cli.dev import until_told
from workers.cli.screen import console
from workers.errors import UsageError
from workers.settings import ListenAddress, Settings

if TYPE_CHECKING:
    from workers.process.codec_server import CodecServer

PORT = 8081


def codec_server(
    *,
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = PORT,
    host: str = "127.0.0.1",
    web_ui_origin: str | None = None,
    known_as: tuple[str, ...] = (),
) -> int:
    """Show what is encrypted in Temporal to its web UI and to the `temporal` command line, until Ctrl-C.

    It has the keys of TRUNKLINE_ENCRYPTION_KEYS and reads TRUNKLINE_PAYLOAD_STORE. It answers those who send
    TRUNKLINE_CODEC_TOKEN; without a token it answers everybody on this machine, and nobody else.

    Args:
        port: where to listen; 0 takes any free port.
        host: address to listen on; another one than this machine's own needs a token.
        web_ui_origin: the web UI whose pages may ask, as https://temporal.example.com (else that of TRUNKLINE_WEB_UI).
        known_as: a host name by which it may be asked beside localhost, such as that of a proxy before it; repeatable.

    Returns:
        0 if it was told to stop.
    """
    from workers.hosts import is_loopback
    from workers.payloads.converter import data_converter
    from workers.process.codec_server import CodecServer

    settings = Settings.from_environment()
    if not settings.encryption_keys and settings.payload_store is None:
        raise UsageError(
            "There is nothing to show: TRUNKLINE_ENCRYPTION_KEYS must hold the workers' keys, "
            "or TRUNKLINE_PAYLOAD_STORE name their payload store."
        )
    if settings.codec_token is None and not is_loopback(host):
        raise UsageError(f"Anybody who reaches {host} could read everything: TRUNKLINE_CODEC_TOKEN must be set.")
    origin = _origin(web_ui_origin or settings.web_ui)
    converter = data_converter(settings.encryption_keys, settings.payload_store)
    server = CodecServer(
        converter,
        token=settings.codec_token,
        origin=origin,
        hosts=[name.lower() for name in (*known_as, host)],
        beyond=not is_loopback(host),
    )
    return asyncio.run(until_told(_serve(server, ListenAddress(host, port))))


def _origin(given: str | None) -> str | None:
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise UsageError(f"--web-ui-origin must be an address as https://temporal.example.com; {given!r} is not.")
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default)}"


async def _serve(server: CodecServer, place: ListenAddress) -> int:
    from workers.process.codec_server import listening

    screen = console()
    async with listening(server, place) as address:
        if server.token is None:
            screen.print(f"No TRUNKLINE_CODEC_TOKEN: it listens on {address.host} only, and whoever is here may ask.")
        if server.origin is None:
            screen.print("No web UI may ask: name one with --web-ui-origin.")
        screen.print(f"codec server: http://{address} for {server.origin or 'the temporal command line'}")
        await asyncio.Event().wait()
    raise AssertionError("A server ends by being canceled.")
