"""`trunkline approve`: a held step may go on."""

from __future__ import annotations

from workers.cli.bulk import decide_one_or_all
from workers.cli.options import ONE, PLAIN, Bulk, Said


def approve(
    run: str | None = None,
    hold: str | None = None,
    /,
    *,
    said: Said = PLAIN,
    bulk: Bulk = ONE,
) -> int:
    """Release a step that is held for approval, or with --all many of them.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        said: who decides, and why.
        bulk: many holds instead of one.
    """
    return decide_one_or_all(run, hold, bulk, said.decision("approve", hold), json=said.json)
