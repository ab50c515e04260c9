"""How often a run was reset, known before anything else of the task to which it was reset."""

from __future__ import annotations

from temporalio import workflow

RESETS = "trunkline:resets"
"""The name under which `workers/process/replay_clock.py` tells a run how often it was reset."""


def resets() -> int:
    """Return how often this run was reset up to here, the same in every replay.

    Temporal gives a run a new random seed where it was reset, but the SDK applies it after signals and updates, which
    may send; and the run's own id is another one in a replay of its history alone.
    """
    count = workflow.extern_functions().get(RESETS)
    if count is None:
        raise AssertionError("Whatever replays runs needs the plugin `workers.process.replay_clock.ReplayClock`.")
    return int(count())
