"""`http_request` against a real server; what becomes of answers is in cases/answers.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from activities import errors
from activities.errors import OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http.http_request import HttpRequest, http_request
from activities.http_client.client import Client
from tests.activities.conftest import KEY, MakeContext
from tests.activities.http_client.wire import Wire, drop, hang, ok

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "answers.yaml").read_text())


async def call(context: Any, url: str, method: str = "POST", **more: Any) -> Any:
    config = HttpRequest.model_validate({"method": method, "url": url, **more})
    return await http_request.function(config, context)


def written(answer: dict[str, Any]) -> bytes:
    """Return the bytes of a case's answer."""
    if "nest" in answer:
        body = b"[" * answer["nest"] + b"]" * answer["nest"]
    elif "hex" in answer:
        body = bytes.fromhex(answer["hex"])
    else:
        text = answer["text"]
        times = answer.get("repeat", 1)
        listed = times > 1 and text.startswith("[[")
        body = (f"[{','.join([text] * times)}]" if listed else text * times).encode()
    return ok(body, *answer.get("headers", ()), status=answer.get("status", "200 OK"), kind=answer["type"] or "")


def depth(value: Any) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_an_answer_becomes_a_result_or_an_error(
    case: dict[str, Any], wire: Wire, make_context: MakeContext
) -> None:
    wire.reply(written(case["answer"]))
    config = case.get("config", {})
    if "error" not in case:
        result = await call(make_context(), wire.url, **config)
        assert result.status == int(case["answer"].get("status", "200").split()[0])
        if "count" in case:
            assert len(result.body) == case["count"]
        elif "body_of" in case:
            assert len(result.body) == case["body_of"]
        elif "nested" in case:
            assert depth(result.body) == case["nested"]
        else:
            assert result.body == case["body"]
        assert case.get("warns", "") in "".join(result.warnings)
        assert len(result.warnings) == ("warns" in case)
        assert "warnings" not in result.model_dump_json(by_alias=True)
        return
    with pytest.raises(getattr(errors, case["error"])) as raised:
        await call(make_context(), wire.url, **config)
    assert type(raised.value).__name__ == case["error"]
    assert case.get("says", "") in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 350
    if "wait" in case:
        assert isinstance(raised.value, Unavailable)
        assert raised.value.retry_after == case["wait"]


async def test_a_whole_request_and_its_result(wire: Wire, make_context: MakeContext) -> None:
    wire.reply(ok(b'{"id":7}', "X-Request-Id: r1", "Set-Cookie: session=secret", f"X-Long: {'a' * 5000}"))
    result = await call(
        make_context(),
        f"{wire.url}/refunds?dry=1#part",
        headers={"Authorization": "Bearer t", "X-Count": 5, "X-None": None},
        query={"q": "a&b", "tags": ["x", "y"], "vip": True, "none": None, "n": 1.5},
        body={"customer.id": 42},
    )
    (seen,) = wire.requests
    assert (seen.method, seen.target) == ("POST", "/refunds?dry=1&q=a%26b&tags=x&tags=y&vip=true&n=1.5")
    assert seen.body == b'{"customer":{"id":42}}'
    assert (seen.headers["authorization"], seen.headers["x-count"]) == ("Bearer t", "5")
    assert "x-none" not in seen.headers
    headers = result.headers
    assert (result.status, result.body, headers["x-request-id"]) == (200, {"id": 7}, "r1")
    assert len(headers["x-long"]) == 2_000
    assert "set-cookie" not in headers


@pytest.mark.parametrize("method", ["get", "POST", "Put", "PATCH", "DELETE"])
async def test_every_method_is_sent_and_all_but_get_carry_the_key(
    wire: Wire, make_context: MakeContext, method: str
) -> None:
    await call(make_context(), wire.url, method)
    (seen,) = wire.requests
    assert seen.method == method.upper()
    assert seen.headers.get("idempotency-key") == (None if method == "get" else KEY)


@pytest.mark.parametrize(
    ("config", "name", "value"),
    [
        ({"idempotencyHeader": "X-Request-Key"}, "x-request-key", KEY),
        ({"quoteIdempotencyKey": True}, "idempotency-key", f'"{KEY}"'),
        ({"idempotencyHeader": False}, "idempotency-key", None),
        ({"idempotencyHeader": None}, "idempotency-key", None),
        ({"headers": {"IDEMPOTENCY-KEY": "own"}}, "idempotency-key", "own"),
    ],
)
async def test_the_key_is_sent_as_the_receiver_wants_it(
    wire: Wire, make_context: MakeContext, config: dict[str, Any], name: str, value: str | None
) -> None:
    await call(make_context(), wire.url, **config)
    assert wire.requests[0].headers.get(name) == value


@pytest.mark.parametrize(("method", "marks"), [("GET", 0), ("POST", 1), ("PUT", 1), ("DELETE", 1)])
async def test_the_mark_is_made_before_whatever_can_have_an_effect(
    wire: Wire, make_context: MakeContext, method: str, marks: int
) -> None:
    made: list[int] = []

    async def sending() -> None:
        made.append(len(wire.requests))

    await call(make_context(sending=sending), wire.url, method)
    assert made == [0] * marks


async def test_redirects_are_followed_when_asked_for(wire: Wire, make_context: MakeContext) -> None:
    wire.reply(ok(b"", "Location: /b", status="302 Found"), ok())
    assert (await call(make_context(), wire.url, "GET", followRedirects=1)).body == {"ok": True}


async def test_transport_failures_are_sorted_by_whether_anything_was_sent(
    wire: Wire, make_context: MakeContext
) -> None:
    wire.reply(drop)
    with pytest.raises(OutcomeUnknown):
        await call(make_context(), wire.url)
    wire.reply(hang)
    with pytest.raises(OutcomeUnknown):
        await call(make_context(timeout=0.2), wire.url)
    with pytest.raises(Unavailable):
        await call(make_context(), "http://127.0.0.1:1/")
    wire.reply(ok(b"x" * 1_100_000))
    with pytest.raises(ResultTooLarge):
        await call(make_context(), wire.url)


async def test_a_private_address_or_a_broken_header_is_refused(wire: Wire, make_context: MakeContext) -> None:
    strict = Client()
    with pytest.raises(Refused, match="https"):
        await call(make_context(http=strict), wire.url)
    await strict.close()
    with pytest.raises(Refused, match="line breaks"):
        await call(make_context(), wire.url, headers={"X-A": "b\r\nX-C: d"})
    assert wire.requests == []


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"method": "TRACE"},
        {"method": "GET", "query": {"filter": {"a": 1}}},
        {"method": "GET", "headers": {"X-A": ["b"]}},
        {"method": "GET", "headers": {"X-A": "b", "x-a": "c"}},
        {"method": "GET", "headers": [{"key": "X-A"}]},
        {"method": "GET", "accept": [42]},
        {"method": "POST", "idempotent": "true"},
        {"method": "POST", "idempotent": True, "idempotencyHeader": False},
        {"method": "GET", "encoding": "xml"},
        {"method": "GET", "followRedirects": 99},
        {"method": "GET", "bdoy": 1},
    ],
)
def test_a_config_that_is_not_right_is_a_problem_before_anything_runs(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpRequest.model_validate({"url": "https://example.com/", **config})


@pytest.mark.parametrize(
    ("raw", "repeat"),
    [
        ({"method": "GET"}, "safe"),
        ({"method": "put"}, "safe"),
        ({"method": "DELETE"}, "safe"),
        ({"method": "POST"}, "never"),
        ({"method": "PATCH"}, "never"),
        ({"method": "POST", "idempotent": True}, "keyed"),
        ({"method": "patch", "idempotent": True}, "keyed"),
        ({"method": "POST", "idempotent": "{{x}}"}, "never"),
        ({"method": "{{x}}"}, "never"),
        ({"method": "{{x}}", "idempotent": True}, "never"),
        ({}, "never"),
    ],
)
def test_what_repeats_an_unknown_outcome(raw: dict[str, Any], repeat: str) -> None:
    assert http_request.repeats(raw) == repeat


@pytest.mark.parametrize(
    ("raw", "syntax"),
    [
        ({"url": "https://example.com/{{a}}"}, {"/url": "url"}),
        ({"body": '{"a": "{{a}}"}'}, {"/body": "json"}),
        ({"body": " [{{a}}]"}, {"/body": "json"}),
        ({"body": '"{{a}}"'}, {"/body": "json"}),
        ({"body": "{{a}}"}, {}),
        ({"body": "{% if a %}{}{% endif %}"}, {}),
        ({"body": "Hello {{a}}"}, {}),
        ({"body": {"a": "{{a}}"}}, {}),
        ({"body": "a={{a}}", "encoding": "form"}, {"/body": "url"}),
    ],
)
def test_raw_text_is_filled_in_the_syntax_that_it_begins_in(raw: dict[str, Any], syntax: dict[str, str]) -> None:
    assert HttpRequest.syntaxes(raw) == syntax


def test_only_a_request_whose_answer_nobody_waits_for_runs_in_the_background() -> None:
    assert http_request.background({"parseResponse": False})
    assert not http_request.background({"parseResponse": True})
    assert not http_request.background({})
