"""What single kinds of steps say in a plan."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from trunkline.wire import HoursPlan


class UntilPlan(TypedDict):
    """Until when a step waits: an instant as a template, or, where it has `hours`, their next opening."""

    until: str
    hours: NotRequired[HoursPlan]


class EventWaitPlan(TypedDict):
    """The event that a step waits for; times in milliseconds.

    Attributes:
        event: its type, or the beginning of types (`ticket.*`).
        where: what must hold for it.
        atMost: how long it is waited for.
        since: `step` or `start`: from when on events count.
    """

    event: str
    where: dict[str, Any]
    atMost: int
    since: str


class RepeatPlan(TypedDict):
    """How a block is repeated; times in milliseconds.

    Attributes:
        until: what must hold for it to end.
        every: the first pause between two passes.
        atMost: when no further pass begins, since the step began.
        backoff: by how much each pause is longer than the one before.
        maxPasses: most passes.
    """

    until: dict[str, Any]
    every: int
    atMost: int
    backoff: float
    maxPasses: int
