"""What a service answered, as the result of a step."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from activities.bounds import cut
from activities.errors import OutcomeUnknown, ResultTooLarge
from activities.http_client.charset import text_of
from activities.http_client.json_text import calls_itself_json
from activities.http_client.statuses import SUCCESS

if TYPE_CHECKING:
    from activities.http_client.message import Response

LONGEST_HEADER = 2_000

NOT_KEPT = frozenset({"set-cookie", "content-length", "connection", "keep-alive", "transfer-encoding"})
WITHOUT_BODY = frozenset((204, 205, 304))


def headers_of(answer: Response) -> dict[str, str]:
    """Return the headers that are kept."""
    return {name: cut(value, LONGEST_HEADER) for name, value in answer.headers.items() if name not in NOT_KEPT}


def body_of(answer: Response, vendor: str) -> Any:
    """Return an answer's body: JSON parsed, else its text; bytes that are no text as `{base64}`, null for none.

    Raises:
        OutcomeUnknown: it calls itself JSON and is none, so that nobody knows what the service did.
        ResultTooLarge: it broke off.
    """
    if answer.status in WITHOUT_BODY or not answer.body:
        return None
    if not answer.complete:
        raise ResultTooLarge(
            f"{vendor} answered {answer.status}, but the answer was too large or broke off.", status=answer.status
        )
    claims = calls_itself_json(answer.headers)
    if claims or not answer.headers.get("content-type"):
        try:
            return answer.parsed().value
        except ValueError:
            if claims and not answer.body.strip():
                return None
            if claims and answer.status in SUCCESS:
                raise OutcomeUnknown(
                    f"{vendor} answered {answer.status} with something that calls itself JSON and is none; whether the "
                    "request had its effect is not known.",
                    status=answer.status,
                ) from None
    try:
        return text_of(answer.headers, answer.body, json=claims)
    except UnicodeError:
        return {"base64": b64encode(answer.body).decode()}
