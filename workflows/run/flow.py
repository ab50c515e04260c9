"""How a step or block ended, and what that means for what comes after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trunkline.wire import Flow, Status

STATUS: Mapping[Flow, Status] = {
    "done": "succeeded",
    "stopped": "succeeded",
    "failed": "failed",
    "rejected": "rejected",
    "halted": "canceled",
}
"""The status of a container whose inside ended so."""

GRAVITY: tuple[Flow, ...] = ("halted", "failed", "rejected", "stopped")


def gravest(flows: Iterable[Flow]) -> Flow:
    """Return how things that ran side by side ended as a whole."""
    found = list(flows)
    return next((flow for flow in GRAVITY if flow in found), "done")
