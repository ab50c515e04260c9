"""Which request an operation and params make: every style, place and type of body."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from activities.descriptions.index import Index
from activities.errors import Refused
from tests.activities.openapi.requests import made, read

SEARCH = "GET /search"
LABEL = "GET /label/{label}/matrix{matrix}/deep{deep}"


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({"color": ["a b", "c,d"]}, "color=a%20b&color=c%2Cd"),
        ({"commas": ["3", "4,5"]}, "commas=3,4%2C5"),
        ({"spaces": ["3", "4"]}, "spaces=3%204"),
        ({"pipes": ["3", "4|5"]}, "pipes=3%7C4%7C5"),
        ({"box": {"R": 1, "G": 2}}, "R=1&G=2"),
        ({"flatBox": {"R": 1, "G": 2}}, "flatBox=R,1,G,2"),
        ({"deep": {"a": {"b": [{"c": "x"}]}, "n": 1}}, "deep[a][b][0][c]=x&deep[n]=1"),
        ({"raw": "a/b?c=d&e#f+g%"}, "raw=a/b?c%3Dd%26e%23f%2Bg%25"),
        ({"filter": {"a": "7"}}, "filter=%7B%22a%22%3A7%7D"),
        ({"on": "true", "limit": "7"}, "on=true&limit=7"),
        ({"color": None, "on": False}, "on=false"),
        ({"color": "+15550100"}, None),
    ],
)
async def test_queries(awkward: Index, given: dict[str, Any], query: str | None) -> None:
    if query is None:
        with pytest.raises(Refused, match="`color`: this must be a list"):
            await made(awkward, SEARCH, **given)
    else:
        assert (await made(awkward, SEARCH, **given)).path == f"/search?{query}"


async def test_headers_and_cookies(awkward: Index) -> None:
    request = await made(awkward, SEARCH, **{"X-Ids": [1, "2"], "X-Map": {"a": 1, "b": "c"}, "sid": "a;b"})
    assert request.headers == {
        "Accept": "application/json",
        "X-Ids": "1,2",
        "X-Map": "a=1,b=c",
        "Cookie": "sid=a%3Bb",
    }
    assert request.content is None


async def test_paths(awkward: Index) -> None:
    request = await made(awkward, LABEL, label=[3, 4], matrix=[3, 4], deep={"R": 1, "G": "a/b"})
    assert request.path == "/label/.3.4/matrix;matrix=3;matrix=4/deep;deep=R,1,G,a%2Fb"


@pytest.mark.parametrize("value", ["", ".", ".."])
async def test_a_value_that_leads_elsewhere_is_refused(awkward: Index, value: str) -> None:
    with pytest.raises(Refused, match="`orderId` is part of the address"):
        await made(awkward, "refundOrder", orderId=value)
    assert (await made(awkward, "refundOrder", orderId="../x")).path == "/orders/..%2Fx/refund"


async def test_a_line_end_in_a_header_is_refused(awkward: Index) -> None:
    with pytest.raises(Refused, match="`trace` goes into a header"):
        await made(awkward, "getPet", id=1, trace="a\r\nb")


async def test_path_level_parameters_and_what_an_operation_says_of_them(awkward: Index) -> None:
    request = await made(awkward, "getPet", id="7", trace="t")
    assert (request.method, request.path) == ("GET", "/pets/7")
    assert request.headers == {"Accept": "application/vnd.shop+json, application/xml", "trace": "t"}
    with pytest.raises(Refused, match="`trace` is missing"):
        await made(awkward, "getPet", id=7)


async def test_path_wins_over_the_body_and_what_only_answers_have_is_not_needed(awkward: Index) -> None:
    request = await made(awkward, "renamePet", id=7, name="Rex", body={"id": "p7"})
    assert request.path == "/pets/7"
    assert json.loads(request.content or b"") == {"id": "p7", "name": "Rex"}


async def test_a_body_that_has_a_member_named_body(awkward: Index) -> None:
    request = await made(awkward, "comments/create", body="Hello", tags=["a"])
    assert json.loads(request.content or b"") == {"body": "Hello", "tags": ["a"]}


async def test_bodies_that_are_no_objects(awkward: Index) -> None:
    assert (await made(awkward, "addWatcher", body="ann")).content == b'"ann"'
    request = await made(awkward, "addNote", body="Grüße")
    assert (request.content, request.headers["Content-Type"]) == ("Grüße".encode(), "text/plain")


async def test_no_body_where_the_description_has_an_empty_one(awkward: Index) -> None:
    assert (await made(awkward, "deletePet", id=7)).content is None
    assert (await made(awkward, "addNote")).content is None


async def test_forms(awkward: Index) -> None:
    request = await made(
        awkward,
        "subscribe",
        customer="cus_1",
        items=[{"price": "p 1", "quantity": "2"}, {"price": "p2"}],
        expand=["a"],
        media=["x", "y"],
        metadata={"k": "v"},
        trial="false",
        coupon=None,
    )
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert (request.content or b"").decode().split("&") == [
        "customer=cus_1",
        "items[0][price]=p%201",
        "items[0][quantity]=2",
        "items[1][price]=p2",
        "expand[0]=a",
        "media=x",
        "media=y",
        "metadata[k]=v",
        "trial=false",
        "coupon=",
    ]


async def test_parts(awkward: Index) -> None:
    request = await made(
        awkward, "upload", photo={"url": "https://files.example.com/a.png"}, about={"a": 1}, tags=["x", "y"]
    )
    assert request.headers["Content-Type"] == "multipart/form-data; boundary=b"
    assert (request.content or b"").decode().split("\r\n") == [
        "--b",
        'Content-Disposition: form-data; name="photo"; filename="fetched.png"',
        "Content-Type: image/png",
        "",
        "bytes of https://files.example.com/a.png",
        "--b",
        'Content-Disposition: form-data; name="about"',
        "Content-Type: application/json",
        "",
        '{"a":1}',
        "--b",
        'Content-Disposition: form-data; name="tags"',
        "",
        "x",
        "--b",
        'Content-Disposition: form-data; name="tags"',
        "",
        "y",
        "--b--",
        "",
    ]


async def test_files_in_base64_and_as_texts(awkward: Index) -> None:
    file = {"base64": "AAH/", "filename": 'a"b.png', "contentType": "image/png"}
    content = (await made(awkward, "upload", photo=file)).content or b""
    assert b'filename="a%22b.png"\r\nContent-Type: image/png\r\n\r\n\x00\x01\xff\r\n' in content
    assert b"image/png, image/jpeg" not in content
    assert b"\r\n\r\ntext\r\n" in ((await made(awkward, "upload", photo="text")).content or b"")
    with pytest.raises(Refused, match=r"`photo\.base64` is no base64"):
        await made(awkward, "upload", photo={"base64": "%"})


async def test_a_file_where_a_text_is_described(awkward: Index) -> None:
    """Some descriptions call a file's content a text, and some have nothing but the content."""
    request = await made(awkward, "upload", photo="x", title={"base64": "AAH/", "filename": "a.bin"})
    assert b'name="title"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\x01\xff' in (
        request.content or b""
    )
    request = await made(awkward, "attach", body={"url": "https://files.example.com/a.png"})
    assert b'name="file"; filename="fetched.png"\r\nContent-Type: image/png\r\n\r\nbytes of' in (request.content or b"")
    request = await made(awkward, "store", body={"base64": "AAH/"})
    assert (request.headers["Content-Type"], request.content) == ("application/octet-stream", b"\x00\x01\xff")
    request = await made(awkward, "store", body={"url": "https://a.example.com", "contentType": "image/gif"})
    assert (request.headers["Content-Type"], request.content) == ("image/gif", b"bytes of https://a.example.com")
    for wrong in (
        {"url": "https://a", "base64": "AA=="},
        {"url": 5},
        {"url": "https://a", "name": "b"},
        {"filename": "a"},
    ):
        with pytest.raises(Refused, match="`photo`: this must be a text"):
            await made(awkward, "upload", photo=wrong)


async def test_a_body_that_is_a_text_is_given_as_one(awkward: Index) -> None:
    request = await made(awkward, "import", body="<pet/>")
    assert (request.headers["Content-Type"], request.content) == ("application/xml", b"<pet/>")
    with pytest.raises(Refused, match="`body`: this must be a text"):
        await made(awkward, "import", body={"name": "Rex"})
    with pytest.raises(Refused, match="there is no `name` here"):
        await made(awkward, "import", name="Rex")


async def test_a_whole_number_is_written_as_one(awkward: Index) -> None:
    assert (await made(awkward, SEARCH, limit=5.0)).path == "/search?limit=5"
    assert (await made(awkward, "subscribe", customer=5.0)).content == b"customer=5"


async def test_null_leaves_out_what_is_optional(awkward: Index) -> None:
    request = await made(awkward, "refundOrder", orderId="1", body=None)
    assert (request.path, request.content) == ("/orders/1/refund", None)
    assert (await made(awkward, "refundOrder", orderId="1", amount=None, note="x")).content == b'{"note":"x"}'
    assert (await made(awkward, SEARCH, color=None, limit="5")).path == "/search?limit=5"


async def test_references_that_leave_the_document_are_refused(awkward: Index) -> None:
    with pytest.raises(Refused, match=r"'https://evil\.example\.net/schema\.json', outside of the document"):
        await made(awkward, "outside", value=1)
    assert (await made(awkward, "borrowed", body="Hello")).content == b'{"body":"Hello"}'


def test_ids_that_are_missing_or_double_are_made_of_method_and_path(awkward: Index) -> None:
    ids = awkward.ids()
    assert len(set(ids)) == len(ids)
    assert {"GET /pets", "GET /search", LABEL, "comments/create"} <= set(ids)
    assert "twice" not in ids


def test_ids_stay_unique_where_one_looks_like_the_place_of_another(hostile: Index) -> None:
    ids = ["GET /x", "GET /y", "GET /z", "PATCH /y", "backslash", "host", "port", "slashes", "suffix", "user"]
    assert sorted(hostile.ids()) == ids
    assert read(hostile, "GET /x").path == "/x"


@pytest.mark.parametrize("id_", ["backslash", "host", "port", "slashes", "suffix", "user"])
async def test_no_path_leads_to_another_host(hostile: Index, id_: str) -> None:
    request = await made(hostile, id_, **({"host": "evil.example.net"} if id_ == "host" else {}))
    address = urlsplit(f"https://shop.example.com/v1{request.path}")
    assert (address.netloc, address.path[:4]) == ("shop.example.com", "/v1/")


def test_a_digest_changes_with_what_a_request_depends_on(awkward: Index) -> None:
    digests = {read(awkward, id_).digest for id_ in awkward.ids() if id_ != "outside"}
    assert len(digests) == len(awkward.ids()) - 1
    assert read(awkward, "addPet").digest == read(awkward, "addPet").digest
