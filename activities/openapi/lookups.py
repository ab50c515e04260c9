"""Looking for what became of a request: by the step's key where its service shows it, else by what was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from activities.openapi.operation import Operation

Read = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Reads (path, query) of the service: the JSON of the answer.

It raises what `Service.call` raises.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownRequest:
    """A request whose outcome nobody knows.

    Attributes:
        operation: the operation.
        values: what was sent, by the names of parameters and of members of the body.
        path: where it was sent, below the service's address, encoded; without a query.
        key: the step's idempotency key.
        since: when the step was first sent, by Temporal's clock.
        read: asks the service.
    """

    operation: Operation
    values: Mapping[str, Any] = field(repr=False)
    path: str
    key: str
    since: datetime
    read: Read = field(repr=False)

    def after(self, moment: datetime, clocks: timedelta) -> bool:
        """Say whether something of this moment may be the step's.

        Args:
            moment: when it was made, by the service's clock.
            clocks: how far that clock may be behind.
        """
        return moment >= self.since - clocks


def _by_its_key(_body: Any) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """How a service is asked what became of one of its operations.

    What it finds was carried out for certain; where it finds nothing, nobody knows more than before.

    Attributes:
        find: returns the body of every answer that would be the step's.
        identity: what tells a body from any other of the service's; None of all where they are found by the key.
        status: the status of the operation's success.
    """

    find: Callable[[UnknownRequest], Awaitable[list[Any]]]
    identity: Callable[[Any], str | None] = _by_its_key
    status: int = 200
