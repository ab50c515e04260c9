"""Plays a case: a server of this machine answers as it says, and what was sent and what came of it is compared."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from activities.action import Action
from activities.context import LARGEST_ANSWER
from scripts.sources import source
from tests.activities.attempts import HOST, Ended, Marks, attempt, connected, moved
from tests.activities.cases import Answer, Case, Exchange, Request
from tests.activities.http_client.wire import Act, Seen, drop, hang, listen, ok
from tests.activities.matching import differences
from workers.sandbox import VENDORS
from workers.sandbox.vendors import Vendors

SHORTEST_CREDENTIAL = 8
HANGING = 0.5
LONGEST_SENTENCE = 350
NAMES = frozenset(("kind", "baseUrl", "standsFor", "from", "host", "security", "user"))
"""Fields of a connection that may be seen."""


async def play(action: Action, case: Case, vendors: Vendors = VENDORS) -> None:
    """Play a case; where it says that the attempt is marked, once more with a mark that cannot be made.

    Raises:
        AssertionError: the action behaves otherwise; every difference is a line.
    """
    wrong = await _played(action, case, vendors, broken=False)
    assert not wrong, "\n".join([f"{case.where}: {case.action}, {case.title!r}:", *wrong])
    if any(exchange.marked for exchange in case.traffic):
        wrong = await _played(action, case, vendors, broken=True)
        assert not wrong, "\n".join(
            [f"{case.where}: {case.action}, {case.title!r}, where the mark cannot be made:", *wrong]
        )


async def _played(action: Action, case: Case, vendors: Vendors, *, broken: bool) -> list[str]:
    traffic = [exchange for exchange in case.traffic if not is_rpc(exchange)]
    calls = [exchange for exchange in case.traffic if is_rpc(exchange)]
    if any(exchange.answer == "hang" for exchange in traffic) and "timeout" not in case.model_fields_set:
        case = case.model_copy(update={"timeout": HANGING})
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(listen())
        wire.reply(*[reply(exchange.answer, wire.url) for exchange in traffic], ok(b"{}", status="599 Not In The Case"))
        address: Callable[[str], str] = lambda _kind: wire.url  # noqa: E731 # the same for every kind
        called: list[dict[str, Any]] = []
        if calls:
            server = importlib.import_module(f"tests.activities.{source(action).parent.name}.rpc")
            elsewhere = await stack.enter_async_context(server.serve(calls, called))
            address = lambda _kind: elsewhere  # noqa: E731 # same
        known, entries = connected(action, case, address, vendors)
        marks = Marks(lambda: len(wire.requests) + len(called), broken)
        at = wire.url
        if any(exchange.answer == "unreachable" for exchange in traffic):
            await stack.aclose()
        ended = await attempt(action, case, at, known, marks)
    unreachable = [exchange for exchange in traffic if exchange.answer == "unreachable"]
    expected = [exchange for exchange in traffic if exchange not in unreachable]
    if broken:
        first = next(number for number, exchange in enumerate(case.traffic) if exchange.marked)
        arrived = len(wire.requests) + len(called)
        found = [] if arrived == first else [f"{arrived} requests arrived; only the {first} before the mark may"]
        return found + ([] if ended.error == "Unavailable" else [f"it must be Unavailable; it was {ended}"])
    hush = credentials(entries.values(), case.secrets)
    return [
        *sent(expected, wire.requests),
        *rpc_sent(calls, called),
        *marked(case, marks),
        *end(case, ended, wire.url),
        *(f"a credential is not scrubbed: {ended}" for value in hush if value in str(ended)),
    ]


def is_rpc(exchange: Exchange) -> bool:
    """Say whether an exchange is a call that is no HTTP."""
    return exchange.request is not None and exchange.request.rpc is not None


def reply(answer: Answer | str, address: str) -> bytes | Act:
    """Return what the server does."""
    if isinstance(answer, Answer):
        content, kind = body(answer, address)
        headers = {name: moved(str(value), address) for name, value in answer.headers.items() if value is not None}
        if any(name.lower() == "content-type" for name in answer.headers):
            kind = ""
        lines = (f"{name}: {value}" for name, value in headers.items())
        return ok(content, *lines, status=f"{answer.status} x", kind=kind)
    if answer == "too large":
        return ok(b"x" * (LARGEST_ANSWER + 1))
    return {"drop": drop, "hang": hang}.get(answer, drop)


def body(answer: Answer, address: str) -> tuple[bytes, str]:
    """Return an answer's bytes and what they are where its headers do not say."""
    if answer.base64 is not None:
        return base64.b64decode(answer.base64), ""
    if answer.text is not None:
        return (moved(answer.text, address) * answer.times).encode(), ""
    if "json_" in answer.model_fields_set:
        return json.dumps(moved(answer.json_, address)).encode(), "application/json"
    return b"", ""


def sent(expected: list[Exchange], requests: list[Seen]) -> list[str]:
    """Return how the requests that came differ from those that had to come."""
    if len(expected) != len(requests):
        came = ", ".join(f"{seen.method} {seen.target}" for seen in requests) or "nothing"
        return [f"{len(expected)} requests must come; there came {came}"]
    pairs = zip(expected, requests, strict=True)
    return [found for one, seen in pairs if isinstance(one.request, Request) for found in judged(one.request, seen)]


def judged(request: Request, seen: Seen) -> list[str]:
    """Return how one request differs from the one that had to come."""
    target = seen.target if request.query is None else urlsplit(seen.target).path
    found = differences(request.method, seen.method, "method") + differences(request.path, target, "path")
    if request.query is not None:
        found += differences(request.query, pairs(urlsplit(seen.target).query), "query")
    if request.host is not None:
        found += differences(request.host, seen.headers.get(HOST.lower()), "host")
    for name, value in request.headers.items():
        found += differences(value, seen.headers.get(name.lower()), f"header {name}")
    written = seen.body.decode(errors="replace")
    if "json_" in request.model_fields_set:
        try:
            return found + differences(request.json_, json.loads(seen.body), "json", part=request.part)
        except ValueError:
            return [*found, f"json: the body is {written!r}"]
    if request.form is not None:
        return found + differences(request.form, pairs(written), "form", part=request.part)
    return found + differences("" if request.text is None else request.text, written, "text")


def pairs(text: str) -> dict[str, Any]:
    """Return a query or a form; a key that is given again is a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def rpc_sent(expected: list[Exchange], called: list[dict[str, Any]]) -> list[str]:
    """Return how the calls that came differ from those that had to come."""
    wanted = [{"rpc": one.request.rpc, "message": one.request.message} for one in expected if one.request]
    if [one["rpc"] for one in wanted] != [one["rpc"] for one in called]:
        return [f"the calls {[one['rpc'] for one in wanted]} must come; there came {[one['rpc'] for one in called]}"]
    both = zip(wanted, called, strict=True)
    return [
        found for one, came in both for found in differences(one["message"], came["message"], one["rpc"], part=True)
    ]


def marked(case: Case, marks: Marks) -> list[str]:
    """Return how the marks differ from the case; where it says nothing of them, none may be made twice."""
    says = [exchange.marked for exchange in case.traffic]
    if all(one is None for one in says):
        return [f"the attempt was marked {len(marks.made)} times"] if len(marks.made) > 1 else []
    expected = [number for number, one in enumerate(says) if one]
    return [] if marks.made == expected else [f"marked before the requests {marks.made} (from 0) instead of {expected}"]


def end(case: Case, ended: Ended, address: str) -> list[str]:
    """Return how an end differs from the case's."""
    if case.error is None:
        if ended.error is not None:
            return [f"it must succeed; it was {ended.error}: {ended.message}"]
        if case.found is not None:
            return differences(moved(case.found, address), ended.found, "found")
        if case.includes is None:
            return differences(moved(case.result, address), ended.result, "result")
        return differences(
            moved(case.includes, address), {name: ended.result.get(name) for name in case.includes}, "result"
        )
    error = case.error
    if ended.error != error.type:
        return [f"it must be {error.type}; it was {ended}"]
    readable = ended.message.isprintable() and len(ended.message) < LONGEST_SENTENCE
    found = [] if readable else [f"the sentence is too long, or not printable: {ended.message!r}"]
    if error.message is not None:
        found += differences(moved(error.message, address), ended.message, "message")
    for part in error.says:
        inside = part in ended.message if isinstance(part, str) else not differences(part, ended.message)
        found += [] if inside else [f"message: {ended.message!r} does not say {part!r}"]
    if "status" in error.model_fields_set:
        found += differences(error.status, ended.status, "status")
    expected_wait = error.retry_after if not isinstance(error.retry_after, int) else float(error.retry_after)
    return found + differences(expected_wait, ended.retry_after, "retryAfter")


def credentials(entries: Any, secrets: Mapping[str, str]) -> list[str]:
    """Return what must never be seen: secrets, and every text of a connection that is no address and no name."""
    texts = [value for entry in entries for name, value in entry.items() if name not in NAMES]
    hush = [value for value in [*texts, *secrets.values()] if isinstance(value, str)]
    return [value for value in hush if len(value) >= SHORTEST_CREDENTIAL and "://" not in value]
