"""httpx, httpx2 and SDKs on them, over the guarded client: the same rules as for our own requests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.statuses import meaning
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, drop, hang, listen, ok
from tests.starts import Processes
from tests.test_imports import loaded_by

PRIVATE = "http://10.0.0.1/v1"


@pytest.fixture(params=["httpx", "httpx2"])
def door(request: pytest.FixtureRequest) -> Callable[[Context], Any]:
    return lambda context: getattr(context, request.param)()


async def raised(call: Any) -> ActionError:
    """Return what an exception of a call stands for."""
    with pytest.raises(Exception) as error:  # noqa: PT011 # of whatever SDK
        await call
    found = meaning(error.value)
    assert found is not None, repr(error.value)
    return found


async def test_a_request_and_its_answer(door: Any, make_context: MakeContext, wire: Wire) -> None:
    wire.reply(ok(b'{"a":"\xc3\xbc"}', "X-Kind: new", status="201 Created"))
    async with door(make_context()) as client:
        answer = await client.post(f"{wire.url}/a b?c=d", json={"n": 1}, headers={"X-Key": "k"}, auth=("u", "p"))
    assert (answer.status_code, answer.json(), answer.headers["x-kind"]) == (201, {"a": "ü"}, "new")
    [seen] = wire.requests
    assert (seen.method, seen.target, json.loads(seen.body)) == ("POST", "/a%20b?c=d", {"n": 1})
    assert (seen.headers["x-key"], seen.headers["authorization"]) == ("k", "Basic dTpw")
    assert (seen.headers["accept-encoding"], seen.headers["host"]) == ("identity", wire.url.removeprefix("http://"))
    assert seen.headers["content-length"] == "7"


async def test_streams_and_files_are_sent_whole(door: Any, make_context: MakeContext, wire: Wire) -> None:
    async def pieces() -> Any:
        yield b"ab"
        yield b"cd"

    client = door(make_context())
    await client.put(wire.url, content=pieces())
    await client.post(wire.url, files={"f": ("a.txt", b"text")})
    async with client.stream("GET", wire.url) as answer:
        assert [line async for line in answer.aiter_lines()] == ['{"ok":true}']
    assert wire.requests[0].body == b"abcd"
    assert b'filename="a.txt"' in wire.requests[1].body


@pytest.mark.parametrize(("method", "marks"), [("GET", 0), ("HEAD", 0), ("POST", 1), ("DELETE", 1), ("OPTIONS", 1)])
async def test_the_mark_is_written_before_the_first_byte(
    door: Any, make_context: MakeContext, wire: Wire, method: str, marks: int
) -> None:
    marked: list[int] = []

    async def sending() -> None:
        marked.append(len(wire.requests))

    wire.reply(ok(b"" if method == "HEAD" else b"{}"))
    await door(make_context(sending=sending)).request(method, wire.url)
    assert marked == [0] * marks


async def test_nothing_is_sent_that_cannot_be_marked(door: Any, make_context: MakeContext, wire: Wire) -> None:
    async def sending() -> None:
        raise Unavailable("The attempt has timed out.")

    with pytest.raises(Unavailable):
        await door(make_context(sending=sending)).post(wire.url)
    assert wire.requests == []


@pytest.mark.parametrize(
    "url",
    [
        PRIVATE,
        "https://169.254.169.254/",
        "http://[::1]/",
        "http://2130706433/",
        "ftp://example.com",
        "http://user:pw@127.0.0.1/",
        "/relative",
        "http://[::1/",
    ],
)
async def test_addresses_are_judged(door: Any, make_context: MakeContext, url: str) -> None:
    marked = []

    async def sending() -> None:
        marked.append(1)

    assert type(await raised(door(make_context(sending=sending)).post(url))) is Refused
    assert marked == []


async def test_failures_are_of_our_kinds(door: Any, make_context: MakeContext, wire: Wire) -> None:
    client = door(make_context(largest_answer=10, timeout=0.3))
    wire.reply(drop)
    with pytest.raises(OutcomeUnknown):
        await client.post(f"{wire.url}/1")
    wire.reply(ok(b"x" * 11))
    with pytest.raises(ResultTooLarge):
        await client.get(f"{wire.url}/2")
    wire.reply(hang)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="in time"):
        await client.get(f"{wire.url}/3")
    with pytest.raises(ActionError, match="in time"):
        await client.get(f"{wire.url}/4")
    assert time.monotonic() - began < 1, "the deadline is the attempt's, not each request's"
    with pytest.raises(Unavailable, match="could not be connected to"):
        await door(make_context()).post("http://127.0.0.1:1/")


async def test_a_shorter_timeout_of_the_callers_holds(door: Any, make_context: MakeContext, wire: Wire) -> None:
    wire.reply(hang)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="in time"):
        await door(make_context(timeout=20)).get(wire.url, timeout=0.2)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", ["Host", "Expect", "Proxy-Authorization", "TE"])
async def test_headers_of_the_connection_cannot_be_given(
    door: Any, make_context: MakeContext, wire: Wire, name: str
) -> None:
    with pytest.raises(Refused, match="cannot be given"):
        await door(make_context()).get(wire.url, headers={name: "evil.example.com"})
    assert wire.requests == []


async def test_no_cookies_no_proxies_and_no_credentials_of_the_machine(
    door: Any, make_context: MakeContext, wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    wire.reply(ok(b"{}", "Set-Cookie: a=b"))
    for client in (door(make_context()), door(make_context())):
        await client.get(wire.url)
        await client.get(wire.url)
    assert not any("cookie" in seen.headers or "authorization" in seen.headers for seen in wire.requests)


async def test_a_compressed_answer_is_read_once(door: Any, make_context: MakeContext, wire: Wire) -> None:
    import gzip

    wire.reply(ok(gzip.compress(b'{"a":1}'), "Content-Encoding: gzip"))
    assert (await door(make_context()).get(wire.url)).json() == {"a": 1}


async def test_a_redirect_takes_no_credentials_to_another_host(
    door: Any, make_context: MakeContext, wire: Wire
) -> None:
    async with listen() as other:
        moved = ok(b"", f"Location: {other.url}/there", status="307 x")
        wire.reply(moved)
        client = door(make_context())
        assert (await client.get(wire.url)).status_code == 307
        await client.get(f"{wire.url}/a", headers={"X-Api-Key": "k", "Authorization": "b"}, follow_redirects=True)
        assert not {"x-api-key", "authorization"} & other.requests[0].headers.keys()
        with pytest.raises(Refused, match="another host"):
            await client.post(f"{wire.url}/b", content=b"secret", follow_redirects=True)
        assert len(other.requests) == 1
        wire.reply(ok(b"", f"Location: {PRIVATE}", status="302 x"))
        with pytest.raises(Refused, match=r"10\.0\.0\.1"):
            await client.get(f"{wire.url}/c", follow_redirects=True)


@pytest.mark.parametrize("answer", [drop, *(ok(b"{}", status=f"{s} x") for s in (400, 408, 409, 429, 500, 503))])
async def test_what_failed_is_not_sent_again(door: Any, make_context: MakeContext, wire: Wire, answer: Any) -> None:
    wire.reply(answer)
    client = door(make_context())
    for _ in range(3):
        try:
            found = (await client.post(wire.url, json={"a": 1})).status_code
        except OutcomeUnknown:
            found = 0
        assert found == (0 if answer is drop else int(answer[9:12]))
    assert len(wire.requests) == 1
    with pytest.raises(ActionError) if answer is drop else _nothing():
        await client.post(wire.url, json={"a": 2})
    assert len(wire.requests) == 2


def _nothing() -> Any:
    import contextlib

    return contextlib.nullcontext()


async def test_what_is_not_there_yet_may_be_waited_for(door: Any, make_context: MakeContext, wire: Wire) -> None:
    wire.reply(ok(b"{}", status="404 x"), ok(b"{}"))
    client = door(make_context())
    assert [(await client.get(wire.url)).status_code for _ in range(2)] == [404, 200]


async def test_after_something_was_done_nothing_counts_as_without_effect(
    door: Any, make_context: MakeContext, wire: Wire
) -> None:
    client = door(make_context())
    await client.post(wire.url)
    with pytest.raises(OutcomeUnknown, match="carried out"):
        await client.get("http://127.0.0.1:1/")
    wire.reply(ok(b"{}", status="429 x"))
    answer = await client.get(f"{wire.url}/x")
    with pytest.raises((httpx.HTTPStatusError, httpx2.HTTPStatusError)) as error:
        answer.raise_for_status()
    assert type(meaning(error.value)) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (404, Refused), (429, Unavailable), (500, OutcomeUnknown), (301, Refused)]
)
async def test_a_status_that_is_raised_is_sorted(
    door: Any, make_context: MakeContext, wire: Wire, status: int, kind: type[ActionError]
) -> None:
    wire.reply(ok(b"{}", "Retry-After: 7", status=f"{status} x"))
    answer = await door(make_context()).post(wire.url)
    with pytest.raises((httpx.HTTPStatusError, httpx2.HTTPStatusError)) as error:
        answer.raise_for_status()
    found = meaning(error.value)
    assert type(found) is kind
    assert getattr(found, "retry_after", 7) == 7


def test_a_bug_stands_for_nothing() -> None:
    assert meaning(ValueError("x")) is None
    assert meaning(KeyError("response")) is None
    looped = ValueError("a")
    looped.__cause__ = RuntimeError("b")
    looped.__cause__.__cause__ = looped
    assert meaning(looped) is None


def openai_call(context: Context, base: str, **more: Any) -> Any:
    from openai import AsyncOpenAI

    # it takes a client of httpx, but its types do not say so
    taken: Any = context.httpx()
    client = AsyncOpenAI(api_key="key", base_url=base, http_client=taken, **more)
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])


def anthropic_call(context: Context, base: str, **more: Any) -> Any:
    from anthropic import AsyncAnthropic

    client = AsyncAnthropic(api_key="key", base_url=base, http_client=context.httpx2(), **more)
    return client.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": "Hi"}])


CHAT = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
}  # fmt: skip
MESSAGE = {
    "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn", "stop_sequence": None,
    "content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip
SDKS = [
    pytest.param(openai_call, CHAT, lambda said: said.choices[0].message.content, id="openai"),
    pytest.param(anthropic_call, MESSAGE, lambda said: said.content[0].text, id="anthropic"),
]


@pytest.mark.parametrize(("call", "answer", "text"), SDKS)
@pytest.mark.parametrize("more", [{}, {"max_retries": 0}])
async def test_an_sdk_sends_one_request_with_one_mark(  # fixtures and a case
    make_context: MakeContext, wire: Wire, call: Any, answer: Any, text: Any, more: dict[str, Any]
) -> None:
    marked: list[int] = []

    async def sending() -> None:
        marked.append(len(wire.requests))

    wire.reply(ok(json.dumps(answer).encode()))
    assert text(await call(make_context(sending=sending), wire.url, **more)) == "Hello"
    assert (marked, len(wire.requests)) == ([0], 1)


@pytest.mark.parametrize(("call", "_answer", "_text"), SDKS)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (ok(b'{"error":{"message":"bad"}}', status="400 x"), Refused),
        (ok(b'{"error":{"message":"slow"}}', "Retry-After: 30", "X-Should-Retry: true", status="429 x"), Unavailable),
        (ok(b"oops", status="500 x"), OutcomeUnknown),
        (drop, OutcomeUnknown),
    ],
)
async def test_an_sdks_failures_are_of_our_kinds_and_not_repeated(
    make_context: MakeContext, wire: Wire, call: Any, _answer: Any, _text: Any, reply: Any, kind: type[ActionError]
) -> None:
    wire.reply(reply)
    found = await raised(call(make_context(), wire.url))
    assert type(found) is kind
    assert getattr(found, "retry_after", 30) == 30
    assert len(wire.requests) == 1


@pytest.mark.parametrize(("call", "_answer", "_text"), SDKS)
async def test_an_sdk_cannot_reach_a_blocked_address(
    make_context: MakeContext, call: Any, _answer: Any, _text: Any
) -> None:
    assert type(await raised(call(make_context(), PRIVATE))) is Refused


def test_neither_library_is_loaded_before_it_is_asked_for(processes: Processes) -> None:
    loaded = loaded_by(
        processes, "import activities.catalog, activities.attempt.temporal, activities.http_client.httpx_transport"
    )
    assert not {"httpx", "httpx2", "httpcore", "anyio"} & loaded


def test_a_worker_without_httpx2_says_so(make_context: MakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(Refused, match="httpx2 is not installed"):
        make_context().httpx2()
