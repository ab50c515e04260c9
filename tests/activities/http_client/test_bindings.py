"""Bound secrets: how hosts are written and compared, and where the guarded client lets an attempt's secrets go."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from activities.attempt.secrets import Secrets
from activities.connections import Connection, Connections
from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.http_client.bindings import BindingError, Bindings, BoundHost, StandIn
from activities.http_client.client import Client
from activities.http_client.message import Response
from tests.activities.http_client.wire import Wire, listen, ok
from tests.together import together
from trunkline.wire import Place

TOKEN = "cnry/0123 +é&456"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("shop.example.com", "https://shop.example.com/x"),
        ("shop.example.com", "https://SHOP.Example.com:8443/x"),
        ("shop.example.com", "https://shop.example.com./x"),
        ("shop.example.com", "https://shop。example.com/x"),
        ("Shop.Example.COM.", "http://shop.example.com"),
        ("shop.example.com:443", "https://shop.example.com/x"),
        ("shop.example.com:8443", "https://shop.example.com:8443/x"),
        ("*.example.com", "https://shop.example.com/x"),
        ("*.example.com", "https://a.b.example.com:8443/x"),
        ("*.example.com:8443", "https://shop.example.com:8443/x"),
        ("münchen.example", "https://xn--mnchen-3ya.example/x"),
        ("xn--mnchen-3ya.example", "https://MÜNCHEN.example/x"),
        ("10.0.0.7", "https://10.0.0.7/x"),
        ("[2001:db8::1]:8443", "https://[2001:0DB8:0::1]:8443/x"),
    ],
)
def test_a_host_is_what_the_client_would_connect_to(written: str, url: str) -> None:
    assert BoundHost.parse(written).admits(Target.parse(url))


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("shop.example.com", "https://evil.com/shop.example.com"),
        ("shop.example.com", "https://evil.com?shop.example.com"),
        ("shop.example.com", "https://evil.com#@shop.example.com"),
        ("shop.example.com", "https://shop.example.com.evil.com/"),
        ("shop.example.com", "https://shop.example.co/"),
        ("shop.example.com", "https://xshop.example.com/"),
        ("shop.example.com", "https://a.shop.example.com/"),
        ("shop.example.com", "https://shop-example.com/"),
        ("shop.example.com:443", "http://shop.example.com/"),
        ("shop.example.com:8443", "https://shop.example.com/"),
        ("*.example.com", "https://example.com/"),
        ("*.example.com", "https://evilexample.com/"),
        ("*.example.com", "https://shop.example.com.evil.com/"),
        ("*.example.com:8443", "https://shop.example.com/"),
        ("127.0.0.1", "https://[::ffff:127.0.0.1]/"),
        ("[::1]", "https://[::2]/"),
        ("münchen.example", "https://munchen.example/"),
    ],
)
def test_no_other_host_is_taken_for_it(written: str, url: str) -> None:
    assert not BoundHost.parse(written).admits(Target.parse(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com@evil.com/",
        "https://shop.example.com:x@evil.com/",
        "https://shop.example.com\\@evil.com/",
        "https://shop%2eexample.com/",
        "https://evil.com%2f.shop.example.com/",
        "https://shop.example.com%00.evil.com/",
    ],
)
def test_addresses_that_two_readers_could_read_differently_are_none(url: str) -> None:
    with pytest.raises(Refused):
        Target.parse(url)


@together(
    "written",
    [
        *("", "*", "*.", "*.*.example.com", "shop.*.com", "*shop.example.com", "shop.example.*", ".example.com"),
        *(
            "https://shop.example.com",
            "shop.example.com/path",
            "ann@shop.example.com",
            "shop.example.com?x",
            " shop.com",
        ),
        *("shop.example.com:", "shop.example.com:0", "shop.example.com:65536", "shop.example.com:https", "a:1:2"),
        *("::1", "[::1", "127.1", "0x7f.1", "*.10.0.0.7", "*.[::1]", "10.0.0.0/8", "shop..com", "-shop.com", "%73.com"),
        *(None, 7, 1.5, True, ["shop.example.com"], {"host": "shop.example.com"}),
    ],
)
def test_what_is_no_host_is_refused_with_the_right_form(written: Any) -> None:
    with pytest.raises(BindingError, match=r"shop\.example\.com:8443.*\*\.example\.com") as raised:
        Bindings({"shop_token": {"hosts": ["fine.example.com", written]}})
    assert raised.value.pointer == "/secrets/shop_token/hosts/1"


@pytest.mark.parametrize(
    ("entries", "pointer", "sentence"),
    [
        ("shop.example.com", "/secrets", "which hosts secrets may go to"),
        (["shop_token"], "/secrets", "which hosts secrets may go to"),
        ({"kind": "slack", "token": "xoxb"}, "/secrets/kind", "cannot be the name of a connection"),
        ({"a": {"kind": "slack"}}, "/secrets/a/kind", "cannot be the name of a connection"),
        ({"a": "shop.example.com"}, "/secrets/a", "must have `hosts` and nothing else"),
        ({"a": ["shop.example.com"]}, "/secrets/a", "must have `hosts` and nothing else"),
        ({"a": None}, "/secrets/a", "must have `hosts` and nothing else"),
        ({"a": {}}, "/secrets/a", "must have `hosts` and nothing else"),
        ({"a": {"host": ["x.com"]}}, "/secrets/a", "must have `hosts` and nothing else"),
        ({"a": {"hosts": ["x.com"], "port": 1}}, "/secrets/a", "must have `hosts` and nothing else"),
        ({"a": {"hosts": []}}, "/secrets/a/hosts", "at least one host"),
        ({"a": {"hosts": None}}, "/secrets/a/hosts", "at least one host"),
        ({"a": {"hosts": "x.com"}}, "/secrets/a/hosts", "at least one host"),
        ({"a": {"hosts": ["x.com"]}, "A": {"hosts": ["y.com"]}}, "/secrets/A", "bound twice"),
    ],
)
def test_bindings_that_are_none_are_refused(entries: Any, pointer: str, sentence: str) -> None:
    with pytest.raises(BindingError, match=sentence) as raised:
        Bindings(entries)
    assert raised.value.pointer == pointer


def test_a_secret_may_be_called_kind() -> None:
    assert Bindings({"kind": {"hosts": ["x.com"]}}).hosts("kind") == (BoundHost("x.com", 0, below=False),)


class Shop(Connection):
    kind: ClassVar[str] = "shop"


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ({"standsFor": "shop.example.com"}, "baseUrl"),
        ({"standsFor": "shop.example.com", "baseUrl": "127.0.0.1:8600"}, "baseUrl"),
        ({"standsFor": "https://shop.example.com", "baseUrl": "http://127.0.0.1:8600"}, "names a host"),
        ({"standsFor": "Shop.example.com", "baseUrl": "http://127.0.0.1:8600/shop"}, None),
    ],
)
def test_a_connection_stands_for_one_host(entry: dict[str, str], wrong: str | None) -> None:
    connections = Connections({"shop": {"kind": "shop", **entry}}, [Shop], {})
    if wrong is not None:
        assert wrong in connections.problems()[0]
        assert connections.stand_ins() == []
        return
    assert connections.problems() == []
    assert [one.host for one in connections.stand_ins()] == ["shop.example.com"]
    assert connections.credentials() == set(), "an address is nothing to hide"


def carrying(client: Client, *hosts: str, token: str = TOKEN, by_content: bool = False) -> Client:
    """The client of an attempt that has filled `token` in, bound to hosts."""
    bindings = Bindings({"token": {"hosts": [*hosts]}})
    secrets = Secrets(None, {"TRUNKLINE_SECRET_TOKEN": token}, bindings)
    return client.carrying(secrets.bound([{"path": "/url", "name": "token"}]), by_content=by_content)


async def send(client: Client, url: str, method: str = "GET", **more: Any) -> Response:
    return await client.request(method, url, **{"timeout": 5, "max_bytes": 10_000, **more})


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[Wire]:
    async with listen() as server:
        yield server


def here(wire: Wire) -> str:
    return f"127.0.0.1:{wire.port}"


async def test_a_secret_goes_to_its_host_and_to_no_other(client: Client, wire: Wire, elsewhere: Wire) -> None:
    attempt = carrying(client, here(wire))
    assert (await send(attempt, f"{wire.url}/x")).status == 200
    with pytest.raises(Refused) as refused:
        await send(attempt, f"{elsewhere.url}/x")
    assert str(refused.value) == (
        f"The secret 'token' may go to {here(wire)} only, as `secrets` in connections.yaml says, and this request goes "
        f"to {here(elsewhere)}: nothing was sent there."
    )
    assert elsewhere.connections == 0
    assert (await send(client, f"{elsewhere.url}/x")).status == 200, "an attempt without it goes anywhere"


@pytest.mark.parametrize("name", ["token", "TOKEN", "Token", "toKen"])
async def test_no_spelling_of_its_name_sets_it_free(name: str) -> None:
    secrets = Secrets(None, {"TRUNKLINE_SECRET_TOKEN": TOKEN}, Bindings({"Token": {"hosts": ["x.com"]}}))
    assert secrets.fill("{{secrets." + name + "}}", [{"path": "", "name": name}]) == TOKEN
    assert [one.name for one in secrets.bound([{"path": "", "name": name}])] == [name]


async def test_the_password_of_basic_is_bound_too() -> None:
    variables = {"TRUNKLINE_SECRET_USER": "ann", "TRUNKLINE_SECRET_TOKEN": TOKEN}
    secrets = Secrets(None, variables, Bindings({"token": {"hosts": ["x.com"]}}))
    places: list[Place] = [{"path": "", "name": "user", "filter": "basic", "password": "token"}]
    assert [one.name for one in secrets.bound(places)] == ["token"]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize(("method", "by_content"), [("GET", True), ("GET", False), ("POST", False), ("PUT", False)])
async def test_a_redirect_is_judged_anew(
    client: Client, wire: Wire, elsewhere: Wire, status: str, method: str, by_content: bool
) -> None:
    wire.reply(ok(b"", f"Location: {elsewhere.url}/y", status=status))
    attempt = carrying(client, here(wire), by_content=by_content)
    content = None if method == "GET" else TOKEN.encode()
    with pytest.raises(Refused, match="'token' may go to"):
        await send(attempt, wire.url, method, headers={"X-Token": TOKEN}, content=content, redirects=3)
    assert (len(wire.requests), elsewhere.connections) == (1, 0)


async def test_every_hop_is_judged(client: Client, wire: Wire, elsewhere: Wire) -> None:
    async with listen() as third:
        wire.reply(ok(b"", f"Location: {elsewhere.url}/y", status="302 Found"))
        elsewhere.reply(ok(b"", f"Location: {third.url}/z", status="302 Found"))
        attempt = carrying(client, here(wire), here(elsewhere))
        with pytest.raises(Refused, match=f"goes to {here(third)}"):
            await send(attempt, wire.url, redirects=3)
        assert (len(elsewhere.requests), third.connections) == (1, 0)


@pytest.mark.parametrize(
    "request_with",
    [
        {"url": "/?t=cnry%2F0123%20%2B%C3%A9%26456"},
        {"url": "/?t=cnry%2f0123+%2b%c3%a9%26456"},
        {"url": "/cnry/0123 +é&456"},
        {"params": {"t": TOKEN}},
        {"headers": {"X-Token": TOKEN}},
        {"headers": {"Authorization": "Basic " + base64.b64encode(f"ann:{TOKEN}".encode()).decode()}},
        {"auth": ("ann", TOKEN)},
        {"method": "POST", "content": f"token={TOKEN}!".encode()},
        {"method": "POST", "content": b'{"t": "cnry/0123 +\\u00e9&456"}'},
        {"method": "POST", "content": b"t=cnry%2F0123+%2B%C3%A9%26456"},
    ],
)
async def test_by_content_it_is_found_however_it_is_written(
    client: Client, wire: Wire, request_with: dict[str, Any]
) -> None:
    attempt = carrying(client, "shop.example.com", by_content=True)
    url = wire.url + request_with.pop("url", "/")
    path = url.replace(" ", "%20")  # no client gets further with a space
    with pytest.raises(Refused, match="'token' may go to"):
        await send(attempt, path, **request_with)
    assert wire.connections == 0
    assert (await send(attempt, f"{wire.url}/?t=other", headers={"X": "cnry"})).status == 200


async def test_a_value_too_short_to_be_told_from_other_text_always_counts(client: Client, wire: Wire) -> None:
    with pytest.raises(Refused):
        await send(carrying(client, "shop.example.com", token="1234567", by_content=True), wire.url)


async def test_where_somebody_stands_in_the_host_that_was_meant_counts(wire: Wire) -> None:
    base = Target.parse(f"{wire.url}/slack")
    client = Client(allow=["127.0.0.1"], stand_ins=[StandIn(base, "slack.com")])
    try:
        assert (await send(carrying(client, "slack.com"), f"{wire.url}/slack/chat.postMessage?x")).status == 200
        assert (await send(carrying(client, "slack.com:443"), f"{wire.url}/slack")).status == 200
        for url in (f"{wire.url}/http/x", f"{wire.url}/slacker", f"{wire.url}/?/slack/"):
            with pytest.raises(Refused, match=r"slack\.com only"):
                await send(carrying(client, "slack.com"), url)
        with pytest.raises(Refused, match=r"goes to slack\.com:443"):
            await send(carrying(client, here(wire)), f"{wire.url}/slack/x")
    finally:
        await client.close()


async def test_a_name_that_leads_to_this_machine_is_the_name_that_was_meant(wire: Wire) -> None:
    async def lookup(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    client = Client(allow=["127.0.0.1"], lookup=lookup)
    try:
        attempt = carrying(client, "shop.example.com")
        assert (await send(attempt, f"http://shop.example.com:{wire.port}/")).status == 200
        with pytest.raises(Refused):
            await send(attempt, f"http://crm.example.com:{wire.port}/")
    finally:
        await client.close()
