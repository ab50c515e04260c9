import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from tests.starts import Processes
from workers.sandbox import VENDORS, Sandbox, connections
from workers.sandbox.vendor import NoStandIn

CLOUDTALK_LIMIT = {"status": 429, "message": "Too many requests"}
ROOT = Path(__file__).parents[3]
STANDS_IN = {name: vendor for name, vendor in VENDORS.items() if isinstance(vendor, type)}


async def get(browser: aiohttp.ClientSession, url: str) -> Any:
    async with browser.get(url) as answer:
        return await answer.json()


async def post(browser: aiohttp.ClientSession, url: str, body: Any, **headers: str) -> tuple[int, Any]:
    async with browser.post(url, json=body, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith(("{", "[")) else text


async def test_everything_received_is_shown_as_json(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    await post(browser, f"{sandbox.url}/http/shop/refunds?dry=1", {"id": 1}, **{"Idempotency-Key": "k1"})
    await post(browser, f"{sandbox.url}/slack/chat.postMessage", {"channel": "#ops"}, Authorization="Bearer xoxb-hush")

    first, second = await get(browser, f"{sandbox.url}/_/requests")

    assert (
        first.items()
        >= {
            "id": 1,
            "vendor": "http",
            "key": "k1",
            "method": "POST",
            "path": "/http/shop/refunds",
            "query": {"dry": "1"},
            "body": {"id": 1},
            "accepted": True,
            "fault": None,
        }.items()
    )
    assert first["answer"]["status"] == 200
    assert re.match(r"\d{4}-\d\d-\d\dT", first["at"])
    assert second["headers"]["Authorization".lower()] == "Bearer ••••••••"
    assert second["answer"] == {"status": 200, "body": {"ok": False, "error": "no_text"}}
    assert [one["id"] for one in await get(browser, f"{sandbox.url}/_/requests?vendor=slack")] == [2]
    assert [one["id"] for one in await get(browser, f"{sandbox.url}/_/requests?key=k1")] == [1]

    async with browser.delete(f"{sandbox.url}/_/requests") as answer:
        assert answer.status == 204
    assert await get(browser, f"{sandbox.url}/_/requests") == []


@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [
        ({"vendor": "http", "status": 503}, 503, False),
        ({"path": "/http/shop", "status": 500}, 500, False),
        ({"vendor": "http", "status": 500, "accept": True}, 500, True),
        ({"vendor": "http", "body": "<html>"}, 200, False),
        ({"vendor": "http", "delay": 0.05}, 200, True),
    ],
)
async def test_it_misbehaves_when_told_to_and_only_as_often(
    browser: aiohttp.ClientSession, sandbox: Sandbox, fault: dict[str, Any], status: int, accepted: bool
) -> None:
    assert await post(browser, f"{sandbox.url}/_/faults", {**fault, "times": 2}) == (201, {**fault, "times": 2})
    assert await get(browser, f"{sandbox.url}/_/faults") == [{**fault, "times": 2}]

    statuses = [(await post(browser, f"{sandbox.url}/http/shop", {}))[0] for _ in range(3)]

    assert statuses == [status, status, 200]
    assert [received.accepted for received in sandbox.requests()] == [accepted, accepted, True]
    assert [received.fault is not None for received in sandbox.requests()] == [True, True, False]
    assert await get(browser, f"{sandbox.url}/_/faults") == []


async def test_fault_is_meant_for_its_vendor_and_path_only(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.fail("twilio", status=500)
    sandbox.fail(path="/http/shop", status=500)
    assert (await post(browser, f"{sandbox.url}/http/other", {}))[0] == 200
    async with browser.delete(f"{sandbox.url}/_/faults") as answer:
        assert answer.status == 204
    assert (await post(browser, f"{sandbox.url}/http/shop", {}))[0] == 200


@pytest.mark.parametrize(
    ("vendor", "body", "header"),
    [
        ("slack", {"ok": False, "error": "ratelimited"}, ("Retry-After", "7")),
        ("twilio", {"code": 20429}, ("Retry-After", "7")),
        (
            "cloudtalk",
            {"responseData": CLOUDTALK_LIMIT},
            ("X-CloudTalkAPI-Remaining", "0"),
        ),
        ("http", {"error": "made to fail"}, ("Retry-After", "7")),
    ],
)
async def test_rate_limits_look_like_the_vendors_own(
    browser: aiohttp.ClientSession, sandbox: Sandbox, vendor: Any, body: dict[str, Any], header: tuple[str, str]
) -> None:
    sandbox.fail(vendor, status=429, retry_after=7)
    async with browser.post(f"{sandbox.url}/{vendor}/x") as answer:
        assert answer.status == 429
        assert body.items() <= (await answer.json()).items()
        assert answer.headers[header[0]] == header[1]


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_connection_is_dropped_before_or_after_the_effect(
    browser: aiohttp.ClientSession, sandbox: Sandbox, drop: Any
) -> None:
    sandbox.fail("http", drop=drop)
    with pytest.raises(aiohttp.ClientError):
        await post(browser, f"{sandbox.url}/http/x", {})
    [received] = sandbox.requests()
    assert (received.accepted, received.answer) == (drop == "after", None)


async def test_late_effect_comes_after_the_caller_gave_up(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.fail("http", late=0.3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await post(browser, f"{sandbox.url}/http/x", {})
    assert not sandbox.requests()
    await asyncio.sleep(0.4)
    assert [received.accepted for received in sandbox.requests()] == [True]


async def test_slow_answer_has_had_its_effect_when_the_caller_gives_up(
    browser: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.fail("http", delay=60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await post(browser, f"{sandbox.url}/http/x", {})
    assert [received.accepted for received in sandbox.requests()] == [True]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 500}, "a fault needs a `vendor` or a `path`"),
        ({"vendor": "http", "state": 500}, "`state`: there is no such key"),
        ({"vendor": "telex"}, "`vendor`: the sandbox has no 'telex'"),
        ([], "this must be an object"),
    ],
)
async def test_fault_that_makes_no_sense_is_refused_with_a_sentence(
    browser: aiohttp.ClientSession, sandbox: Sandbox, fault: Any, sentence: str
) -> None:
    status, told = await post(browser, f"{sandbox.url}/_/faults", fault)
    assert status == 400
    assert sentence in told["error"]


async def test_receiver_answers_as_stubs_say_over_http(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    stub = {"path": "/shop/orders/{id}", "body": {"order": "{id}"}, "status": 201, "headers": {"X-Shop": "1"}}
    assert (await post(browser, f"{sandbox.url}/_/responses", stub))[0] == 201
    assert await post(browser, f"{sandbox.url}/http/shop/orders/42", {}) == (201, {"order": "42"})
    async with browser.delete(f"{sandbox.url}/_/responses") as answer:
        assert answer.status == 204
    assert (await post(browser, f"{sandbox.url}/http/shop/orders/42", {}))[0] == 200

    sandbox.respond("/shop/orders/{id}", {"order": "{id}"}, status=202)
    assert await post(browser, f"{sandbox.url}/http/shop/orders/7", {}) == (202, {"order": "7"})


OWN = ("localhost:1", "127.0.0.1:8600", "[::1]:9", "sandbox.localhost")
TEACHING = {"path": "/x", "body": {"taught": True}}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8600", "localhost.evil.example", "10.0.0.1", "[::2]:1"])
@pytest.mark.parametrize("path", ["/", "/_/requests", "/http/hook", "/slack/chat.postMessage"])
async def test_a_name_that_somebody_else_pointed_here_is_not_answered(
    browser: aiohttp.ClientSession, sandbox: Sandbox, host: str, path: str
) -> None:
    for method in ("GET", "POST"):
        async with browser.request(method, f"{sandbox.url}{path}", headers={"Host": host}) as answer:
            assert (answer.status, "This server is not" in (await answer.json())["error"]) == (403, True)
    assert not sandbox.requests()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
async def test_pages_of_others_teach_send_and_read_nothing(
    browser: aiohttp.ClientSession, sandbox: Sandbox, headers: dict[str, str]
) -> None:
    said, _ = await post(browser, f"{sandbox.url}/_/responses", TEACHING, **headers)
    sent, _ = await post(browser, f"{sandbox.url}/http/x", {"forged": True}, **headers)
    async with browser.get(f"{sandbox.url}/_/requests", headers=headers) as read:
        assert (said, sent, read.status) == (403, 403, 403)
    assert not sandbox.requests()


@pytest.mark.parametrize("host", OWN)
async def test_its_own_page_and_programs_are_answered_by_each_of_its_names(
    browser: aiohttp.ClientSession, sandbox: Sandbox, host: str
) -> None:
    own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert (await post(browser, f"{sandbox.url}/_/responses", TEACHING, **own))[0] == 201
    assert (await post(browser, f"{sandbox.url}/http/x", {}, Host=host))[1] == {"taught": True}
    link = {"Host": host, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}
    async with browser.get(f"{sandbox.url}/", headers=link) as page:
        assert page.status == 200, "the web UI links to it"


async def test_unknown_address_says_what_there_is(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    status, told = await post(browser, f"{sandbox.url}/telex/send", {})
    assert status == 404
    assert ", ".join(f"/{name}/" for name in STANDS_IN) in told["error"]


async def test_page_shows_what_arrived_newest_first_and_escapes_it(
    browser: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    async with browser.get(sandbox.url) as answer:
        assert "Nothing has arrived yet" in await answer.text()
    token = {"Authorization": "Bearer xoxb-hush"}
    await post(browser, f"{sandbox.url}/slack/chat.postMessage", {"channel": "#ops", "text": "first"}, **token)
    evil = "<script>alert('&')</script>"
    await post(browser, f"{sandbox.url}/slack/chat.postMessage", {"channel": evil, "text": evil}, **token)
    await post(browser, f"{sandbox.url}/http/{evil}", {evil: evil}, **{"Idempotency-Key": evil, "X-Evil": evil})

    async with browser.get(sandbox.url) as answer:
        text = await answer.text()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    async with browser.get(f"{sandbox.url}/?vendor=slack") as answer:
        slack = await answer.text()

    assert "<script>alert" not in text
    assert "xoxb-hush" not in text
    assert text.count("<article") == 3
    assert slack.count("<article") == 2
    assert slack.index("&lt;script&gt;alert") < slack.index('<p class="text">first</p>')
    for asset in re.findall(r'(?:href|src)="(/_/page[^"]+)"', text):
        async with browser.get(sandbox.url + asset) as answer:
            assert answer.status == 200


async def test_text_that_is_no_unicode_and_json_that_is_too_deep_are_shown_too(
    browser: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    for body in (b'{"half": "\\ud83d"}', b"[" * 100_000, b"\xff\x00"):
        async with browser.post(f"{sandbox.url}/http/odd", data=body) as answer:
            assert answer.status == 200
    for address in ("/", "/_/requests"):
        async with browser.get(sandbox.url + address) as answer:
            assert answer.status == 200
            assert "half" in await answer.text()


def test_connections_point_every_vendor_at_the_sandbox() -> None:
    actions = catalog()
    known = Connections(connections("http://127.0.0.1:8600"), connection_kinds(actions))
    assert known.problems() == []
    addresses = {known.get(name).kind: known.get(name).base_url for name in known.entries}
    assert addresses["slack"] == "http://127.0.0.1:8600/slack"
    assert addresses == {
        kind: None if isinstance(vendor, NoStandIn) or not vendor.http else f"http://127.0.0.1:8600/{kind}"
        for kind, vendor in VENDORS.items()
        if vendor.connection is not None
    }
    for action in actions.values():
        if action.connections:
            picked = known.pick(action.connections, action=action.name, name=None)
            assert picked.kind in VENDORS, f"{action.name} works in the sandbox without naming a connection"


def test_every_kind_of_connection_has_a_vendor_or_a_reason() -> None:
    for kind in connection_kinds(catalog()):
        assert kind.kind in VENDORS, (
            f"write workers/sandbox/vendors/{kind.kind}.py and enter it under {kind.kind!r} in VENDORS"
        )
    for vendor in VENDORS.values():
        if isinstance(vendor, NoStandIn):
            assert re.fullmatch(r"[A-Z].*[.]", vendor.reason), "the reason is a sentence"


def test_a_fault_of_a_vendor_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="the sandbox has no 'telex'"):
        Sandbox(0).fail("telex")


async def test_port_that_is_taken_is_replaced_by_a_free_one(sandbox: Sandbox) -> None:
    async with Sandbox(sandbox.port) as second:
        assert second.port not in (0, sandbox.port)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_says_where_it_listens_and_ends_cleanly(
    processes: Processes, taken: int, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", f"from workers.cli.sandbox import sandbox; sandbox({taken})"]
    process = processes.popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"Port {taken} is taken: the sandbox listens on ")
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        titles = [vendor.title for vendor in STANDS_IN.values()]
        assert "/_/mailbox" in process.stdout.readline()
        assert process.stdout.readline() == f"It stands in for {', '.join(titles)}.\n"
        with urlopen(f"{address[0]}/_/requests", timeout=5) as answer:  # noqa: S310 - our own address
            assert answer.read() == b"[]"
        started = time.monotonic()
        process.send_signal(number)
        rest, _ = process.communicate(timeout=5)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    assert (process.returncode, rest) == (0, "Stopped.\n")
    assert time.monotonic() - started < 3
