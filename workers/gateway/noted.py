"""What is known of a request besides its answer: for the metrics and its line in the log, never what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web


@dataclass(slots=True)
class RequestNotes:
    """What a door has learned of a request.

    Attributes:
        source: whose events it brings, as the file names it; `events` for CloudEvents.
        events: ids of the events that it brings.
        decision: what became of the decision that it brings, as a run answers.
    """

    source: str | None = None
    events: Sequence[str] = ()
    decision: str | None = None


NOTED = web.RequestKey("noted", RequestNotes)


def noted(request: web.Request) -> RequestNotes:
    """Return what is known of a request so far, to add to it."""
    if NOTED not in request:
        request[NOTED] = RequestNotes()
    return request[NOTED]
