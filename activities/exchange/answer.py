"""What an HTTP API answered: the result of a step, or the error that its status means."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from activities.action import Result
from activities.bounds import cut
from activities.errors import ResultTooLarge
from activities.exchange.headers import RecordedHeaders
from activities.http_client.charset import text_of
from activities.http_client.json_text import LARGE, JsonAnswer, calls_itself_json
from activities.http_client.statuses import SUCCESS, unexpected

if TYPE_CHECKING:
    from activities.http_client.message import Response

LONGEST_HEADER = 2_000

NOT_KEPT = frozenset({"set-cookie", "content-length", "connection", "keep-alive", "transfer-encoding"})


class HttpAnswer(Result):
    """What the server answered."""

    status: int = Field(description="HTTP status, such as 200.")
    headers: RecordedHeaders = Field(
        description="Headers by lower-case name, each cut at 2,000 characters: `location`, `link`, `etag`, "
        "`retry-after`, names that end in `request-id`, and those that the automation uses. Never cookies."
    )
    body: Any = Field(
        default=None,
        description="Parsed where it is JSON, else its text, with a warning where it calls itself JSON; null where it "
        "is empty or was not wanted. "
        'Bytes that are no text are `{"base64": "…"}`.',
    )


async def succeeded(response: Response, accept: Iterable[int], *, read: bool) -> HttpAnswer:
    """Return an answer as a result.

    Args:
        response: what the server answered.
        accept: statuses outside 2xx that are results too.
        read: whether the body is wanted.

    Raises:
        Refused: the status says that the request will never succeed.
        Unavailable: it says that the request was not taken up.
        OutcomeUnknown: it says neither.
        ResultTooLarge: the answer cannot be kept.
    """
    if response.status not in SUCCESS and response.status not in accept:
        raise unexpected(response.status, response.headers, response.body)
    return await kept(response, read=read)


async def kept(response: Response, *, read: bool) -> HttpAnswer:
    """Return an answer as a result, whatever its status.

    Raises:
        ResultTooLarge: the answer cannot be kept.
    """
    if not response.complete and read:
        raise ResultTooLarge(
            f"The request was answered with status {response.status}, but the answer was too large or broke off.",
            status=response.status,
        )
    headers = {name: cut(value, LONGEST_HEADER) for name, value in response.headers.items() if name not in NOT_KEPT}
    found = JsonAnswer(None)
    if read and response.body:
        found = await asyncio.to_thread(content, response) if len(response.body) > LARGE else content(response)
    return HttpAnswer(status=response.status, headers=headers, body=found.value).warn(*found.warnings)


def content(response: Response) -> JsonAnswer:
    """Return an answer's body as a value: JSON where it is, else its text; and what is odd about it.

    Raises:
        ResultTooLarge: it is JSON and nests too deeply, or holds too many values.
    """
    claims = calls_itself_json(response.headers)
    warnings: tuple[str, ...] = ()
    if claims or not response.headers.get("content-type"):
        try:
            return response.parsed()
        except ValueError as error:
            if not response.body.strip():
                return JsonAnswer(None)
            if claims:
                warnings = (f"The answer calls itself JSON and is none ({_why(error)}): its body is kept as text.",)
    try:
        return JsonAnswer(text_of(response.headers, response.body, json=claims), warnings)
    except UnicodeError:
        return JsonAnswer(
            {"base64": b64encode(response.body).decode()}, tuple(w.replace("text", "base64") for w in warnings)
        )


def _why(error: ValueError) -> str:
    return "it is not written in its charset" if isinstance(error, UnicodeError) else str(error)
