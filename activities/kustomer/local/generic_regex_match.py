"""Search a text for a pattern."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field, ValidationInfo, WithJsonSchema, field_validator

from activities.action import Config, Result, action
from activities.context import Context
from activities.errors import Refused
from activities.exchange.body import has_variables
from trunkline.regex.javascript import FLAGS, check_flags
from trunkline.regex.matching import CostlyError, PatternError, check_pattern, first_match


class RegexSearch(Config):
    """A text, and what is searched for."""

    test_string: str = Field(
        validation_alias=AliasChoices("testString", "TestString"), description="The text that is searched."
    )
    flags: Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^[{FLAGS}]*$"})] = Field(
        default="",
        validation_alias=AliasChoices("flags", "Flags"),
        description="Flags of JavaScript: `i`, `m`, `s`, `u`, `y`; `g` and `d` change nothing here.",
    )
    regex: Annotated[
        str, WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^(?:[^*+?]|$)"}, {"type": "number"}]})
    ] = Field(
        validation_alias=AliasChoices("regex", "Regex"),
        description="The pattern, in JavaScript's syntax and without slashes around it; at most 1,000 characters. "
        "Look-around and back references are refused, so that every search takes linear time.",
    )

    @field_validator("flags")
    @classmethod
    def _are_flags(cls, value: str) -> str:
        if not has_variables(value):
            check_flags(value)
        return value

    @field_validator("regex")
    @classmethod
    def _is_pattern(cls, value: str, info: ValidationInfo) -> str:
        flags = info.data.get("flags")
        if flags is not None and not has_variables(value) and not has_variables(flags):
            check_pattern(value, flags)
        return value


class RegexResult(Result):
    """What was found: what JavaScript's `RegExp.prototype.exec` finds."""

    match: str | None = Field(description="Text that the pattern matched; null where it matched nothing.")
    captures: list[str | None] | None = Field(
        description="What the groups captured, in the order of their brackets, null for one that took no part; null "
        "where nothing matched."
    )
    index: int = Field(description="Where the match begins, counted from 0 in UTF-16 code units; -1 where none does.")
    original: str = Field(description="The text that was searched.")


@action(
    "kustomer.generic_regex_match",
    repeat="safe",
    local=True,
    example={"testString": "{{message.body}}", "regex": "order #([0-9]+)", "flags": "i"},
)
async def generic_regex_match(config: RegexSearch, _context: Context) -> RegexResult:
    """Search a text for a pattern, and give the first match.

    The same is the filter `match` of templates, which needs no step.
    """
    try:
        found = first_match(config.regex, config.flags, config.test_string)
    except PatternError as fault:
        raise Refused(f"The pattern cannot be used: {fault}.") from None
    except CostlyError as error:
        raise Refused(str(error)) from None
    if found is None:
        return RegexResult(match=None, captures=None, index=-1, original=config.test_string)
    return RegexResult(match=found.match, captures=found.captures, index=found.position, original=config.test_string)
