from typing import Any

import pytest
from pydantic import ValidationError

from activities.action import Static, marked
from activities.sms.send_sms import SmsMessage, send_sms
from tests.together import together

MESSAGE = {"from": "+15550100", "to": "+15550123", "text": "Sorry for the wait, 5 €!"}


@together("number", ["15550123", "+05550123", "+1 555 0123", "+1555012345678901", "+١٥٥٥٠١٢٣", "", "+15550123\n"])
@together("field", ["from", "to"])
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
