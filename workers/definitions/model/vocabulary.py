"""The words of which definitions are made: names, texts and durations, as types that refuse in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from trunkline.durations import DAY, SECOND, WRITTEN, YEAR, duration, spell
from trunkline.wire import AUTOMATION_NAME, RESERVED_NAMES
from workflows.language.template import is_template

MAX_ID = 60

SHORTEST_ATTEMPT = 100
"""Milliseconds: the least that an attempt, or all of them together, may be given."""

LONGEST_TEXT = 4_000
"""Characters of a template outside of `config`."""

MARKUP = r"\{\{|\{%"
"""What a text has in it that is a template."""

RUN_ROOTS = (
    *("event", "variables", "constants", "env", "run", "steps", "failure", "hold", "secrets", "item", "loop"),
    *("now", "today"),
)
"""Roots that every run has or may have; they win over keys of the event's data."""

KEYWORDS = ("true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "in", "contains", "if", "else")
"""Words that a template reads as something else than a name."""

TAG = "step:"
"""Begins the segments of a pydantic error's location that choose a model and are no keys of the definition."""

CONDITIONS = "x-conditions"
"""Marks the places in the JSON Schema where the schema of conditions belongs."""


class DefinitionPart(BaseModel):
    """A piece of a definition: keys are camelCase, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, defer_build=True)


def refuse(code: str, sentence: str) -> PydanticCustomError:
    """Return the error that makes a definition's value a problem of that code."""
    return PydanticCustomError(code, "{sentence}", {"sentence": sentence})


def _whole(value: Any) -> Any:
    """Take 1.0 for 1, as JSON Schema does; booleans and texts are none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Stands behind the bounds of a whole number, which then stay in the schema."""


def shape_tag(value: Any) -> str:
    """Return the tag of the way in which a value that may be plain or an object is read."""
    return f"{TAG}object" if isinstance(value, (Mapping, BaseModel)) else f"{TAG}plain"


def list_tag(value: Any) -> str:
    """Return the tag of the way in which a value that may be plain or a list is read."""
    return f"{TAG}list" if isinstance(value, list) else f"{TAG}plain"


def spelt(pattern: str, what: str) -> AfterValidator:
    """Return what refuses a text that the pattern does not match as a whole; `what` says what it is instead."""
    compiled = re.compile(pattern)

    def judge(value: str) -> str:
        if compiled.fullmatch(value):
            return value
        raise refuse("bad-name", f"{value[:80]!r} is {what}.")

    return AfterValidator(judge)


def _duration(value: Any) -> int:
    try:
        return duration(value)
    except ValueError as error:
        raise refuse("bad-duration", str(error)) from None


def _judge_within(shortest: int, longest: int) -> Callable[[int], int]:
    def judge(value: int) -> int:
        if shortest <= value <= longest:
            return value
        meant = f" ({value} means milliseconds; for seconds write {value}s)" if 0 < value < SECOND else ""
        raise refuse(
            "out-of-range",
            f"{spell(value)} is outside {spell(shortest)} to {spell(longest)}, which is allowed here{meant}.",
        )

    return judge


def _within(shortest: int, longest: int) -> AfterValidator:
    return AfterValidator(_judge_within(shortest, longest))


def _whole_seconds(value: int) -> int:
    if value % SECOND:
        raise refuse("out-of-range", f"{spell(value)} is no whole number of seconds, which this must be.")
    return value


def _schema(shortest: int, longest: int) -> WithJsonSchema:
    number = {"type": "integer", "minimum": shortest, "maximum": longest}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": WRITTEN}]})


_Duration = Annotated[int, BeforeValidator(_duration)]
Second = Annotated[_Duration, _within(SECOND, YEAR), AfterValidator(_whole_seconds), _schema(SECOND, YEAR)]
Missed = Annotated[_Duration, _within(10 * SECOND, YEAR), _schema(10 * SECOND, YEAR)]
Timeout = Annotated[_Duration, _within(SHORTEST_ATTEMPT, DAY), _schema(SHORTEST_ATTEMPT, DAY)]
Interval = Annotated[_Duration, _within(1, DAY), _schema(1, DAY)]
Budget = Annotated[_Duration, _within(SHORTEST_ATTEMPT, 30 * DAY), _schema(SHORTEST_ATTEMPT, 30 * DAY)]
Pause = Annotated[_Duration, _within(0, YEAR), _schema(0, YEAR)]
Deadline = Annotated[_Duration, _within(100, YEAR), _schema(100, YEAR)]
Pace = Annotated[_Duration, _within(1, YEAR), _schema(1, YEAR)]


def _pause(value: Any) -> Any:
    if isinstance(value, str) and is_template(value):
        if len(value) > LONGEST_TEXT:
            raise refuse("out-of-range", f"A text has at most {LONGEST_TEXT:,} characters; this one {len(value):,}.")
        return value
    return _judged_pause(_duration(value))


_judged_pause = _judge_within(0, YEAR)

ComputedPause = Annotated[
    int | str,
    BeforeValidator(_pause),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": YEAR},
                {"type": "string", "pattern": WRITTEN},
                {"type": "string", "pattern": MARKUP, "maxLength": LONGEST_TEXT},
            ]
        }
    ),
]
"""A duration, or a template that gives one when the step runs."""


def _not_reserved(value: str) -> str:
    if value in RESERVED_NAMES:
        raise refuse(
            "reserved-name", f"An automation cannot be called {value!r}: runs of that name mean something else."
        )
    return value


def _not_keyword(value: str) -> str:
    if value in KEYWORDS:
        raise refuse("reserved-name", f"{value!r} means something else in templates: choose another name.")
    return value


def _not_root(value: str) -> str:
    if value in RUN_ROOTS and value != "item":
        raise refuse("reserved-name", f"{value!r} is a name that every run has already: call the item something else.")
    return value


Name = Annotated[
    StrictStr,
    spelt(
        AUTOMATION_NAME,
        "no name: use up to 100 letters, digits, '.', '_' and '-', beginning with a letter or digit",
    ),
    AfterValidator(_not_reserved),
    WithJsonSchema({"type": "string", "pattern": f"^{AUTOMATION_NAME}$"}),
]
StepId = Annotated[
    StrictStr,
    spelt(rf"[A-Za-z0-9_-]{{1,{MAX_ID}}}", f"no id: use up to {MAX_ID} letters, digits, '-' and '_'"),
    WithJsonSchema({"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{MAX_ID}}}$"}),
]
Variable = Annotated[
    StrictStr,
    spelt(r"[A-Za-z_][A-Za-z0-9_]{0,59}", "no variable name: use letters, digits and '_', not beginning with a digit"),
    AfterValidator(_not_keyword),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,59}$"}),
]
ItemName = Annotated[Variable, AfterValidator(_not_root)]
PickedPath = Annotated[StrictStr, StringConstraints(max_length=500)]
PickedPaths = Annotated[dict[Variable, PickedPath], Field(min_length=1, max_length=100)]
EventType = Annotated[
    StrictStr,
    spelt(
        r"[^\s*]{1,200}|[^\s*]{1,198}\.\*",
        "no event type: write one such as call.ended, or call.* for all that begin so",
    ),
    WithJsonSchema({"type": "string", "pattern": r"^[^\s*]{1,200}$|^[^\s*]{1,198}\.\*$"}),
]
Label = Annotated[
    StrictStr,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    WithJsonSchema({"type": "string", "pattern": r"\S", "maxLength": 200}),
]
Text = Annotated[StrictStr, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]
Conditions = Annotated[dict[str, Any], WithJsonSchema({CONDITIONS: True})]
