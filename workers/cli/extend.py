"""`trunkline extend`: a held step waits longer."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from workers.cli.deciding import send
from workers.cli.options import PLAIN, Said
from workers.errors import Usage


def extend(run: str, hold: str, deadline: Annotated[str, Parameter(name="DEADLINE")], /, *, said: Said = PLAIN) -> int:
    """Give people until another time to decide about a step that waits.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        deadline: from now on (`2h30m`, `3d`), or an instant (`2027-01-31T17:00:00+01:00`; without an offset UTC).
        said: who says so (one of the operators, where some are named), and why.
    """
    return send(run, said.decision("extend", hold, deadline=read_deadline(deadline)), json=said.json)


def read_deadline(text: str) -> str:
    """Return a deadline as runs take it: an instant in UTC, or a duration as it was written.

    Raises:
        Usage: it is neither.
    """
    from workflows.language.durations import duration
    from workflows.language.instants import instant
    from workflows.report import timestamp

    try:
        found = instant(text.strip())
        if found is not None:
            return timestamp(found)
        duration(text)
    except (ValueError, OverflowError):
        raise Usage(
            f"{text!r} is no deadline: write how long from now (90m, 2h30m, 3d), or an instant (2027-01-31T17:00:00Z)."
        ) from None
    return text.strip()
