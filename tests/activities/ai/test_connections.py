"""What models' connections do beyond single answers: what they remember, what they hide, and what is not installed."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from activities.ai.classify_ticket import classify_ticket
from activities.ai.generate_ai_response import PROVIDERS, generate_ai_response
from activities.connections import Connections
from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from tests.activities.ai.test_injection import RIGHT, completion
from tests.activities.attempts import DayBudgets
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok


def refused(message: str) -> bytes:
    return ok(json.dumps({"error": {"message": message}}).encode(), status="400 Bad Request")


def context(make: MakeContext, entry: dict[str, Any], **more: Any) -> Context:
    return make(connections=Connections({"model": entry}, PROVIDERS), action="classify_ticket", **more)


def mine(wire: Wire, **more: Any) -> dict[str, Any]:
    return {"kind": "openai", "apiKey": "key-1234567890", "model": "a-model-name", "baseUrl": wire.url, **more}


TICKET = classify_ticket.config.model_validate({"text": "Where is it?"})


@pytest.mark.parametrize("message", ["Unknown parameter: response_format", "Bad Request"])
async def test_a_server_is_offered_what_it_does_not_know_only_once(
    wire: Wire, make_context: MakeContext, message: str
) -> None:
    here = context(make_context, mine(wire))
    wire.reply(refused(message), completion(json.dumps(RIGHT)))
    for _ in range(2):
        await classify_ticket.function(TICKET, here)
    assert ["response_format" in json.loads(seen.body) for seen in wire.requests] == [True, False, False]


async def test_what_is_refused_in_any_form_is_not_asked_again(wire: Wire, make_context: MakeContext) -> None:
    here = context(make_context, mine(wire))
    wire.reply(refused("The prompt was stopped by the content filter"), refused("Bad Request"), refused("Bad Request"))
    with pytest.raises(Refused, match="content filter"):
        await classify_ticket.function(TICKET, here)
    assert len(wire.requests) == 1
    with pytest.raises(Refused, match="Bad Request"):
        await classify_ticket.function(TICKET, here)
    wire.reply(completion(json.dumps(RIGHT)))
    await classify_ticket.function(TICKET, here)
    assert ["response_format" in json.loads(seen.body) for seen in wire.requests] == [True, True, False, True]


def test_a_models_name_is_no_secret_and_its_key_is_one(wire: Wire) -> None:
    assert Connections({"model": mine(wire)}, PROVIDERS).credentials() == {"key-1234567890"}
    assert Connections({"here": {"kind": "local_language"}}, PROVIDERS).credentials() == set()


@pytest.mark.parametrize(
    ("answer", "used"),
    [
        (ok(json.dumps({"choices": [{"message": {"content": "Hi"}}], "usage": {"prompt_tokens": 7}}).encode()), (1, 7)),
        (ok(b'{"choices": [{"message": {"refusal": "No"}}], "usage": {"completion_tokens": 3}}'), (1, 3)),
        (ok(b"{}", status="429 Too Many Requests"), (0, 0)),
        (ok(b"{}", status="400 Bad Request"), (0, 0)),
        (ok(b"{}", status="500 Internal Server Error"), (1, None)),
        (completion("Hi"), (1, None)),
    ],
    ids=["counted", "refused and paid", "not carried out", "not understood", "lost", "not told"],
)
async def test_what_a_call_took_counts_and_what_nobody_knows_counts_in_full(
    wire: Wire, make_context: MakeContext, answer: bytes, used: tuple[int, int | None]
) -> None:
    wire.reply(answer)
    counted = DayBudgets()
    here = context(make_context, mine(wire, budget={"perDay": {"tokens": 100_000}}), budgets=counted)
    config = generate_ai_response.config.model_validate({"promptTemplate": "Hi", "maxTokens": 500})
    kind = None
    try:
        await generate_ai_response.function(config, here)
    except ActionError as error:
        kind = type(error)
    assert kind in {None, Refused, Unavailable, OutcomeUnknown}, "no kind of its own leaves"
    calls, tokens = used
    assert counted.used["calls"] == calls
    assert counted.used["tokens"] == tokens if tokens is not None else counted.used["tokens"] > 500


async def test_programs_that_are_not_installed_are_named(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    monkeypatch.delitem(sys.modules, "activities.ai.offline", raising=False)
    with pytest.raises(Refused, match=r"needs py3langid.*pip install 'trunkline\[language\]'"):
        await classify_ticket.function(TICKET, context(make_context, {"kind": "local_language"}))
