"""`trunkline reject`: a held step must not happen."""

from __future__ import annotations

from workers.cli.bulk import decide_one_or_all
from workers.cli.options import ONE, Bulk, SaidWithReason


def reject(
    run: str | None = None,
    hold: str | None = None,
    /,
    *,
    said: SaidWithReason,
    bulk: Bulk = ONE,
) -> int:
    """Refuse a step that is held for approval, or with --all many; the rest of its path does not happen.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        said: who decides, and why.
        bulk: many holds instead of one.
    """
    return decide_one_or_all(run, hold, bulk, said.decision("reject", hold), json=said.json)
