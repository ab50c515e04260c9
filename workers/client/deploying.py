"""What a folder of automations wants of Temporal's schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.client.schedules import Wishes
from workers.definitions.automations import Automations, UnsettledError
from workers.errors import TrunklineError

if TYPE_CHECKING:
    from workers.definitions.model.schedule import Schedule


def wishes_of(automations: Automations) -> Wishes:
    """Return what the definitions of a folder say about schedules, and of which automations it cannot be said.

    Raises:
        TrunklineError: the folder cannot be read.
    """
    try:
        bad, nameless = automations.unknown()
    except UnsettledError as error:
        raise TrunklineError(str(error)) from None
    wanted: dict[str, Schedule] = {
        one.name: one.schedule for one in automations.loaded() if one.schedule is not None and one.live
    }
    return Wishes(schedules=wanted, bad=bad, nameless=tuple(nameless))
