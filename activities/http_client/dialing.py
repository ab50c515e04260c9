"""Connections to servers that speak no HTTP: their addresses are judged as every address is."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

from activities.errors import ActionError, Refused, Unavailable
from activities.http_client.addresses import Target, parse_host

if TYPE_CHECKING:
    from activities.http_client.client import Client


async def dial(client: Client, host: str, port: int, *, plain: bool) -> socket.socket:
    """Return a connected socket; its name was looked up once, and the very address that was judged connected to.

    Args:
        client: whose rules hold.
        host: a name or an address.
        port: 1 to 65535.
        plain: whether what is said will not be encrypted.

    Raises:
        Refused: the address may not be reached.
        Unavailable: the server cannot be reached.
    """
    name, address = parse_host(host)
    found = await _looked_up(client, name, port) if address is None else [str(address)]
    if not _in_the_sandbox(client, Target("https", name, port, "/", address)):
        _judge(client, name, port, found, plain=plain)
    failed: OSError | None = None
    for text in found:
        try:
            return await _connected(text, port)
        except OSError as error:
            failed = error
    raise Unavailable(f"{name}:{port} could not be connected to; nothing was sent.") from failed


async def _looked_up(client: Client, name: str, port: int) -> list[str]:
    from activities.http_client.transport import system_lookup

    try:
        return list(await (client.lookup or system_lookup)(name, port))
    except ActionError:
        raise
    except OSError:
        raise Unavailable(f"The host name {name} could not be found.") from None


def _in_the_sandbox(client: Client, target: Target) -> bool:
    """Say whether a target is the sandbox's own; where there is one, only live hosts are reached beside it.

    Raises:
        Refused: it is neither.
    """
    if client.sandbox is None:
        return False
    if target.host == client.sandbox.base.host:
        return True
    if client.sandbox.in_place_of(target) is not None:
        raise Refused(f"{target.host} is not live here, so nothing is sent to it: name it with `--live {target.host}`.")
    return False


def _judge(client: Client, name: str, port: int, found: list[str], *, plain: bool) -> None:
    addresses = [ip_address(text.partition("%")[0]) for text in found]
    client.rules.judge(name, port, addresses, plain=False)
    allowed = client.rules.names(name, port) or all(client.rules.contains(one, port) for one in addresses)
    if plain and not allowed:
        raise Refused(
            f"{name} may be reached over TLS only (`security: tls` or `starttls`). "
            "An operator can allow it without, with TRUNKLINE_ALLOW."
        )


async def _connected(address: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    [(family, kind, protocol, _, place), *_] = await loop.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)  # the standard library's own signature
        await loop.sock_connect(opened, place)
    except BaseException:
        opened.close()
        raise
    return opened
