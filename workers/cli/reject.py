"""`trunkline reject`: a held step must not happen."""

from __future__ import annotations

from workers.cli.decide import send


def reject(  # noqa: PLR0913 - a command has as many parameters as it has options
    run: str,
    hold: str,
    /,
    *,
    reason: str,
    by: str | None = None,
    digest: str | None = None,
    json: bool = False,
) -> int:
    """Refuse a step that is held for approval; the rest of its path does not happen.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        reason: why, for the report.
        by: who refuses; by default TRUNKLINE_USER.
        digest: digest of the request that you saw; the refusal counts only if it is still that one.
        json: print what became of it as JSON, for scripts.
    """
    return send(run, {"hold": hold, "decision": "reject", "by": by, "reason": reason, "digest": digest}, json=json)
