"""`trunkline stop`: the failure of a step stands, and its path ends."""

from __future__ import annotations

from workers.cli.deciding import send
from workers.cli.options import PLAIN, Said


def stop(run: str, hold: str, /, *, said: Said = PLAIN) -> int:
    """End a step that failed and is held as failed, and with it its path; other paths go on.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        said: who decides, and why.
    """
    return send(run, said.decision("stop", hold), json=said.json)
