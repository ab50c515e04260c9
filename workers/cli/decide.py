"""`trunkline decide`: any decision about a step that waits for a person, by its name."""

from __future__ import annotations

from typing import Literal

from workers.cli.deciding import send
from workers.cli.options import PLAIN, Said

Decision = Literal["approve", "reject", "retry", "skip", "stop"]


def decide(run: str, hold: str, decision: Decision, /, *, said: Said = PLAIN) -> int:
    """Decide about a step that waits, naming the decision, for scripts; each decision is a command of its own, too.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        decision: what shall happen.
        said: who decides, and why.
    """
    return send(run, said.decision(decision, hold), json=said.json)
