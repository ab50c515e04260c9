"""`trunkline import`: workflows of other tools, written as automations."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cyclopts import App

from workers.cli.catalog import actions_at_hand
from workers.cli.screen import print_json
from workers.definitions.loading import UnreadableFileError, read
from workers.errors import TrunklineError, UsageError
from workers.importing.draft import Draft, written
from workers.importing.unsaid import NoWorkflowError
from workflows.holds.wording import visible

imports = App(name="import", help="Write workflows of other tools as automations.", help_epilogue="")


@imports.command(help_epilogue="")
def keep(file: Path, /, *, into: Path | None = None, json: bool = False) -> int:
    """Write a workflow of Keep as an automation, and say what of it has no word.

    The file is valid, and no other is touched. Nothing is fetched, also no address, and credentials are none of a
    workflow: the comments at the top say what is to be filled in. Where something could not be said, the automation
    starts nothing by itself until you have settled it.

    Args:
        file: the workflow, YAML with `workflow:` at the top.
        into: folder that the automation is written to, by default this one.
        json: print what became of it as JSON, for scripts.

    Returns:
        0 once a valid file is written, 1 if one of that name is there, 2 for what is no workflow of Keep.
    """
    from workers.importing.keep.workflow import translate

    return _import(file, into, lambda data: [translate(data)], json=json)


@imports.command(help_epilogue="")
def zendesk(file: Path, /, *, into: Path | None = None, json: bool = False) -> int:
    """Write a trigger or an automation of Zendesk as an automation, and say what of it has no word.

    It is what Zendesk's API answers: one rule, or a list of them, which makes a file of each. A rule that waits for
    hours waits in its run and looks the ticket up anew. Where something could not be said, the automation starts
    nothing by itself until you have settled it.

    Args:
        file: the rule, JSON or YAML.
        into: folder that the automation is written to, by default this one.
        json: print what became of it as JSON, for scripts; of several rules a list.

    Returns:
        0 once a valid file is written, 1 if one of that name is there, 2 for what is no rule of Zendesk.
    """
    from workers.importing.zendesk.rules import translate

    return _import(file, into, translate, json=json)


def _import(file: Path, into: Path | None, translate: Callable[[Any], list[Draft]], *, json: bool) -> int:
    try:
        drafts = translate(read(file)[0])
    except UnreadableFileError as unreadable:
        if unreadable.problem.code == "not-an-automation":
            raise UsageError(f"{file} cannot be imported: it is empty, or no object.") from None
        raise UsageError(f"{file} cannot be read: {unreadable.problem.message}") from None
    except NoWorkflowError as error:
        raise UsageError(f"{file} cannot be imported: {error}") from None
    catalog = actions_at_hand()
    folder = into or Path()
    texts = {folder / f"{draft.name}.yaml": written(draft.settle(catalog), file.name, draft) for draft in drafts}
    there = [str(path) for path in texts if path.exists()]
    if there:
        raise TrunklineError(
            f"{', '.join(there)} is there already, and nothing is overwritten: move it, or name another folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as new:
                new.write(text)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}.") from None
    documents = [_document(path, draft) for path, draft in zip(texts, drafts, strict=True)]
    if json:
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        for path, draft in zip(texts, drafts, strict=True):
            sys.stdout.write(visible(_human(path, draft)))
    return 0


def _document(path: Path, draft: Draft) -> dict[str, Any]:
    return {"file": str(path), "automation": draft.name, "unsaid": [one.to_json() for one in draft.unsaid]}


def _human(path: Path, draft: Draft) -> str:
    lines = [str(path)]
    lines += [f"  not said: {one.path}: {one.message}" for one in draft.unsaid]
    lines += [f"  before it runs: {sentence}" for sentence in draft.fill]
    return "\n".join(lines) + "\n"
