"""How a step names a kept value, and for how long it is kept."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StrictStr, WithJsonSchema

from trunkline.durations import DAY, WRITTEN, duration, spell
from trunkline.keyed import LONGEST_KEY

LONGEST = 366 * DAY


def _text(value: Any) -> Any:
    """Take a number for the text that it is, as ids may be either."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _key(key: str) -> str:
    if not key.strip():
        raise ValueError("a key says what the value is about, and this one is empty")
    return key


def _lasting(value: int) -> int:
    if not 0 < value <= LONGEST:
        raise ValueError(f"a value is kept for more than nothing and at most {spell(LONGEST)}, not {spell(value)}")
    return value


Key = Annotated[
    StrictStr,
    Field(max_length=LONGEST_KEY),
    BeforeValidator(_text),
    AfterValidator(_key),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"\S", "maxLength": LONGEST_KEY}, {"type": "number"}]}),
]
Lasting = Annotated[
    StrictInt,
    BeforeValidator(duration),
    AfterValidator(_lasting),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LONGEST}, {"type": "string", "pattern": WRITTEN}]}
    ),
]
