"""How often a run was reset, known before anything else of the task to which it was reset."""

from __future__ import annotations

from typing import Any

from workflows import host

RESETS = "trunkline:resets"
"""The name under which `workers/process/replay_clock.py` tells a run how often it was reset."""


RESET_NOW = "trunkline:reset_now"
"""The name under which it tells a run whether that was in the task that runs now."""

RESET_UNSEEN = "trunkline:reset_unseen"
"""The name under which it tells a run whether it was reset to a task that it has not seen yet."""


def resets() -> int:
    """Return how often this run was reset up to here, the same in every replay.

    Temporal gives a run a new random seed where it was reset, but the SDK applies it after signals and updates, which
    may send; and the run's own id is another one in a replay of its history alone.
    """
    return int(_extern(RESETS))


def reset_now() -> bool:
    """Say whether this run was reset to the very task that it carries out now, the same in every replay."""
    return bool(_extern(RESET_NOW))


def reset_unseen() -> bool:
    """Say whether this run was reset and goes on without having been told.

    It is another answer in a replay: only what no replay compares may depend on it, as arguments do.
    """
    return bool(_extern(RESET_UNSEEN))


def sending_run() -> str:
    """Return the id by which the activity of a step that must not be repeated knows that its run was not reset."""
    return "" if reset_unseen() else host.info().run_id


def _extern(name: str) -> Any:
    tell = host.extern_functions().get(name)
    if tell is None:
        raise AssertionError("Whatever replays runs needs the plugin `workers.process.replay_clock.ReplayClock`.")
    return tell()
