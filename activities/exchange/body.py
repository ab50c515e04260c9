"""Bodies of requests: values with a format, and keys with dots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from activities.action import ANY_CASE, Config
from activities.bounds import cut
from activities.errors import Refused
from activities.http_client.json_body import json_text
from activities.violations import violation

NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?")
DETECTED_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
EXACT_DIGITS = 15
"""Digits that every receiver keeps exactly; a longer text of digits is detected as text (an id, a card number)."""

TRUE = frozenset(("true", "1", "yes", "on"))
CONSTANTS = {"true": True, "false": False, "null": None}

Format = Annotated[
    Literal["Number", "String", "Boolean", "Auto"],
    BeforeValidator(lambda value: value.capitalize() if isinstance(value, str) else value),
    WithJsonSchema({"type": "string", "enum": ["Number", "String", "Boolean", "Auto"], ANY_CASE: True}),
]


class BodyEntry(Config):
    """One value of a body: where it goes, what it is, and as which type it is sent."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    key: str = Field(description="Name of the property; dots nest (`customer.firstname`).", min_length=1)
    value: Any = Field(description="The value, fixed or from variables.")
    format: Format | None = Field(
        default=None,
        description="Number, String, Boolean (anything but true, 1, yes and on is false) or Auto (a text that is a "
        "number, true, false or null becomes one). Left out, the value is sent as it is.",
    )


def is_entries(body: Any) -> bool:
    """Say whether a body is a list of entries: not empty, and of nothing but `key`, `value` and maybe `format`."""
    return (
        isinstance(body, list)
        and bool(body)
        and all(
            isinstance(item, Mapping) and {"key", "value"} <= item.keys() <= {"key", "value", "format"} for item in body
        )
    )


def entries(body: list[Any]) -> list[BodyEntry]:
    """Return the entries of a body.

    Raises:
        PydanticCustomError: of type `bad_entry`: one is not right whatever is filled in; the sentence says which.
        ValueError: one has variables where it is not right.
    """
    found = []
    for position, item in enumerate(body, 1):
        try:
            found.append(BodyEntry.model_validate(item))
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            place = str(wrong["loc"][0])
            sentence = f"Entry {position} of the list is not right: `{place}`: {violation(wrong)}."
            if has_variables(item[place]):
                raise ValueError(sentence) from None
            raise PydanticCustomError("bad_entry", "{sentence}", {"sentence": sentence}) from None
    return found


def has_variables(value: Any) -> bool:
    """Say whether a text has variables in it, and so is not yet what will be sent."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def pairs(body: Any) -> list[tuple[str, Any]] | None:
    """Return the keys and values of a body, coerced as its entries say, or None where it has no keys.

    Raises:
        Refused: a value is not of its format.
    """
    if is_entries(body):
        return [(entry.key, coerced(entry)) for entry in entries(body)]
    if isinstance(body, Mapping):
        return [(str(key), value) for key, value in body.items()]
    return None


def coerced(entry: BodyEntry) -> Any:
    """Return an entry's value as its format says.

    Raises:
        Refused: it has to be a number and is none.
    """
    match entry.format:
        case "Number":
            return number(entry.key, entry.value)
        case "String":
            return plain(entry.value)
        case "Boolean":
            return entry.value in (True, 1) or (isinstance(entry.value, str) and entry.value.strip().lower() in TRUE)
        case "Auto":
            return detected(entry.value)
    return entry.value


def number(key: str, value: Any) -> int | float | None:
    """Return a whole number or a decimal with a dot; what is missing or empty, as a caller's input can be, is null.

    Raises:
        Refused: it is something else.
    """
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    written = value.strip() if isinstance(value, str) else None
    if written == "":
        return None
    if written is None or not NUMBER.fullmatch(written):
        shown = f"a {type(value).__name__}" if written is None else repr(cut(written, 40))
        raise Refused(f"The value of {key!r} has the format Number but is {shown}: write 42 or 4.2.")
    return float(written) if "." in written else int(written)


def plain(value: Any) -> str:
    """Return the text of a value: nothing for null, JSON for whatever is not text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json_text(value)


def detected(value: Any) -> Any:
    """Return what a text is when it is written like a JSON number, true, false or null; everything else as it is."""
    if not isinstance(value, str):
        return value
    written = value.strip()
    if written in CONSTANTS:
        return CONSTANTS[written]
    if DETECTED_NUMBER.fullmatch(written) and sum(map(str.isdigit, written)) <= EXACT_DIGITS:
        return json.loads(written)
    return value


def nested(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return one object in which a dot in a key opens an object. Values are kept as they are, whatever keys they have.

    Raises:
        ValueError: two keys claim the same place, or a key has an empty part; the sentence names them.
    """
    found: dict[str, Any] = {}
    owners: dict[tuple[str, ...], str] = {}
    for key, value in items:
        path = tuple(key.split("."))
        if "" in path:
            raise ValueError(f"The key {key!r} has an empty part: dots stand between names, as in customer.firstname.")
        place = found
        for depth in range(1, len(path)):
            if path[:depth] in owners:
                raise ValueError(clash(owners[path[:depth]], key))
            place = place.setdefault(path[depth - 1], {})
        if path[-1] in place:
            taken = next(owner for owned, owner in owners.items() if owned[: len(path)] == path)
            raise ValueError(clash(taken, key))
        place[path[-1]] = value
        owners[path] = key
    return found


def clash(first: str, second: str) -> str:
    """Return the sentence for two keys that cannot both be set."""
    if first == second:
        return f"The key {first!r} is given twice."
    return f"The keys {first!r} and {second!r} clash: one is a value where the other needs an object."


def check_keys(keys: Iterable[str]) -> None:
    """Refuse keys that cannot all be set.

    Raises:
        PydanticCustomError: of type `keys_clash`, which no rendering of the values can undo.
        ValueError: keys with variables in them, which may be right once they are rendered.
    """
    keys = list(keys)
    try:
        nested((key, None) for key in keys)
    except ValueError as clashing:
        if any(map(has_variables, keys)):
            raise
        raise PydanticCustomError("keys_clash", "{sentence}", {"sentence": str(clashing)}) from None


def settable(body: Any) -> Any:
    """Return a body whose keys can all be set.

    Raises:
        ValueError: they cannot, or an entry is not right.
    """
    if is_entries(body):
        check_keys(entry.key for entry in entries(body))
    elif isinstance(body, Mapping):
        check_keys(str(key) for key in body)
    return body


Body = Annotated[Any, AfterValidator(settable)]
"""A JSON value, a raw text, or the list of entries; keys of the body itself nest at their dots."""
