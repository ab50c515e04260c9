"""`trunkline retry`: a step that failed is tried again."""

from __future__ import annotations

from workers.cli.bulk import decide_one_or_all
from workers.cli.edits import edit_and_send, send_edits
from workers.cli.inputs import JsonOrFile
from workers.cli.options import ONE, PLAIN, Bulk, Said
from workers.errors import Usage


def retry(  # noqa: PLR0913 - a command has as many parameters as it has options
    run: str | None = None,
    hold: str | None = None,
    /,
    *,
    edit: bool = False,
    edits: JsonOrFile | None = None,
    said: Said = PLAIN,
    bulk: Bulk = ONE,
) -> int:
    """Try a step that failed and is held again, as it was or with another request; with --all many as they were.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        edit: change the request in your editor first (VISUAL or EDITOR names it).
        edits: JSON Patch, or new values by key or JSON pointer, instead of the editor: a file, `-`, or the JSON itself.
        said: who decides, and why.
        bulk: many holds instead of one.
    """
    decision = said.decision("retry", hold)
    if not edit and edits is None:
        return decide_one_or_all(run, hold, bulk, decision, json=said.json)
    bulk.check(run, hold)
    if run is None or (edit and edits is not None):
        raise Usage("--edit and --edits are two ways to change one hold's request: give one of them, without --all.")
    if edits is not None:
        return send_edits(run, decision, edits, json=said.json)
    return edit_and_send(run, decision, json=said.json)
