"""Edits of a held request: as a script gives them, or as the difference that a person's editor made."""

from __future__ import annotations

import asyncio
import json as json_text
from typing import TYPE_CHECKING, Any

from workers.cli.deciding import Decision, completed, send, show_consequence, show_what, tell
from workers.cli.editor import EditedObject, editor
from workers.cli.inputs import read_json
from workers.cli.screen import console, plain
from workers.errors import TrunklineError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.decisions import DecisionAnswer
    from workers.client.wanted import OpenHold
    from workers.settings import Settings

Edits = list[dict[str, Any]] | dict[str, Any]


def send_edits(run: str, decision: Decision, given: str, *, json: bool) -> int:
    """Send a decision with edits that a script gives: a file, `-`, or the JSON itself."""
    edits = read_json(given)
    if not isinstance(edits, list | dict) or not edits:
        raise UsageError(
            '--edits takes a JSON Patch ([{"op": "replace", "path": "/text", "value": "New"}]) or new values by key '
            'or JSON pointer ({"text": "New", "/body/amount": 5}).'
        )
    return send(run, {**decision, "edits": edits}, json=json)


def edit_and_send(run: str, decision: Decision, *, json: bool) -> int:
    """Open the person's editor on the config of a held request, and send the difference as a decision's edits."""
    from workers.settings import Settings
    from workflows.steps.edits import same_json

    settings = Settings.from_environment()
    content = completed(decision, settings)
    command = editor()
    hold = asyncio.run(_fetch(settings, run, content))
    screen = console(stderr=json)
    show_what(hold, screen)
    for place in hold["request"].get("secrets") or []:
        screen.print(f"    [dim]the secret {plain(place['name'])} stays at {plain(place['path'])}[/]")
    draft = EditedObject(hold["request"]["config"], command)
    before, after = hold["request"]["config"], draft.edit()
    edits = difference(before, after)
    if same_json(before, after):
        draft.discard()
        screen.print(
            "Nothing was changed, so nothing was sent. (An editor that returns at once needs to be told to wait.)"
        )
        return 0
    _show(hold["request"]["config"], edits, screen)
    show_consequence(hold, content, screen)
    return _send(run, {**content, "edits": edits}, hold, draft, settings, json=json)


def _send(  # noqa: PLR0913 - what a decision takes, with the draft it came from
    run: str, content: Decision, hold: OpenHold, draft: EditedObject, settings: Settings, *, json: bool
) -> int:
    try:
        answer = asyncio.run(_decide(settings, run, content, hold))
    except BaseException:
        console(stderr=True).print(plain(draft.keep().strip()))
        raise
    if answer.accepted:
        draft.discard()
    else:
        console(stderr=True).print(plain(draft.keep().strip()))
    return tell(answer, hold, settings, json=json)


async def _fetch(settings: Settings, run: str, content: Decision) -> OpenHold:
    """Return the hold that a decision is about, where it is one that can be edited.

    Raises:
        TrunklineError: its request may not be edited, or is not the one that was seen.
    """
    from workers.client import holds
    from workers.client.connecting import connect

    hold = await holds.one(await connect(settings), run, content["hold"])
    if content["decision"] == "edit" and hold["kind"] == "approval" and not hold.get("allowEdit"):
        raise TrunklineError(
            "The policy of this hold does not let its request be edited (`allowEdit`): nothing was sent."
        )
    if content.get("digest") not in {None, hold["digest"]}:
        raise TrunklineError(
            "The request is not the one you saw: look at it again (`trunkline hold show`). Nothing was sent."
        )
    return hold


async def _decide(settings: Settings, run: str, content: Decision, hold: OpenHold) -> DecisionAnswer:
    from workers.client import decisions
    from workers.client.connecting import connect

    decision = decisions.sealed(content, hold, run, settings.signing_key)
    return await decisions.decide(await connect(settings), run, decision)


def difference(before: dict[str, Any], after: dict[str, Any]) -> Edits:
    """Return what makes one config another: a JSON Patch, or new values of whole keys where that would be too long."""
    import jsonpatch
    from jsonpointer import escape

    from workflows.steps.edits import MOST_OPERATIONS

    patch: list[dict[str, Any]] = jsonpatch.make_patch(before, after).patch
    if len(patch) <= MOST_OPERATIONS and _same(jsonpatch.apply_patch(before, patch), after):
        return patch
    removed: list[dict[str, Any]] = [{"op": "remove", "path": f"/{escape(key)}"} for key in before if key not in after]
    changed = [
        {"op": "add", "path": f"/{escape(key)}", "value": value}
        for key, value in after.items()
        if key not in before or not _same(before[key], value)
    ]
    return removed + changed


def _same(one: Any, other: Any) -> bool:
    """Say whether two values are the same JSON: 1 is neither 1.0 nor true."""
    return json_text.dumps(one, sort_keys=True) == json_text.dumps(other, sort_keys=True)


def _show(before: dict[str, Any], edits: Edits, screen: Console) -> None:
    """Write for people what edits change."""
    from workflows.holds.wording import change, changes
    from workflows.steps.edits import edited

    for place in changes(before, edited(before, edits, [])):
        screen.print(f"    {plain(change(place))}")
