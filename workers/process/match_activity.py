"""The local activity by which a dispatched event asks its worker what it starts, and whether any run waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import activity

from trunkline.wire import MATCH, EventMatches, MatchAnswer
from workers.definitions.automations import Automations
from workers.definitions.matching import Match, worth_keeping


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
        if not self.automations.concerns(event["type"]):
            return {"matches": [], "awaited": await self.awaited(event["type"])}
        matches = self.automations.aside(lambda: list(map(_answer, worth_keeping(self.automations.matching(event)))))
        found, awaited = await asyncio.gather(matches, self.awaited(event["type"]))
        return {"matches": found, "awaited": awaited}


def _answer(match: Match) -> MatchAnswer:
    answer: MatchAnswer = {"automation": match.automation, "matches": match.matches, "reason": match.reason}
    if match.once is not None:
        answer["once"] = match.once
    if match.priority:
        answer["priority"] = match.priority
    if match.admission is not None:
        answer["admission"] = match.admission
    return answer
