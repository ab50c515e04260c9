"""`trunkline supply`: a person gives the result that a failed step did not get."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from workers.cli.deciding import send
from workers.cli.inputs import JsonOrFile, read_json
from workers.cli.options import PLAIN, Said


def supply(
    run: str, hold: str, result: Annotated[JsonOrFile, Parameter(name="RESULT")], /, *, said: Said = PLAIN
) -> int:
    """Give the result of a step that failed and is held: it counts as succeeded, and the run goes on with it.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        result: JSON file, `-` for standard input, or the JSON itself: what the action would have returned.
        said: who decides, and why.
    """
    return send(run, said.decision("supply", hold, result=read_json(result)), json=said.json)
