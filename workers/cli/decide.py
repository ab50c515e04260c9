"""`trunkline decide`: any decision about a step that waits for a person."""

from __future__ import annotations

import asyncio
from typing import Literal

from rich.markup import escape

from workers.cli.screen import console, print_json
from workers.failures import Usage

Decision = Literal["approve", "reject", "retry", "skip", "stop"]


def decide(  # noqa: PLR0913 - a command has as many parameters as it has options
    run: str,
    hold: str,
    decision: Decision,
    /,
    *,
    by: str | None = None,
    reason: str | None = None,
    digest: str | None = None,
    json: bool = False,
) -> int:
    """Decide about a step that waits: approve or reject it, or after a failure retry it, skip it, or stop its path.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        decision: what shall happen.
        by: who decides; by default TRUNKLINE_USER.
        reason: why, for the report.
        digest: digest of the request that you saw; the decision counts only if it is still that one.
        json: print what became of it as JSON, for scripts.
    """
    return send(run, {"hold": hold, "decision": decision, "by": by, "reason": reason, "digest": digest}, json=json)


def send(run: str, decision: dict[str, str | None], *, json: bool) -> int:
    """Send a decision, say what became of it, and return the exit code."""
    return asyncio.run(_send(run, decision, json=json))


async def _send(run: str, decision: dict[str, str | None], *, json: bool) -> int:
    from workers import runs
    from workers.client import connect
    from workers.settings import Settings

    settings = Settings.from_environment()
    by = decision["by"] or settings.user
    if not by:
        raise Usage("Say who decides: --by NAME, or TRUNKLINE_USER in the environment.")
    said = {key: value for key, value in {**decision, "by": by}.items() if value is not None}
    answer = await runs.decide(await connect(settings), run, said)
    if json:
        print_json({"result": answer.result, "message": answer.message})
    else:
        console(stderr=not answer.accepted).print(escape(answer.message))
    return 0 if answer.accepted else 1
