"""How a vendor's answer that is a failure is sorted by its status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.retry_after import retry_after

NOT_TAKEN_UP = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))
"""Statuses that say that the request was not carried out, and may be sent again later."""


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
