import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from activities.action import Static, marked
from activities.sms.send_sms import SmsMessage, send_sms
from tests.activities.conftest import MakeContext
from tests.activities.messages import answer, named, serving
from workers.sandbox import Sandbox, connections

MESSAGE = {"from": "+15550100", "to": "+15550123", "text": "Sorry for the wait, 5 €!"}


async def test_default_connection_sends_and_the_receipt_says_what_was_sent(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    receipt = await send_sms.function(
        SmsMessage.model_validate(MESSAGE), make_context(action="send_sms", connections=named(connections(sandbox.url)))
    )

    [received] = sandbox.requests()
    assert (received.vendor, received.accepted) == ("twilio", True)
    told = receipt.model_dump(by_alias=True)
    assert re.fullmatch("SM[0-9a-f]{32}", told.pop("id"))
    assert told == {
        "provider": "twilio",
        "status": "queued",
        "segments": 1,
        "encoding": "GSM-7",
        "length": 25,
        "to": "+15550123",
        "from": "+15550100",
    }


async def test_step_may_name_another_provider(make_context: MakeContext, sandbox: Sandbox) -> None:
    config = SmsMessage.model_validate({**MESSAGE, "text": "Grüße 😀" * 10, "connection": "sandbox-cloudtalk"})

    receipt = await send_sms.function(
        config, make_context(action="send_sms", connections=named(connections(sandbox.url)))
    )

    assert [received.vendor for received in sandbox.requests()] == ["cloudtalk"]
    assert receipt.model_dump(by_alias=True) == {
        "provider": "cloudtalk",
        "id": None,
        "status": "accepted",
        "segments": 2,
        "encoding": "UCS-2",
        "length": 80,
        "to": "+15550123",
        "from": "+15550100",
    }


@pytest.mark.parametrize(("told", "segments"), [("0", 2), ("3", 3), (None, 2), ("many", 2)])
async def test_segments_are_the_providers_where_it_knows_them_and_else_ours(
    make_context: MakeContext, told: str | None, segments: int
) -> None:
    created = json.dumps({"sid": "SM1", "status": "accepted", "num_segments": told})
    async with serving(answer(201, created)) as server:
        phone = {"kind": "twilio", "accountSid": "AC1", "authToken": "token", "baseUrl": server.url}
        config = SmsMessage.model_validate({**MESSAGE, "text": "a" * 161})
        receipt = await send_sms.function(config, make_context(action="send_sms", connections=named({"phone": phone})))
    assert (receipt.id, receipt.segments) == ("SM1", segments)


@pytest.mark.parametrize(
    "number", ["15550123", "+05550123", "+1 555 0123", "+1555012345678901", "+١٥٥٥٠١٢٣", "", "+15550123\n"]
)
@pytest.mark.parametrize("field", ["from", "to"])
def test_number_that_is_not_e164_is_refused_with_the_right_form(field: str, number: str) -> None:
    with pytest.raises(ValidationError, match=r"E\.164 form") as raised:
        SmsMessage.model_validate({**MESSAGE, field: number})

    assert [error["loc"] for error in raised.value.errors()] == [(field,)]


@pytest.mark.parametrize("text", ["", "a" * 1601])
def test_text_has_between_1_and_1600_characters(text: str) -> None:
    with pytest.raises(ValidationError):
        SmsMessage.model_validate({**MESSAGE, "text": text})


def test_text_that_is_one_number_is_sent_as_it_is_written() -> None:
    assert SmsMessage.model_validate({**MESSAGE, "text": 4711}).text == "4711"


def test_seeds_own_words_are_understood() -> None:
    assert SmsMessage.model_validate({"sender": "+15550100", "recipient": "+15550123", "text": "Hi"}) == (
        SmsMessage.model_validate({"from": "+15550100", "to": "+15550123", "text": "Hi"})
    )


def test_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        SmsMessage.model_validate({**MESSAGE, "keySecret": "x"})


def test_contract_says_that_it_is_never_repeated_and_that_the_connection_is_fixed() -> None:
    raw: dict[str, Any] = {**MESSAGE, "connection": "phone"}
    assert send_sms.repeats(raw) == "never"
    assert [key for key, _ in marked(SmsMessage, raw, Static)] == ["connection"]
    assert SmsMessage.model_json_schema()["properties"]["to"]["pattern"] == r"^\+[1-9][0-9]{1,14}$"
