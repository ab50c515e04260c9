"""Every body an author can write, as the receiver gets it: the cases are in cases/bodies.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from activities.errors import Refused
from activities.http.http_request import HttpRequest, http_request
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "bodies.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_a_body_arrives_as_it_was_meant(case: dict[str, Any], wire: Wire, make_context: MakeContext) -> None:
    async def send() -> None:
        config = HttpRequest.model_validate({"method": "POST", "url": wire.url, **case["config"]})
        await http_request.function(config, make_context())

    if "refused" in case:
        with pytest.raises((Refused, ValidationError)) as refused:
            await send()
        assert case["refused"] in str(refused.value)
        assert wire.requests == []
        return
    await send()
    (seen,) = wire.requests
    if "sent" in case:
        assert json.loads(seen.body) == case["sent"]
        assert json.dumps(json.loads(seen.body)) == json.dumps(case["sent"]), "1 and true are not the same"
    else:
        assert seen.body.decode() == case["text"]
    if "type" in case:
        assert seen.headers.get("content-type") == case["type"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"a": "{{x}}", "a.b": "{{y}}"}, "keys_clash"),
        ([{"key": "a", "value": "{{x}}"}, {"key": "a.b", "value": "{{y}}"}], "keys_clash"),
        ([{"key": "{{x}}", "value": 1}, {"key": "{{x}}", "value": 2}], "value_error"),
    ],
)
def test_a_clash_that_no_rendering_can_undo_is_told_apart(body: Any, kind: str) -> None:
    with pytest.raises(ValidationError) as invalid:
        HttpRequest.model_validate({"method": "POST", "url": "https://example.com/", "body": body})
    assert [error["type"] for error in invalid.value.errors()] == [kind]
