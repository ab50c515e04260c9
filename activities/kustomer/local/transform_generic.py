"""Keep values for later steps."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, Field, WithJsonSchema

from activities.action import Config, Raw, Result, SyntaxName, action, names
from activities.context import Context
from activities.errors import Refused
from activities.exchange.body import has_variables
from trunkline.strict_json import JsonError, read_json


def object_in(written: dict[str, Any] | str) -> dict[str, Any]:
    """Return an object, also one that is written as JSON, with or without its braces.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(written, str):
        return written
    text = written.strip()
    try:
        found: dict[str, Any] = read_json(text if text.startswith("{") else f"{{{text}}}")
    except JsonError as error:
        raise ValueError(f'it is no JSON object: {error}; write {{"name": "value"}}') from None
    return found


def _readable(written: dict[str, Any] | str) -> dict[str, Any] | str:
    if not has_variables(written):
        object_in(written)
    return written


class NamedValues(Config):
    """Values by name."""

    data: Annotated[
        dict[str, Any] | str,
        AfterValidator(_readable),
        WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "string", "pattern": r'^\s*(?:[{"]|$)'}]}),
    ] = Field(
        validation_alias=AliasChoices("data", "Data"),
        description='The values: an object, or JSON text, also without its braces (`"name": "value", "other": 2`).',
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say that a text is JSON, or the members of an object."""
        written = {key: raw[key].lstrip() for key in names(cls, "data") if isinstance(raw.get(key), str)}
        plain = {key: text for key, text in written.items() if not text.startswith(("{{", "{%"))}
        return {f"/{key}": "json" if text.startswith("{") else "json-members" for key, text in plain.items()}


class TransformResult(Result):
    """The values."""

    output: dict[str, Any] = Field(description="The object that was given.")


@action(
    "kustomer.transform_generic",
    repeat="safe",
    local=True,
    example={"data": {"vip": "{{customer.isVip}}", "attempts": 1}},
)
async def transform_generic(config: NamedValues, _context: Context) -> TransformResult:
    """Keep values for later steps.

    The same is a step `set`, which costs no action.
    """
    try:
        return TransformResult(output=object_in(config.data))
    except ValueError as fault:
        raise Refused(f"The data cannot be read: {fault}.") from None
