"""How an answer that is no success is sorted by its status, and what of its text a person may read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from activities.cut import cut
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.retry_after import retry_after

if TYPE_CHECKING:
    from activities.network import Response

SUCCESS = range(200, 300)

NOT_TAKEN_UP = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))
"""Statuses that say that the request was not carried out, and may be sent again later."""

UNPRINTABLE = re.compile(r"[^\S ]+|[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
EXCERPT = 200


def failure(sentence: str, status: int, headers: Mapping[str, str]) -> ActionError:
    """Return the error for an answer whose status is no success.

    408, 425, 429, and 503 that says when to come back, had no effect and may succeed later; any other 5xx may have had
    an effect; everything else will never succeed.
    """
    wait = retry_after(headers)
    if status in NOT_TAKEN_UP or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        return Unavailable(sentence, retry_after=wait, status=status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknown(sentence, status=status)
    return Refused(sentence, status=status)


def unexpected(response: Response) -> ActionError:
    """Return the error for an answer that is not the one that was needed, with the beginning of what the server says.

    A success that is not the right one had some effect, so that its outcome is unknown.
    """
    said = excerpt(response)
    sentence = f"The server answered with status {response.status}" + (f": {said}" if said else ".")
    if response.status in SUCCESS:
        return OutcomeUnknown(sentence, status=response.status)
    return failure(sentence, response.status, response.headers)


def excerpt(response: Response) -> str:
    """Return the beginning of an answer's text on one line, without anything that could garble a terminal or a page."""
    if response.headers.get("content-type", "").partition("/")[0] in ("image", "audio", "video", "font"):
        return ""
    return one_line(response.body[: EXCERPT * 8].decode("utf-8", "replace"))


def one_line(text: str, at_most: int = EXCERPT) -> str:
    """Return the beginning of a server's text on one line of printable characters."""
    return cut(" ".join(UNPRINTABLE.sub(" ", text).split()), at_most)
