"""A sandbox in place of every host: nothing leaves the machine, and no name is looked up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from activities.context import Context
from activities.errors import Refused
from activities.http_client.bindings import BoundHost, BoundSecret
from activities.http_client.client import Client
from activities.http_client.sandboxed import SandboxServer
from tests.activities.http_client.wire import Wire, listen, ok
from workers.sandbox import Sandbox

MakeContext = Callable[..., Context]


async def unasked(host: str, _port: int) -> list[str]:
    raise AssertionError(f"The name {host} was looked up.")


@asynccontextmanager
async def sandboxed(wire: Wire, *live: str, **options: Any) -> AsyncIterator[Client]:
    client = Client(**{"lookup": unasked, "sandbox": SandboxServer.of(wire.url, live), **options})
    yield client
    await client.close()


async def ask(client: Client, url: str, **options: Any) -> Any:
    return await client.request("GET", url, timeout=5, max_bytes=1000, **options)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://shop.example.com/orders/1?x=%2F", "/hosts/shop.example.com/orders/1?x=%2F"),
        ("https://Shop.Example.com.:443", "/hosts/shop.example.com/"),
        ("http://shop.example.com/a%2Fb", "/hosts/shop.example.com/a%2Fb"),
        ("https://shop.example.com:8443/x", "/hosts/shop.example.com%3A8443/x"),
        ("http://10.0.0.5/x", "/hosts/10.0.0.5/x"),
        ("http://169.254.169.254/latest/meta-data", "/hosts/169.254.169.254/latest/meta-data"),
        ("https://[2001:db8::1]:8443/x", "/hosts/%5B2001%3Adb8%3A%3A1%5D%3A8443/x"),
        ("http://localhost:3000/x", "/hosts/localhost%3A3000/x"),
        ("https://münchen.example/x", "/hosts/xn--mnchen-3ya.example/x"),
    ],
)
async def test_every_host_is_answered_by_the_sandbox(wire: Wire, url: str, path: str) -> None:
    async with sandboxed(wire) as client:
        answer = await ask(client, url)
    assert answer.body == b'{"ok":true}'
    assert [seen.target for seen in wire.requests] == [path]


async def test_what_is_allowed_is_not_live(wire: Wire) -> None:
    async with listen() as other, sandboxed(wire, allow=["127.0.0.1", f"127.0.0.1:{other.port}"]) as client:
        await ask(client, f"{other.url}/x")
        assert other.requests == []
    assert len(wire.requests) == 1


async def test_a_live_host_is_reached_and_the_guard_judges_it(wire: Wire) -> None:
    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with (
        listen() as other,
        sandboxed(wire, "api.example.com", lookup=here, allow=[f"api.example.com:{other.port}"]) as client,
    ):
        await ask(client, f"http://api.example.com:{other.port}/x")
        assert [seen.target for seen in other.requests] == ["/x"]
        with pytest.raises(Refused, match="must use https"):
            await ask(client, "http://api.example.com:1/x")
        await ask(client, f"http://below.api.example.com:{other.port}/x")
    assert [seen.target for seen in wire.requests] == [f"/hosts/below.api.example.com%3A{other.port}/x"]


async def test_redirects_stay_here_too(wire: Wire) -> None:
    wire.reply(
        ok(b"", "Location: https://files.example.net/1.wav", status="302 Found"),
        ok(b"", "Location: /2.wav", status="302 Found"),
        ok(b"audio"),
    )
    async with sandboxed(wire) as client:
        answer = await ask(client, "https://pbx.example.com/1", redirects=3)
    assert answer.body == b"audio"
    assert [seen.target for seen in wire.requests] == [
        "/hosts/pbx.example.com/1",
        "/hosts/files.example.net/1.wav",
        "/hosts/files.example.net/2.wav",
    ]


async def test_a_redirect_of_a_live_host_does_not_leave(wire: Wire) -> None:
    async with listen() as other, sandboxed(wire, f"127.0.0.1:{other.port}", allow=["127.0.0.1"]) as client:
        other.reply(ok(b"", "Location: https://elsewhere.example.com/x", status="302 Found"))
        await ask(client, f"{other.url}/x", redirects=1)
    assert [seen.target for seen in wire.requests] == ["/hosts/elsewhere.example.com/x"]


async def test_bound_secrets_go_by_the_host_that_is_meant(wire: Wire) -> None:
    secret = BoundSecret("token", (BoundHost.parse("shop.example.com"),), lambda text: "value-0123" in text)
    async with sandboxed(wire) as client:
        carrying = client.carrying([secret])
        await ask(carrying, "https://shop.example.com/")
        with pytest.raises(Refused, match=r"goes to evil\.example\.com:443"):
            await ask(carrying, "https://evil.example.com/")
    assert len(wire.requests) == 1


async def test_clients_of_httpx_and_the_sandbox_itself_are_answered_alike(
    wire: Wire, make_context: MakeContext
) -> None:
    async with sandboxed(wire) as client:
        context = make_context(http=client)
        async with context.httpx() as httpx:
            assert (await httpx.post("https://api.example.com/v1/things", json={"a": 1})).json() == {"ok": True}
        await context.request("GET", f"{wire.url}/http/x")
    assert [seen.target for seen in wire.requests] == ["/hosts/api.example.com/v1/things", "/http/x"]


async def test_the_longest_address_reaches_the_sandbox() -> None:
    async with Sandbox(0) as sandbox:
        client = Client(lookup=unasked, sandbox=SandboxServer.of(sandbox.url))
        url = f"https://{'a' * 60}.{'b' * 60}.example.com/"
        answer = await client.request("GET", url + "x" * (8000 - len(url)), timeout=5, max_bytes=100_000)
        await client.close()
    assert answer.status == 200
