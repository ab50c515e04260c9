"""`trunkline edit`: a held request is changed before it is sent."""

from __future__ import annotations

from workers.cli.edits import edit_and_send, send_edits
from workers.cli.inputs import JsonOrFile
from workers.cli.options import PLAIN, Said


def edit(run: str, hold: str, /, *, edits: JsonOrFile | None = None, said: Said = PLAIN) -> int:
    """Change the request of a step that is held for approval, in your editor; where the policy says so, this approves.

    VISUAL or EDITOR names the editor. It shows the config with placeholders for secrets, which stay where they are.
    Earlier approvals are void after an edit.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        edits: JSON Patch, or new values by key or JSON pointer, instead of the editor: a file, `-`, or the JSON itself.
        said: who edits, and why.
    """
    decision = said.decision("edit", hold)
    if edits is not None:
        return send_edits(run, decision, edits, json=said.json)
    return edit_and_send(run, decision, json=said.json)
