"""What a contract finds wrong with a value, in sentences of ours: none of pydantic's reaches people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails, ValidationError

from activities.unseen import unseen

TEXT = "this must be a text"
WHOLE = "this must be a whole number"
NUMBER = "this must be a number"
FLAG = "this must be true or false"
LIST = "this must be a list"
OBJECT = "this must be an object"
DATE = "this must be a date such as 2030-01-31"
TIME = "this must be a time such as 09:00:00"
INSTANT = "this must be an instant such as 2030-01-31T09:00:00Z"
DURATION = "this must be a duration in ISO 8601, such as PT15M, or a number of seconds"
ADDRESS = "this must be an address such as https://example.com/path"
IDENTIFIER = "this must be a UUID such as 123e4567-e89b-42d3-a456-426614174000"
OTHER = "this is not a value that may stand here"

SENTENCES: Mapping[str, str] = {
    "missing": "this key is missing",
    "missing_argument": "this key is missing",
    "missing_keyword_only_argument": "this key is missing",
    "missing_positional_only_argument": "this key is missing",
    "extra_forbidden": "there is no such key here",
    "unexpected_keyword_argument": "there is no such key here",
    "unexpected_positional_argument": "there is no such key here",
    "no_such_attribute": "there is no such key here",
    "multiple_argument_values": "this key is given twice",
    "invalid_key": "keys must be texts",
    "json_invalid": "this is no valid JSON",
    "json_type": "this must be a text that holds JSON",
    "recursion_loop": "this holds itself",
    "recursion_depth_exceeded": "this is nested too deep",
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "dataclass_type": OBJECT,
    "dataclass_exact_type": OBJECT,
    "dict_type": OBJECT,
    "frozen_dict_type": OBJECT,
    "ordered_dict_type": OBJECT,
    "counter_type": OBJECT,
    "mapping_type": OBJECT,
    "arguments_type": OBJECT,
    "named_tuple_type": LIST,
    "list_type": LIST,
    "deque_type": LIST,
    "tuple_type": LIST,
    "set_type": LIST,
    "frozen_set_type": LIST,
    "iterable_type": LIST,
    "set_item_not_hashable": "the entries of this list must be plain values",
    "none_required": "this must be null",
    "greater_than": "this must be more than {gt}",
    "greater_than_equal": "this must be at least {ge}",
    "less_than": "this must be less than {lt}",
    "less_than_equal": "this must be at most {le}",
    "multiple_of": "this must be a multiple of {multiple_of}",
    "finite_number": "this must be a finite number",
    "too_short": "this must have at least {min_length}; it has {actual_length}",
    "too_long": "this may have at most {max_length}; it has {actual_length}",
    "string_type": TEXT,
    "string_unicode": TEXT,
    "string_too_short": "this must have at least {min_length} characters",
    "string_too_long": "this may have at most {max_length} characters",
    "string_pattern_mismatch": "this must match the pattern {pattern}",
    "string_not_ascii": "this may hold ASCII characters only",
    "bytes_type": TEXT,
    "bytes_too_short": "this must have at least {min_length} bytes",
    "bytes_too_long": "this may have at most {max_length} bytes",
    "bytes_invalid_encoding": "this must be written in {encoding}",
    "enum": "this must be {expected}",
    "literal_error": "this must be {expected}",
    "bool_type": FLAG,
    "bool_parsing": FLAG,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": "this number has too many digits",
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "decimal_max_digits": "this number may have at most {max_digits} digits",
    "decimal_max_places": "this number may have at most {decimal_places} digits after the point",
    "decimal_whole_digits": "this number may have at most {whole_digits} digits before the point",
    "fraction_type": NUMBER,
    "fraction_parsing": NUMBER,
    "complex_type": NUMBER,
    "complex_str_parsing": NUMBER,
    "date_type": DATE,
    "date_parsing": DATE,
    "date_from_datetime_parsing": DATE,
    "date_from_datetime_inexact": "this must be a date without a time of day",
    "date_past": "this date must be in the past",
    "date_future": "this date must be in the future",
    "time_type": TIME,
    "time_parsing": TIME,
    "datetime_type": INSTANT,
    "datetime_parsing": INSTANT,
    "datetime_object_invalid": INSTANT,
    "datetime_from_date_parsing": INSTANT,
    "datetime_past": "this instant must be in the past",
    "datetime_future": "this instant must be in the future",
    "timezone_naive": "this instant must have no offset",
    "timezone_aware": "this instant must have an offset, such as Z or +01:00",
    "timezone_offset": "this instant has another offset than it must have",
    "time_delta_type": DURATION,
    "time_delta_parsing": DURATION,
    "union_tag_invalid": "this is {tag}, and must be one of {expected_tags}",
    "union_tag_not_found": "the key {discriminator} must say what this is",
    "url_type": ADDRESS,
    "url_parsing": ADDRESS,
    "url_syntax_violation": ADDRESS,
    "url_too_long": "this address may have at most {max_length} characters",
    "url_scheme": "this address must begin with {expected_schemes}",
    "uuid_type": IDENTIFIER,
    "uuid_parsing": IDENTIFIER,
    "uuid_version": "this must be a UUID of version {expected_version}",
    **dict.fromkeys(
        (
            *("frozen_field", "frozen_instance", "get_attribute_error", "iteration_error", "is_instance_of"),
            *("is_subclass_of", "callable_type", "missing_sentinel_error", "ellipsis_error", "needs_python_object"),
            "default_factory_not_called",
        ),
        OTHER,
    ),
}
"""A sentence for each error of pydantic's own, by its type; what a contract raises by itself speaks for itself."""

OWN = ("value_error", "assertion_error")
"""Errors whose sentence whoever wrote the contract has written."""


def violation(error: ErrorDetails) -> str:
    """Return what is wrong with a value, as a clause without a full stop."""
    context = error.get("ctx", {})
    if error["type"] in OWN:
        return sentence_of(context.get("error", "")).rstrip(".") or OTHER
    sentence = SENTENCES.get(error["type"])
    if sentence is None:  # of a contract's own
        return error["msg"].rstrip(".")
    return sentence.format_map({name: _shown(name, value) for name, value in context.items()})


def sentence_of(error: Any) -> str:
    """Return what an error says, in our words where it is one of pydantic's."""
    if isinstance(error, ValidationError):
        return violations(error.errors(include_url=False))
    return str(error)


def violations(errors: Iterable[ErrorDetails]) -> str:
    """Return all that is wrong, each with its place: "`headers`: this key is missing; …"."""
    return "; ".join(_placed(error) for error in errors)


def _placed(error: ErrorDetails) -> str:
    place, value = ".".join(map(str, error["loc"])), error.get("input")
    hidden = unseen(value) if isinstance(value, str) else None
    clause = f"{violation(error)}; {hidden}" if hidden else violation(error)
    return f"`{place}`: {clause}" if place else clause


def _shown(name: str, value: Any) -> str:
    if name in {"min_length", "max_length", "actual_length"} and value is None:
        return "more"
    if name == "expected":  # Python's words for what JSON calls otherwise
        return {"True": "true", "False": "false", "None": "null"}.get(str(value), str(value))
    return str(value)
