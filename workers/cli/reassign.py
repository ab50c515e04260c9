"""`trunkline reassign`: other people decide about a held step."""

from __future__ import annotations

from workers.cli.deciding import send
from workers.cli.options import PLAIN, Said
from workers.errors import Usage


def reassign(run: str, hold: str, /, *who: str, said: Said = PLAIN) -> int:
    """Let other people decide about a step that waits, instead of those who may now.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        who: people and groups (`group:finance`) who decide from now on.
        said: who says so (one of the operators, where some are named), and why.
    """
    if not who:
        raise Usage("Say who decides from now on: trunkline reassign RUN HOLD ann@example.com group:finance")
    return send(run, said.decision("reassign", hold, approvers=list(who)), json=said.json)
