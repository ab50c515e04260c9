"""How an answer that is no success is sorted by its status, and what of its text a person may read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from activities.bounds import cut, without_secrets
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.charset import text_of
from activities.http_client.retry_after import retry_after

SUCCESS = range(200, 300)

NOT_TAKEN_UP = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))
"""Statuses that say that the request was not carried out, and may be sent again later."""

UNPRINTABLE = re.compile(r"[^\S ]+|[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
EXCERPT = 200
LONGEST_SENTENCE = 500

ACTED = "trunkline.acted"
"""Extension of an answer: whether its attempt had sent something by then that may have had an effect."""

OF_HTTPX: Mapping[str, type[ActionError]] = {
    "InvalidURL": Refused,
    "UnsupportedProtocol": Refused,
    "DecodingError": OutcomeUnknown,
    "RemoteProtocolError": OutcomeUnknown,
    "TooManyRedirects": OutcomeUnknown,
}
"""Exceptions that httpx raises around its transport: before anything was sent, or after an answer."""


def failure(sentence: str, status: int, headers: Mapping[str, str]) -> ActionError:
    """Return the error for an answer whose status is no success.

    408, 425, 429, and 503 that says when to come back, had no effect and may succeed later; any other 5xx may have had
    an effect, and so may one that is no answer at all (below 200); everything else will never succeed.
    """
    wait = retry_after(headers)
    if status in NOT_TAKEN_UP or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        return Unavailable(sentence, retry_after=wait, status=status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.OK:
        return OutcomeUnknown(sentence, status=status)
    return Refused(sentence, status=status)


def meaning(error: BaseException) -> ActionError | None:
    """Return the error of ours that an exception stands for, or None where it stands for none.

    That is the exception itself, what caused it (SDKs wrap what their transport raises), or what the status means of an
    answer that it carries, as the exceptions of httpx and of SDKs on it do.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        found = current if isinstance(current, ActionError) else _answered(current) or _of_httpx(current)
        if found is not None:
            return found
        current = current.__cause__
    return None


def _answered(error: BaseException) -> ActionError | None:
    response = getattr(error, "response", None)
    status, headers = getattr(response, "status_code", None), getattr(response, "headers", None)
    if not isinstance(status, int) or not isinstance(headers, Mapping):
        return None
    sentence = one_line(str(error), LONGEST_SENTENCE) or f"The server answered with status {status}."
    if status in SUCCESS:
        return OutcomeUnknown(sentence, status=status)
    found = failure(sentence, status, {str(name).lower(): str(value) for name, value in headers.items()})
    extensions = getattr(response, "extensions", None)
    if isinstance(found, Unavailable) and isinstance(extensions, Mapping) and extensions.get(ACTED):
        return OutcomeUnknown(f"An earlier request of the same attempt was carried out; then: {sentence}")
    return found


def _of_httpx(error: BaseException) -> ActionError | None:
    kind = type(error)
    if kind.__module__.partition(".")[0] not in {"httpx", "httpx2"}:
        return None
    made = OF_HTTPX.get(kind.__name__)
    return made(one_line(f"{kind.__name__}: {error}", LONGEST_SENTENCE)) if made else None


def unexpected(status: int, headers: Mapping[str, str], body: bytes) -> ActionError:
    """Return the error for an answer that is not the one that was needed, with the beginning of what the server says.

    A success that is not the right one had some effect, so that its outcome is unknown.
    """
    reason = excerpt(headers, body)
    sentence = f"The server answered with status {status}" + (f": {reason}" if reason else ".")
    if status in SUCCESS:
        return OutcomeUnknown(sentence, status=status)
    return failure(sentence, status, headers)


def excerpt(headers: Mapping[str, str], body: bytes) -> str:
    """Return the beginning of an answer's text on one line, without anything that could garble a terminal or a page."""
    if headers.get("content-type", "").partition("/")[0] in ("image", "audio", "video", "font"):
        return ""
    return one_line(text_of(headers, body, errors="replace"))


def one_line(text: str, at_most: int = EXCERPT) -> str:
    """Return the beginning of a server's text on one line of printable characters."""
    return cut(" ".join(UNPRINTABLE.sub(" ", without_secrets(text)).split()), at_most)
