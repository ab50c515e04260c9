"""`trunkline approve`: a held step may go on."""

from __future__ import annotations

from workers.cli.decide import send


def approve(  # noqa: PLR0913 - a command has as many parameters as it has options
    run: str,
    hold: str,
    /,
    *,
    by: str | None = None,
    reason: str | None = None,
    digest: str | None = None,
    json: bool = False,
) -> int:
    """Release a step that is held for approval.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        by: who approves; by default TRUNKLINE_USER.
        reason: why, for the report.
        digest: digest of the request that you saw; the approval counts only if it is still that one.
        json: print what became of it as JSON, for scripts.
    """
    return send(run, {"hold": hold, "decision": "approve", "by": by, "reason": reason, "digest": digest}, json=json)
