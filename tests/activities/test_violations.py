"""No message of pydantic's reaches people: each of its errors has a sentence of ours."""

from __future__ import annotations

from typing import Any, cast

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_core._pydantic_core import list_all_errors

from activities.violations import OWN, SENTENCES, violation, violations
from tests.together import together

KNOWN = [cast("dict[str, Any]", error) for error in list_all_errors()]


@together("error", KNOWN, ids=lambda error: str(error["type"]))
def test_every_error_of_pydantic_has_a_sentence_of_ours(error: dict[str, Any]) -> None:
    if error["type"] in OWN:
        return
    assert error["type"] in SENTENCES, "pydantic has a new error: give it a sentence"
    details = {
        **error,
        "loc": ("a",),
        "msg": error["example_message_python"],
        "ctx": error.get("example_context") or {},
    }
    sentence = violation(cast("ErrorDetails", details))
    assert sentence
    assert sentence != error["example_message_python"]
    assert not any(word in sentence for word in ("Input", "should", "valid string", "dictionary", "{", "}"))


class Order(BaseModel):
    number: str = Field(pattern="^[A-Z]{3}$")
    lines: list[int] = Field(max_length=1)
    mode: bool

    @field_validator("mode")
    @classmethod
    def _never(cls, value: bool) -> bool:  # pydantic's signature
        raise ValueError("the author's own words.")


def test_places_and_what_authors_say_themselves_are_kept() -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate({"number": "ab", "lines": [1, 2], "mode": True})
    assert violations(caught.value.errors()) == (
        "`number`: this must match the pattern ^[A-Z]{3}$; `lines`: this may have at most 1; it has 2; "
        "`mode`: the author's own words"
    )
