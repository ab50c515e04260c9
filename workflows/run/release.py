"""What becomes of a run when another version of its worker is released."""

from __future__ import annotations

from workflows import host
from workflows.plan import Plan

STAY = "trunkline:stay"
"""The name under which `workers/process/replay_clock.py` lets a run stay on the version of its worker."""


def settle_version(plan: Plan) -> None:
    """Let a run whose plan says so stay on the version of the worker that gave it the plan.

    It is settled in the task in which the plan arrives, so that a run which has not begun moves, and does so again in
    every replay: the plan is written down.
    """
    stay = host.extern_functions().get(STAY)
    if stay is not None and plan.get("onRelease") == "stay":
        stay()
