"""What both actions for any API have in common: what is sent, and that every answer is a result."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, StrictInt, WithJsonSchema, model_validator

from activities.action import ANY_CASE, Config, Raw, Repeat, Result, SyntaxName, names
from activities.bounds import integral
from activities.context import Context
from activities.errors import Refused
from activities.exchange.answer import kept
from activities.exchange.encoding import begins_like_json, query_text, raw_text, written_syntax
from activities.exchange.headers import RecordedHeaders
from activities.exchange.request import Address, Headers, completed
from activities.http_client.json_body import json_bytes

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
READS = ("GET", "HEAD")
SAFE = (*READS, "PUT", "DELETE")
MOST_REDIRECTS = 5

Method = Annotated[
    Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    WithJsonSchema({"type": "string", "enum": METHODS, ANY_CASE: True}),
]
Scalar = str | int | float | bool | None


class RestRequest(Config):
    """A request to any API."""

    uri: Address = Field(
        validation_alias=AliasChoices("uri", "URI", "Uri"),
        description="Absolute address, https unless an operator allows otherwise.",
    )
    method: Method = Field(
        validation_alias=AliasChoices("method", "Method"), description="GET, HEAD, POST, PUT, PATCH or DELETE."
    )
    headers: Headers = Field(
        default_factory=dict,
        validation_alias=AliasChoices("headers", "Headers"),
        description="Headers by name; null leaves one out.",
    )
    qs: dict[str, Scalar | list[Scalar]] = Field(
        default_factory=dict,
        validation_alias=AliasChoices("qs", "Qs", "QS"),
        description="Query parameters; a list repeats its key, null leaves it out.",
    )
    data: Any = Field(
        default=None,
        validation_alias=AliasChoices("data", "Data", "body", "Body"),
        description="The body: a JSON value, or a text. A text that begins like JSON has to be JSON.",
    )
    form: dict[str, Any] | None = Field(
        default=None,
        validation_alias=AliasChoices("form", "Form"),
        description="The body as an HTML form, instead of `data`; a list repeats its key.",
    )
    timeout: Annotated[StrictInt, Field(ge=1), BeforeValidator(integral)] | None = Field(
        default=None,
        validation_alias=AliasChoices("timeout", "Timeout"),
        description="Milliseconds that the request may take, where that is less than the step's own `timeout`.",
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say that the address is one, and that a raw body which begins like JSON is JSON."""
        found = super().syntaxes(raw)
        bodies = {key: written_syntax(raw[key], form=False) for key in names(cls, "data") if key in raw}
        return {**found, **{f"/{key}": syntax for key, syntax in bodies.items() if syntax is not None}}

    @model_validator(mode="after")
    def _one_body(self) -> RestRequest:
        if self.data is not None and self.form is not None:
            raise ValueError("a request has one body: give `data` or `form`, not both")
        return self


class ApiResponse(Result):
    """The answer as a whole."""

    status_code: int = Field(description="HTTP status, such as 200 or 404.")
    headers: RecordedHeaders = Field(
        description="Headers by lower-case name, each cut at 2,000 characters: `location`, `link`, `etag`, "
        "`retry-after`, names that end in `request-id`, and those that the automation uses."
    )
    body: Any = Field(description="The same as `body` beside it.")


class RestAnswer(Result):
    """What the API answered, whatever its status."""

    body: Any = Field(
        description="Parsed where it is JSON, else its text; null where it is empty. Bytes that are no text are "
        '`{"base64": "…"}`.'
    )
    response: ApiResponse = Field(description="Status, headers and body: branch on `response.statusCode`.")


def repeats(raw: Raw) -> Repeat:
    """Say whether a request may be repeated: GET, HEAD, PUT and DELETE may."""
    method = raw.get("method", raw.get("Method"))
    return "safe" if isinstance(method, str) and method.upper() in SAFE else "never"


def form_bytes(form: dict[str, Any]) -> tuple[bytes, str]:
    """Return a form as it is sent, and its content type.

    Raises:
        Refused: a value is an object.
    """
    return query_text(form.items(), keep_null=True).encode(), "application/x-www-form-urlencoded"


def body_bytes(request: RestRequest, *, json: bool) -> tuple[bytes | None, str]:
    """Return the body of a request and its content type; no bytes where it has none.

    Args:
        request: the request.
        json: whether a text that is no JSON is a JSON value too.

    Raises:
        Refused: a text begins like JSON and is none, or a value has no form in which it could be sent.
    """
    if request.form is not None:
        return form_bytes(request.form)
    if request.data is None:
        return None, ""
    if not isinstance(request.data, str) or (json and not begins_like_json(request.data)):
        return json_bytes(request.data), "application/json"
    return raw_text(request.data, request.headers, form=False)


async def exchange(context: Context, request: RestRequest, defaults: dict[str, str], *, json: bool) -> RestAnswer:
    """Send a request and return its answer, whatever its status.

    Args:
        context: the attempt's surroundings.
        request: what is sent, and where.
        defaults: headers where the author's do not say otherwise.
        json: whether the body is JSON even where it is a plain text.

    Raises:
        ActionError: nothing was answered, or the answer is too large.
    """
    if request.timeout is not None:
        context = replace(context, timeout=min(context.timeout, request.timeout / 1000))
    content, content_type = body_bytes(request, json=json)
    if content is not None and request.method in READS:
        raise Refused(f"A {request.method} has no body: leave out `data` and `form`, or use another method.")
    uri, query = request.uri.partition("#")[0], query_text(request.qs.items())
    if query:
        uri += ("&" if "?" in uri else "?") + query
    reads = request.method in READS
    response = await context.request(
        request.method,
        uri,
        headers=completed(request.headers, defaults if content is None else {**defaults, "Content-Type": content_type}),
        content=content,
        redirects=MOST_REDIRECTS if reads else 0,
        effect=not reads,
    )
    answer = await kept(response, read=True)
    whole = ApiResponse(status_code=answer.status, headers=answer.headers, body=answer.body)
    return RestAnswer(body=answer.body, response=whole).warn(*answer.warnings)
