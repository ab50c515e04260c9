"""What the contract of `http_request` says before anything is sent, and bounds; its behaviour is in cases/."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from activities.errors import ResultTooLarge
from activities.http.api_request import ApiRequest, api_request
from activities.http.http_request import HttpRequest, http_request
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok
from tests.together import together


async def call(context: Any, url: str) -> Any:
    return await http_request.function(HttpRequest.model_validate({"method": "POST", "url": url}), context)


def depth(value: Any) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


async def test_json_is_kept_however_many_brackets_it_has_but_not_too_deep(
    wire: Wire, make_context: MakeContext
) -> None:
    wire.reply(ok(f"[{','.join(['[[1],[1],[1]]'] * 100)}]".encode()))
    assert len((await call(make_context(), wire.url)).body) == 100
    wire.reply(ok(b"[" * 100 + b"]" * 100))
    result = await call(make_context(), wire.url)
    assert depth(result.body) == 100
    result.model_dump_json(by_alias=True)
    wire.reply(ok(b"[" * 101 + b"]" * 101))
    with pytest.raises(ResultTooLarge):
        await call(make_context(), wire.url)


async def test_long_headers_are_cut(wire: Wire, make_context: MakeContext) -> None:
    wire.reply(ok(b"{}", f"X-Long: {'a' * 5000}"))
    assert len((await call(make_context(), wire.url)).headers["x-long"]) == 2_000


@together(
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


@together(
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


def test_api_request_is_repeated_as_http_request_is() -> None:
    assert api_request.repeats({"method": "GET"}) == "safe"
    assert api_request.repeats({"method": "POST"}) == "never"
    assert api_request.background({"parseResponse": False})


def test_keys_that_clash_are_a_problem_before_anything_runs() -> None:
    values = [{"key": "a", "value": 1}, {"key": "a.b", "value": 2}]
    with pytest.raises(ValidationError, match=r"'a' and 'a\.b' clash"):
        ApiRequest.model_validate({"method": "POST", "url": "https://example.com/", "values": values})


def test_only_a_request_whose_answer_nobody_waits_for_runs_in_the_background() -> None:
    assert http_request.background({"parseResponse": False})
    assert not http_request.background({"parseResponse": True})
    assert not http_request.background({})
