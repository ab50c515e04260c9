"""`api_request`, as the documents of the workflow automations write it."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from activities.errors import Refused
from activities.http.api_request import ApiRequest, api_request
from tests.activities.conftest import KEY, MakeContext
from tests.activities.http_client.wire import Wire, ok


async def test_the_documents_request_is_sent_as_they_describe_it(wire: Wire, make_context: MakeContext) -> None:
    wire.reply(ok(b'{"id": 1}', status="201 Created"))
    config = ApiRequest.model_validate(
        {
            "method": "POST",
            "url": f"{wire.url}/contacts",
            "headers": [{"key": "Authorization", "value": "Basic x1x2x3x4x5x6x789"}],
            "values": [
                {"key": "contactName", "value": "Johnny Snow", "format": "String"},
                {"key": "contact.score", "value": "4.5", "format": "Number"},
                {"key": "contact.vip", "value": "maybe", "format": "Boolean"},
                {"key": "contact.age", "value": "42", "format": "Auto"},
            ],
        }
    )
    result = await api_request.function(config, make_context())
    (seen,) = wire.requests
    assert (seen.method, seen.headers["authorization"]) == ("POST", "Basic x1x2x3x4x5x6x789")
    assert (seen.headers["content-type"], seen.headers["idempotency-key"]) == ("application/json", KEY)
    assert json.loads(seen.body) == {
        "contactName": "Johnny Snow",
        "contact": {"score": 4.5, "vip": False, "age": 42},
    }
    assert (result.status, result.body) == (201, {"id": 1})


async def test_a_request_without_values_has_no_body(wire: Wire, make_context: MakeContext) -> None:
    config = ApiRequest.model_validate({"method": "GET", "url": wire.url, "headers": {"X-A": "b"}})
    await api_request.function(config, make_context())
    (seen,) = wire.requests
    assert (seen.body, seen.headers["x-a"], "content-type" in seen.headers) == (b"", "b", False)


async def test_a_value_that_is_not_of_its_format_is_refused(wire: Wire, make_context: MakeContext) -> None:
    values = [{"key": "age", "value": "forty", "format": "Number"}]
    config = ApiRequest.model_validate({"method": "POST", "url": wire.url, "values": values})
    with pytest.raises(Refused, match="'age' has the format Number but is 'forty'"):
        await api_request.function(config, make_context())
    assert wire.requests == []


def test_keys_that_clash_are_a_problem_before_anything_runs() -> None:
    values = [{"key": "a", "value": 1}, {"key": "a.b", "value": 2}]
    with pytest.raises(ValidationError, match=r"'a' and 'a\.b' clash"):
        ApiRequest.model_validate({"method": "POST", "url": "https://example.com/", "values": values})


def test_it_is_repeated_as_http_request_is() -> None:
    assert api_request.repeats({"method": "GET"}) == "safe"
    assert api_request.repeats({"method": "POST"}) == "never"
    assert api_request.background({"parseResponse": False})
