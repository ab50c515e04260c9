"""The vendors' own clients understand the sandbox's models, and what is taught there is what actions get."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from activities.ai.classification import schema_of
from activities.ai.classify_ticket import classify_ticket
from activities.ai.generate_ai_response import PROVIDERS, generate_ai_response
from activities.connections import Connections
from activities.context import Context
from activities.errors import Refused
from tests.activities.ai.test_injection import RIGHT
from tests.activities.conftest import MakeContext
from workers.sandbox import Sandbox, connections

SCHEMA = schema_of(["billing", "other"])


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as running:
        yield running


@pytest.fixture
def here(sandbox: Sandbox, make_context: MakeContext) -> Context:
    known = connections(sandbox.url)
    entries = {name: entry for name, entry in known.items() if name in {"sandbox-openai", "sandbox-anthropic"}}
    return make_context(connections=Connections(entries, PROVIDERS))


async def test_openais_own_client_is_answered(sandbox: Sandbox) -> None:
    from openai import APIStatusError, AsyncOpenAI

    asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "My billing is wrong"}]}
    form: Any = {"type": "json_schema", "json_schema": {"name": "c", "strict": True, "schema": SCHEMA}}
    async with AsyncOpenAI(api_key="sk-1", base_url=f"{sandbox.url}/openai/v1", max_retries=0) as client:
        written = await client.chat.completions.create(**asked, max_completion_tokens=50)
        assert written.choices[0].message.content == "(sandbox) My billing is wrong"
        assert (written.choices[0].finish_reason, written.usage and written.usage.prompt_tokens) == ("stop", 14)
        judged = await client.chat.completions.create(**asked, response_format=form)
        assert json.loads(judged.choices[0].message.content or "")["category"] == "billing"
        for wrong, code in (
            ({**asked, "model": "missing-1"}, "model_not_found"),
            ({**asked, "messages": []}, "invalid_value"),
            ({**asked, "max_tokens": 0}, "invalid_value"),
            ({**asked, "max_tokens": 1, "max_completion_tokens": 1}, "invalid_value"),
            ({**asked, "model": "plain-1", "response_format": form}, "invalid_value"),
        ):
            with pytest.raises(APIStatusError) as refused:
                await client.chat.completions.create(**wrong)
            assert refused.value.code == code
        with pytest.raises(APIStatusError, match="Incorrect API key"):
            await client.with_options(api_key="invalid").chat.completions.create(**asked)


async def test_anthropics_own_client_is_answered(sandbox: Sandbox) -> None:
    from anthropic import APIStatusError, AsyncAnthropic

    asked: dict[str, Any] = {
        "model": "m",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Great, thanks"}],
    }
    form: Any = {"format": {"type": "json_schema", "schema": SCHEMA}}
    async with AsyncAnthropic(api_key="sk-1", base_url=f"{sandbox.url}/anthropic", max_retries=0) as client:
        written = await client.messages.create(**asked)
        assert [(block.type, getattr(block, "text", "")) for block in written.content] == [
            ("text", "(sandbox) Great, thanks")
        ]
        judged = await client.messages.create(**asked, output_config=form)
        assert json.loads(getattr(judged.content[0], "text", ""))["sentiment"] == 1
        for wrong, kind in (
            ({**asked, "model": "missing-1"}, "not_found_error"),
            ({**asked, "messages": []}, "invalid_request_error"),
            ({**asked, "max_tokens": 0}, "invalid_request_error"),
            ({**asked, "model": "plain-1", "output_config": form}, "invalid_request_error"),
            ({**asked, "extra_headers": {"anthropic-version": "1999-01-01"}}, "invalid_request_error"),
        ):
            with pytest.raises(APIStatusError) as refused:
                await client.messages.create(**wrong)
            assert refused.value.body["error"]["type"] == kind  # type: ignore[index] # it is an object
        with pytest.raises(APIStatusError, match="invalid x-api-key"):
            await client.with_options(api_key="invalid").messages.create(**asked)


@pytest.mark.parametrize("host", [None, True])
@pytest.mark.parametrize(
    ("kind", "path", "api"),
    [("openai", "/v1/chat/completions", "api.openai.com"), ("anthropic", "/v1/messages", "api.anthropic.com")],
)
async def test_a_text_that_is_taught_is_what_the_model_writes(
    sandbox: Sandbox, here: Context, kind: str, path: str, api: str, host: bool | None
) -> None:
    sandbox.respond(path, "Dear customer", host=api if host else None)
    name = {"connection": f"sandbox-{kind}"}
    config = generate_ai_response.config.model_validate({"promptTemplate": "Hi", **name})
    assert await generate_ai_response.function(config, here) == "Dear customer"
    ticket = classify_ticket.config.model_validate({"text": "Hi", **name})
    with pytest.raises(Refused, match="twice in another form"):
        await classify_ticket.function(ticket, here)
    sandbox.respond(path, json.dumps(RIGHT), host=api if host else None)
    assert (await classify_ticket.function(ticket, here)).category == "other"


async def test_a_vendor_fails_as_it_really_does(sandbox: Sandbox, here: Context) -> None:
    config = generate_ai_response.config.model_validate({"promptTemplate": "Hi", "connection": "sandbox-openai"})
    prose = {"choices": [{"message": {"content": None, "refusal": "No."}}]}
    sandbox.fail("openai", status=200, body=prose)
    with pytest.raises(Refused, match="refused to answer"):
        await generate_ai_response.function(config, here)
    assert isinstance(await generate_ai_response.function(config, here), str), "once"


async def test_a_model_without_structured_output_is_asked_without(sandbox: Sandbox, here: Context) -> None:
    sandbox.respond("/chat/completions", "no")
    for kind in ("openai", "anthropic"):
        ticket = {"text": "Hi", "model": "plain-1", "connection": f"sandbox-{kind}"}
        sandbox.clear()
        with pytest.raises(Refused, match="twice in another form"):
            await classify_ticket.function(classify_ticket.config.model_validate(ticket), here)
        bodies = [received.request.body for received in sandbox.requests(kind)]
        assert [bool(body.keys() & {"response_format", "output_config"}) for body in bodies] == [True, False, False]
