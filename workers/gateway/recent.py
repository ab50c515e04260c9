"""What Temporal has said lately of the events of batches, so that one that is sent again goes on where it was left.

It is a hint of this process alone: what has been forgotten is asked again.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

REMEMBERED = 60.0
"""Seconds: senders whose batch was answered with 503 have tried again by then."""

MOST = 50_000


class RecentEvents:
    """Events whose ids are no other source's, and which of them Temporal holds."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], tuple[float, bool]] = OrderedDict()

    def note(self, event: Mapping[str, Any], *, held: bool) -> None:
        """Note that an event's id is no other source's, and whether Temporal holds the event."""
        key = (event["id"], event["source"])
        self._held[key] = (time.monotonic() + REMEMBERED, held)
        self._held.move_to_end(key)
        if len(self._held) > MOST:
            self._held.popitem(last=False)

    def is_checked(self, event: Mapping[str, Any]) -> bool:
        """Say whether an event's id was no other source's lately."""
        return self._found(event) is not None

    def is_held(self, event: Mapping[str, Any]) -> bool:
        """Say whether Temporal held an event lately."""
        return self._found(event) is True

    def _found(self, event: Mapping[str, Any]) -> bool | None:
        until, held = self._held.get((event["id"], event["source"]), (0.0, False))
        return held if time.monotonic() < until else None
