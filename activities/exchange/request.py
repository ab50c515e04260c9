"""What every HTTP action has in common: where a request goes, what it carries, and what becomes of its answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, WithJsonSchema, model_validator

from activities.action import ANY_CASE, Config, Raw, Repeat, Static, Syntax, SyntaxName
from activities.bounds import integral
from activities.context import Context
from activities.exchange.answer import HttpAnswer, succeeded
from activities.exchange.body import has_variables, plain
from activities.exchange.encoding import written_syntax

Method = Annotated[
    Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    WithJsonSchema({"type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], ANY_CASE: True}),
]


Status = Annotated[StrictInt, Field(ge=100, le=599), BeforeValidator(integral)]

ADDRESS = re.compile(r"\s*[Hh][Tt][Tt][Pp][Ss]?://[^/\s?#]")

SAFE = ("GET", "PUT", "DELETE")


def header_pairs(value: Any) -> Any:
    """Return headers by name, from an object or from a list of `{key, value}`; those without a value are left out.

    Raises:
        ValueError: the list is not made of such entries, or a name is given twice.
    """
    if isinstance(value, list):
        if not all(isinstance(item, Mapping) and item.keys() == {"key", "value"} for item in value):
            raise ValueError("Headers are an object of names and values, or a list of entries with `key` and `value`.")
        found = [(item["key"], item["value"]) for item in value]
    elif isinstance(value, Mapping):
        found = list(value.items())
    else:
        return value
    seen: set[str] = set()
    for name in (str(name).lower() for name, _ in found):
        if name in seen:
            raise ValueError(f"The header {name!r} is given twice.")
        seen.add(name)
    return {name: item if isinstance(item, dict | list) else plain(item) for name, item in found if item is not None}


def absolute(url: str) -> str:
    """Return an address that can be one; with variables in it, that is seen once they are filled in.

    Raises:
        ValueError: it is none.
    """
    if has_variables(url) or ADDRESS.match(url):
        return url
    raise ValueError("An address begins with https:// and a host: https://example.com/path.")


Headers = Annotated[
    dict[str, str],
    BeforeValidator(header_pairs),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"key": {"type": "string"}, "value": {"type": ["string", "number", "boolean"]}},
                        "required": ["key", "value"],
                        "additionalProperties": False,
                    },
                },
            ]
        }
    ),
]


Address = Annotated[
    str,
    AfterValidator(absolute),
    WithJsonSchema({"type": "string", "pattern": f"^{ADDRESS.pattern}"}),
    Syntax("url"),
]


class Destination(Config):
    """Where every HTTP action sends to."""

    url: Address = Field(description="Absolute address, https unless an operator allows otherwise.")
    headers: Headers = Field(
        default_factory=dict, description="Headers by name, or a list of `{key, value}`; null leaves one out."
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Return the syntax of each text field; a raw body has the one that it begins in."""
        found = super().syntaxes(raw)
        syntax = written_syntax(raw.get("body"), form=raw.get("encoding") == "form")
        return found if syntax is None else {**found, "/body": syntax}


class ExchangeConfig(Destination):
    """What the HTTP actions that call an API have in common."""

    method: Method = Field(description="GET, POST, PUT, PATCH or DELETE.")
    accept: list[Status] = Field(
        default_factory=list, description="Statuses outside 2xx that are results, such as 404."
    )
    idempotent: Annotated[StrictBool, Static()] = Field(
        default=False,
        description="The receiver does a request with the same idempotency key only once, so that a POST or PATCH "
        "whose outcome is unknown may be repeated.",
    )
    idempotency_header: str | Literal[False] | None = Field(
        default="Idempotency-Key",
        description="Header that carries the step's idempotency key in all requests but GET; false leaves it out.",
    )
    quote_idempotency_key: StrictBool = Field(
        default=False, description="Put the key in quotation marks, as the draft standard has it."
    )
    parse_response: Annotated[StrictBool, Static()] = Field(
        default=True,
        description="Wait for the answer and keep it. False goes on at once: the request is still sent durably and "
        "repeated as needed, and its end is in the report.",
    )
    follow_redirects: Annotated[StrictInt, Field(ge=0, le=10), BeforeValidator(integral)] = Field(
        default=0, description="How many redirects are followed."
    )

    @model_validator(mode="after")
    def _key_is_sent(self) -> ExchangeConfig:
        if self.idempotent and not self.idempotency_header:
            raise ValueError("`idempotent: true` needs the key to be sent: give `idempotencyHeader` a name.")
        return self


def repeats(raw: Raw) -> Repeat:
    """Say whether a request may be repeated: GET, PUT and DELETE may, others only where their receiver dedupes keys."""
    method = raw.get("method")
    if isinstance(method, str) and method.upper() in SAFE:
        return "safe"
    if isinstance(method, str) and method.upper() in ("POST", "PATCH") and raw.get("idempotent") is True:
        return "keyed"
    return "never"


def in_background(raw: Raw) -> bool:
    """Say whether the path goes on without the answer."""
    return raw.get("parseResponse", raw.get("parse_response")) is False


def completed(headers: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    """Return headers and whichever of the defaults they do not name."""
    given = {name.lower() for name in headers}
    return {**headers, **{name: value for name, value in defaults.items() if name.lower() not in given}}


async def exchange(
    context: Context,
    request: ExchangeConfig,
    content: bytes | None,
    content_type: str = "application/json",
    query: str = "",
) -> HttpAnswer:
    """Send a request and return its answer as a result.

    Args:
        context: the attempt's surroundings.
        request: where it goes and how it is treated.
        content: its body.
        content_type: what the body is, where the author's headers do not say.
        query: more of a query string, encoded.

    Raises:
        ActionError: see `Context.request` and `succeeded`.
    """
    defaults = {"Content-Type": content_type} if content is not None else {}
    if request.method != "GET" and request.idempotency_header:
        defaults[request.idempotency_header] = f'"{context.key}"' if request.quote_idempotency_key else context.key
    url = request.url.partition("#")[0]
    if query:
        url += ("&" if "?" in url else "?") + query
    response = await context.request(
        request.method,
        url,
        headers=completed(request.headers, defaults),
        content=content,
        redirects=request.follow_redirects,
        effect=request.method != "GET",
    )
    return await succeeded(response, request.accept, read=request.parse_response)
