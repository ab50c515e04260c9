"""What becomes of whatever a server may answer to `http_request`, by answers.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from activities import errors
from activities.errors import Unavailable
from activities.http.http_request import HttpRequest, http_request
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok

CASES = yaml.safe_load((Path(__file__).parent / "answers.yaml").read_text())


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
