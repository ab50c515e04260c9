"""`trunkline skip`: a run goes on without a step that failed."""

from __future__ import annotations

from workers.cli.bulk import decide_one_or_all
from workers.cli.options import ONE, PLAIN, Bulk, Said


def skip(
    run: str | None = None,
    hold: str | None = None,
    /,
    *,
    said: Said = PLAIN,
    bulk: Bulk = ONE,
) -> int:
    """Go on without a step that failed and is held, or with --all without many.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        said: who decides, and why.
        bulk: many holds instead of one.
    """
    return decide_one_or_all(run, hold, bulk, said.decision("skip", hold), json=said.json)
