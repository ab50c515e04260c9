"""Sends a decision about one hold: looks at what is held now, quotes its digest, signs, and tells what became of it."""

from __future__ import annotations

import asyncio
import json as json_text
from typing import TYPE_CHECKING, Any

from workers.cli.inputs import check_person
from workers.cli.screen import console, plain, print_json
from workers.client.wanted import OpenHold, missing_in
from workers.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.decisions import DecisionAnswer
    from workers.settings import Settings

SHORT_DIGEST = 12
LONGEST_REQUEST = 400
OPTIONAL = {"reason", "digest"}

Decision = dict[str, Any]


def send(run: str, decision: Decision, *, json: bool) -> int:
    """Send a decision, say what became of it, and return the exit code.

    Args:
        run: workflow id of the run.
        decision: what to send; a reason, digest or `by` of None was not given.
        json: whether a script reads the answer.
    """
    return asyncio.run(_send(run, decision, json=json))


async def _send(run: str, decision: Decision, *, json: bool) -> int:
    from workers.client import decisions, holds
    from workers.client.connecting import connect
    from workers.settings import Settings

    settings = Settings.from_environment()
    content = completed(decision, settings)
    client = await connect(settings)
    held = await holds.look(client, run)
    hold = next((one for one in held or [] if one["hold"] == content["hold"]), None)
    if hold is not None:
        if not json:
            show_what(hold, console())
            show_consequence(hold, content, console())
        content = decisions.sealed(content, hold, run, settings.signing_key)
    answer = await decisions.decide(client, run, content, answered=held is not None)
    return tell(answer, hold, settings, json=json)


def completed(decision: Decision, settings: Settings) -> Decision:
    """Return a decision without the options that were not given, and with the person who makes it.

    Raises:
        UsageError: nobody is named.
    """
    by = decision.get("by") or settings.user
    if not by:
        raise UsageError("Say who decides: --by NAME, or TRUNKLINE_USER in the environment.")
    check_person(by, "--by" if decision.get("by") else "TRUNKLINE_USER")
    return {key: value for key, value in {**decision, "by": by}.items() if value is not None or key not in OPTIONAL}


def tell(answer: DecisionAnswer, hold: OpenHold | None, settings: Settings, *, json: bool) -> int:
    """Write what became of a decision, and return the exit code."""
    if json:
        print_json({"result": answer.result, "message": answer.message})
    else:
        screen = console(stderr=not answer.accepted)
        screen.print(plain(answer.message))
        if not answer.accepted and hold is not None and hold.get("verified") and settings.signing_key is None:
            screen.print("Decisions about it must be signed: TRUNKLINE_SIGNING_KEY names the key that does.")
    return 0 if answer.accepted else 1


def show_what(hold: OpenHold, screen: Console) -> None:
    """Write what a decision is about: the whole request, and what it lacks."""
    screen.print(f"[bold]{plain(hold['label'])}[/] {plain(hold['actionType'])} [dim]{short_digest(hold)}[/]")
    screen.print(f"    {plain(json_text.dumps(hold['request'].get('config'), ensure_ascii=False))}")
    if missing := missing_in(hold):
        screen.print(f"    [yellow]missing: {plain(', '.join(missing))}[/]")


def show_consequence(hold: OpenHold, content: Decision, screen: Console) -> None:
    """Say that an edit sends, where it does: an editor may take it for a draft."""
    if content["decision"] != "edit" or hold["kind"] != "approval" or hold.get("allowEdit") is not True:
        return
    quorum = hold.get("quorum", 1)
    then = "the edited request is sent at once" if quorum == 1 else f"it is sent once {quorum} have approved it so"
    screen.print(f"This edit is {plain(content['by'])}'s approval too (`allowEdit: true`): {then}.")


def short_digest(hold: OpenHold) -> str:
    """Return the beginning of a digest, for people to compare."""
    return f"{hold['digest'][:SHORT_DIGEST]}…"


def short_request(hold: OpenHold) -> str:
    """Return what would be sent, on one line."""
    text = json_text.dumps(hold["request"].get("config"), ensure_ascii=False)
    return text if len(text) <= LONGEST_REQUEST else f"{text[:LONGEST_REQUEST]}…"
