"""What an HTTP API answered: the result of a step, or the error that its status means."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import Field

from activities.action import Result
from activities.bounds import cut
from activities.errors import OutcomeUnknown, ResultTooLarge
from activities.http_client.statuses import SUCCESS, excerpt, unexpected
from trunkline.wire import DEEPEST, nests_deeper

if TYPE_CHECKING:
    from activities.http_client.message import Response

JSON_TYPE = re.compile(r"(application|text)/([^;]*\+)?json", re.IGNORECASE)
CHARSET = re.compile(r"charset=\"?(utf-8|us-ascii|iso-8859-1|iso-8859-15|windows-1252|utf-16)\b", re.IGNORECASE)
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

LONGEST_HEADER = 2_000

NOT_KEPT = frozenset({"set-cookie", "content-length", "connection", "keep-alive", "transfer-encoding"})


class HttpAnswer(Result):
    """What the server answered."""

    status: int = Field(description="HTTP status, such as 200.")
    headers: dict[str, str] = Field(
        description="Headers by lower-case name, each cut at 2,000 characters; without cookies and those of the "
        "connection itself (content-length, …)."
    )
    body: Any = Field(
        default=None,
        description="Parsed where it is JSON, else its text; null where it is empty or was not wanted. "
        'Bytes that are no text are `{"base64": "…"}`.',
    )


def succeeded(response: Response, accept: Iterable[int], *, read: bool, strict: bool) -> HttpAnswer:
    """Return an answer as a result.

    Args:
        response: what the server answered.
        accept: statuses outside 2xx that are results too.
        read: whether the body is wanted.
        strict: whether a body that claims to be JSON and is not makes the outcome unknown; else it is kept as text.

    Raises:
        Refused: the status says that the request will never succeed.
        Unavailable: it says that the request was not taken up.
        OutcomeUnknown: it says neither, or the answer cannot be read.
        ResultTooLarge: the answer cannot be kept.
    """
    if response.status not in SUCCESS and response.status not in accept:
        raise unexpected(response.status, response.headers, response.body)
    if not response.complete and read:
        raise ResultTooLarge(
            f"The request was answered with status {response.status}, but the answer was too large or broke off.",
            status=response.status,
        )
    headers = {name: cut(value, LONGEST_HEADER) for name, value in response.headers.items() if name not in NOT_KEPT}
    return HttpAnswer(status=response.status, headers=headers, body=content(response, strict=strict) if read else None)


def content(response: Response, *, strict: bool) -> Any:
    """Return an answer's body as a value.

    Raises:
        OutcomeUnknown: it claims to be JSON and is not, and `strict`.
        ResultTooLarge: it is JSON and nests too deeply.
    """
    if not response.body:
        return None
    kind = response.headers.get("content-type", "")
    if not kind or JSON_TYPE.match(kind.strip()):
        try:
            return parsed(response.body)
        except (ValueError, RecursionError):
            if kind and strict:
                raise OutcomeUnknown(
                    f"The server answered with status {response.status} and a body that should be JSON but is not: "
                    f"{excerpt(response.headers, response.body)}",
                    status=response.status,
                ) from None
    charset = CHARSET.search(kind)
    try:
        return response.body.decode(charset[1] if charset else "utf-8")
    except UnicodeDecodeError:
        return {"base64": b64encode(response.body).decode()}


def parsed(body: bytes) -> Any:
    """Return the value of a JSON text, as strictly as the standard: no NaN, no infinity, no endless integers.

    Raises:
        ValueError: it is no such text.
        RecursionError: it nests deeper than the parser can follow.
        ResultTooLarge: it nests too deeply to be kept.
    """
    value = json.loads(body.decode("utf-8-sig"), parse_constant=not_json, parse_float=finite)
    if body.count(b"[") + body.count(b"{") > DEEPEST and nests_deeper(value, DEEPEST):
        raise ResultTooLarge(f"The request was carried out, but its answer nests deeper than {DEEPEST} levels.")
    return whole_characters(value) if SURROGATE.search(body) else value


def not_json(constant: str) -> NoReturn:
    """Refuse a constant that JSON does not have.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"JSON has no {constant}.")


def finite(written: str) -> float:
    """Return a number that a double can hold.

    Raises:
        ValueError: it is too large.
    """
    value = float(written)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{cut(written, 40)} is too large a number.")
    return value


def whole_characters(value: Any) -> Any:
    """Return a value whose texts have U+FFFD for every half of a character, which no JSON in UTF-8 can hold."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {whole_characters(key): whole_characters(item) for key, item in value.items()}
        case list():
            return [whole_characters(item) for item in value]
    return value
