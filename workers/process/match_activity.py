"""The local activity by which a dispatched event asks its worker what it starts, and whether any run waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from temporalio import activity

from trunkline.wire import MATCH, EventMatches, MatchAnswer
from workers.definitions.automations import Automations
from workers.definitions.matching import Match

NOT_STARTED = 100
"""Most automations of which an event's history says why they are not started; `trunkline explain` says all."""


class MatchActivity:
    """Looks an event up.

    Args:
        automations: the worker's definitions.
        awaited: says whether any run may wait for events of a type.
    """

    def __init__(self, automations: Automations, awaited: Callable[[str], Awaitable[bool]]) -> None:
        self.automations = automations
        self.awaited = awaited

    @activity.defn(name=MATCH)
    async def match(self, event: dict[str, Any]) -> EventMatches:
        """Return what an event starts, why it does not start others of its type, and whether any run may wait."""
        matches = self.automations.aside(lambda: list(map(_told, _bounded(self.automations.matching(event)))))
        found, awaited = await asyncio.gather(matches, self.awaited(event["type"]))
        return {"matches": found, "awaited": awaited}


def _bounded(matches: Iterable[Match]) -> Iterator[Match]:
    """Leave out what an event does not start, behind the first ones: a history has an end."""
    left = NOT_STARTED
    for match in matches:
        left -= not match.matches
        if match.matches or left >= 0:
            yield match


def _told(match: Match) -> MatchAnswer:
    answer: MatchAnswer = {"automation": match.automation, "matches": match.matches, "reason": match.reason}
    if match.once is not None:
        answer["once"] = match.once
    if match.priority:
        answer["priority"] = match.priority
    if match.admission is not None:
        answer["admission"] = match.admission
    return answer
