"""What automations remember over their runs, in a rehearsal: a store in memory, on the virtual clock.

A key is one value here, whether an automation keeps it for itself or shares it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from activities.action import Action
from activities.errors import Refused
from activities.values import ACTIONS
from trunkline.keyed import Change, LastingValue, RecallAnswer, RememberAnswer
from workflows.keyed.remembering import ChangeError, at, recalled, remembered

ALREADY = timedelta(days=366 * 11)
"""How long lasts what a case begins with: longer than any run."""


def keeps(action: Action) -> bool:
    """Say whether an action only asks for kept values, so that no receiver has to answer."""
    return action.name in {one.name for one in ACTIONS}


class RehearsedValues:
    """Kept values of one rehearsal (see `activities.kept_values.KeptValues`).

    Args:
        now: returns the virtual instant.
        before: what is there when the event arrives, by key.

    Attributes:
        owners: whose value each key is that was asked for; None where it is shared.
    """

    def __init__(self, now: Callable[[], datetime], before: Mapping[str, Any]) -> None:
        self._now = now
        until = (now() + ALREADY).isoformat()
        self._kept = {key: LastingValue(value=copy.deepcopy(value), until=until) for key, value in before.items()}
        self._answers: dict[tuple[str, str], RememberAnswer] = {}
        self.owners: dict[str, str | None] = {}

    async def remember(self, automation: str | None, key: str, change: Change) -> RememberAnswer:
        """Change the value under a key, once for each step."""
        self.owners[key] = automation
        place = (key, change["step"])
        if place not in self._answers:
            try:
                self._kept[key], self._answers[place] = remembered(self._kept.get(key), change, self._now())
            except ChangeError as error:
                raise Refused(str(error)) from None
        return self._answers[place]

    async def recall(self, automation: str | None, key: str) -> RecallAnswer:
        """Return what is under a key."""
        self.owners[key] = automation
        return recalled(self._kept.get(key), self._now())

    def all(self, now: datetime) -> dict[str, Any]:
        """Return every value that is there at an instant, by key."""
        return {key: kept["value"] for key, kept in self._kept.items() if at(kept, now) is not None}
