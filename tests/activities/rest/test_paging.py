"""Lists in pages: to the end, on the service's own host only, and never for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.rest.paging import Paging, listed, next_link
from tests.activities.http_client.wire import Wire, listen
from tests.activities.rest import rows
from tests.activities.rest.conftest import Call, told

CURSOR = Paging(items=lambda b: b["data"], cursor=("after", lambda b: b.get("next")), size=("limit", 2), most=4)
NUMBER = Paging(items=lambda b: b["data"], page=("page", 1), size=("pageSize", 2), most=4)
HEADER = Paging(items=lambda b: b["data"], link="header", most=4)


@pytest.fixture
def read(desk_context: Callable[..., Context]) -> Callable[..., Any]:
    async def run(paging: Paging, path: str = "/v1/x", base: str = "", **query: Any) -> tuple[list[Any], bool]:
        context = desk_context(base)
        return await listed(rows.DESK, context, context.connection(None, rows.Desk), path, paging, query=query)

    return run


def targets(wire: Wire) -> list[str]:
    return [seen.target for seen in wire.requests]


async def test_a_cursor_is_followed_to_its_end(read: Callable[..., Any], wire: Wire) -> None:
    wire.reply(told({"data": [1, 2], "next": "a+b"}), told({"data": [3], "next": 7}), told({"data": [], "next": ""}))
    assert await read(CURSOR, q="x") == ([1, 2, 3], True)
    assert targets(wire) == [
        "/v1/x?q=x&limit=2",
        "/v1/x?q=x&limit=2&after=a%2Bb",
        "/v1/x?q=x&limit=2&after=7",
    ]


async def test_pages_are_counted_until_one_is_short(read: Callable[..., Any], wire: Wire) -> None:
    wire.reply(told({"data": [1, 2]}), told({"data": [3]}))
    assert await read(NUMBER) == ([1, 2, 3], True)
    assert targets(wire) == ["/v1/x?pageSize=2&page=1", "/v1/x?pageSize=2&page=2"]


async def test_a_links_header_is_followed(read: Callable[..., Any], wire: Wire) -> None:
    links = f'Link: <{wire.url}/v1/x?page=1>; rel="prev", <{wire.url}/v1/x?page=3>; rel="next"'
    wire.reply(told({"data": [1]}, links), told({"data": [2]}))
    assert await read(HEADER, "/v1/x?page=2") == ([1, 2], True)
    assert targets(wire) == ["/v1/x?page=2", "/v1/x?page=3"]


def test_a_links_header_is_read_as_the_standard_has_it() -> None:
    assert next_link('<https://a/1>; rel="last"; x=1, <https://a/2>; title="next"; rel="prev next"') == "https://a/2"
    assert next_link("<https://a/3>; rel=next") == "https://a/3"
    assert next_link('<https://a/4>; rel="nextish"') is None
    assert next_link("") is None


async def test_more_pages_than_are_read_are_told(call: Call, wire: Wire) -> None:
    wire.reply(*[told({"data": [n], "links": {"next": f"/v1/search?page={n}"}}) for n in range(9)])
    assert await call(rows.SEARCH, {}) == {"items": [0, 1, 2], "complete": False}
    assert len(wire.requests) == 3


@pytest.mark.parametrize(
    "link",
    ["/v1/search?page=2", "?page=2", "search?page=2", "/gateway/v1/search?page=2", "WIRE/gateway/v1/search?page=2"],
)
async def test_links_stay_below_the_connections_address(call: Call, wire: Wire, link: str) -> None:
    link = link.replace("WIRE", wire.url)
    wire.reply(told({"data": [1], "links": {"next": link}}), told({"data": [2], "links": {"next": None}}))
    assert await call(rows.SEARCH, {"text": "a"}, base="/gateway") == {"items": [1, 2], "complete": True}
    assert targets(wire)[1] == "/gateway/v1/search?page=2"
    assert wire.requests[1].headers["authorization"] == "Bearer key-1234567890"


async def test_a_link_to_another_host_is_not_followed(call: Call, wire: Wire) -> None:
    async with listen() as other:
        port = wire.port
        for link in (
            f"{other.url}/v1/search",
            f"//127.0.0.1:{other.port}/v1/search",
            f"https://127.0.0.1:{port}/v1/search",
            f"http://localhost:{port}/v1/search",
            f"http://127.0.0.1:{port}@127.0.0.1:{other.port}/v1/search",
            f"http://127.0.0.1:{port}\\@127.0.0.1:{other.port}/",
            "ftp://127.0.0.1/x",
            f"{wire.url}/other/search",
            f"{wire.url}/gateway/../other",
            "https://[::1/",
        ):
            wire.requests.clear()
            wire.reply(told({"data": [1], "links": {"next": link}}))
            with pytest.raises(Refused):
                await call(rows.SEARCH, {"text": "a"}, base="/gateway")
            assert len(wire.requests) == 1, link
        assert other.requests == []


@pytest.mark.parametrize("paging", [CURSOR, rows.PAGES])
async def test_a_list_that_goes_in_a_circle_ends(read: Callable[..., Any], wire: Wire, paging: Paging) -> None:
    wire.reply(told({"data": [1], "next": "same", "links": {"next": "/v1/x?page=1"}}))
    with pytest.raises(Refused, match="no end"):
        await read(paging)
    assert len(wire.requests) == 2


async def test_a_vendor_that_repeats_its_last_cursor_with_nothing_new_is_done(
    read: Callable[..., Any], wire: Wire
) -> None:
    wire.reply(told({"data": [1], "next": "end"}), told({"data": [], "next": "end"}))
    assert await read(CURSOR) == ([1], True)


@pytest.mark.parametrize("body", [{"data": 5, "next": None}, {"data": [1], "next": {"a": 1}}, [], None, {"next": "a"}])
async def test_a_page_of_another_shape_is_of_unknown_outcome(read: Callable[..., Any], wire: Wire, body: Any) -> None:
    wire.reply(told(body))
    with pytest.raises(OutcomeUnknown):
        await read(CURSOR)


async def test_a_later_page_may_say_to_come_back(call: Call, wire: Wire) -> None:
    wire.reply(told({"data": [1], "links": {"next": "/v1/search?page=2"}}), told({}, "Retry-After: 9", status="429 x"))
    with pytest.raises(Unavailable) as raised:
        await call(rows.SEARCH, {})
    assert raised.value.retry_after == 9


def test_a_list_has_one_way_to_its_next_page() -> None:
    with pytest.raises(ValueError, match="one way"):
        Paging(items=list)
    with pytest.raises(ValueError, match="one way"):
        Paging(items=list, link="header", page=("page", 1))
