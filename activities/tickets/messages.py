"""Notes and replies: which message of a helpdesk's is the step's, and how one is added and looked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from activities.markup import text_of_html
from activities.tickets.helpdesk import HelpdeskMessage, PostedMessage

CLOCKS = timedelta(minutes=1)
"""How far the helpdesk's clock may be behind ours, where a message is known by its content and not by its key."""


def ours(posted: Iterable[PostedMessage], message: HelpdeskMessage, key: str, since: datetime) -> list[PostedMessage]:
    """Return the messages that are the step's: those with its key, or of its words since then where none is shown.

    Args:
        posted: messages of the ticket.
        message: what the step adds.
        key: the step's idempotency key.
        since: when the step was first sent.
    """
    return [one for one in posted if (one.key == key if one.key is not None else _alike(one, message, since))]


def _alike(posted: PostedMessage, message: HelpdeskMessage, since: datetime) -> bool:
    at = posted.at if posted.at.tzinfo else posted.at.replace(tzinfo=UTC)
    if posted.public != message.public or at < since - CLOCKS:
        return False
    return _words(posted.html) == _words(message.html)


def _words(html: str) -> Sequence[str]:
    return text_of_html(html).split()
