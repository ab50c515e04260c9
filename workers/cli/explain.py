"""`trunkline explain`: what automations would do for an event, and why; nothing is sent."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from workers.cli.answers_given import answers_given
from workers.cli.catalog import actions_at_hand
from workers.cli.inputs import EventFile, read_event_file
from workers.errors import NotFoundError, UsageError
from workflows.holds.wording import visible

if TYPE_CHECKING:
    from workers.rehearsal.explained.explaining import Knowledge
    from workers.rehearsal.explained.found import RunnableAutomation


def explain(
    event: EventFile | None = None,
    /,
    *,
    automation: str | None = None,
    answer: tuple[str, ...] = (),
    run: str | None = None,
    json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Say what each automation would do for an event, and why: nothing is sent, and no server is needed.

    Shown are the automations of the folder (TRUNKLINE_AUTOMATIONS, else `automations`, else this one, else the
    examples) whose trigger takes the event's type: what their conditions come to, with both sides of each test, and
    every step with its request. An answer that nobody gives is unknown: texts that need one stay as they are written,
    and where a condition needs one, each way is shown. Approvals count as given. The event's `time` is the clock.

    Args:
        event: JSON file with the event (`-`: standard input); `type` and `data` suffice.
        automation: this one alone, by name or by file, whatever its trigger takes.
        answer: what a step, or a request such as "GET https://…/*", is answered with: STEP=@file or STEP={…}, as in
            test files.
        run: instead of an event: explain this run, of which Temporal knows the history, or why it never began.
        json: print one JSON document instead.

    Returns:
        0 if it could be explained, 2 if not: there is no such automation, run, step or event.
    """
    if (event is None) is (run is None):
        raise UsageError("Say what is to be explained: a file with an event, or --run RUN.")
    if run is not None and (automation is not None or answer):
        raise UsageError("--run stands alone: which automation it was, and what was answered, its history says.")
    found = _run(run) if run is not None else _event(str(event), automation, answer)
    if json:
        from workers.cli.screen import print_json

        print_json(found)
    else:
        from workers.rehearsal.explained.telling import lines

        output = list(lines(found)) or [f"No automation here takes events of the type {found['event']['type']}."]
        sys.stdout.write(visible("".join(f"{line}\n" for line in output)))
    return 0


def _event(file: str, automation: str | None, given: tuple[str, ...]) -> dict[str, Any]:
    from workers.rehearsal.explained.explaining import clock_of, concerns, explained

    try:
        event = read_event_file(file)
    except NotFoundError as error:
        raise UsageError(str(error)) from None
    known = _known()
    automations = _automations(automation, known)
    concerned = [one for one in automations if automation is not None or concerns(one.definition, event["type"])]
    plans = [one.definition.plan for one in automations]
    known = _known(answers_given(given, plans, known.actions))
    clock = clock_of(event)
    entries = [explained(one.definition, event, known, clock) | {"file": str(one.path)} for one in concerned]
    return {"event": event, "automations": entries}


def _known(answers: dict[str, Any] | None = None) -> Knowledge:
    from workers.approvals.groups import Groups
    from workers.rehearsal.explained.explaining import Knowledge
    from workers.settings import Settings

    groups = Groups(Settings.from_environment().groups)
    people = {name: groups.members(name) or () for name in groups.names()}
    return Knowledge(actions=actions_at_hand(), people=people, answers=answers or {})


def _automations(wanted: str | None, known: Knowledge) -> list[RunnableAutomation]:
    """Return the automations that are meant; of those of a folder that are bad, standard error says why."""
    from workers.cli.dev import default_folder, own_folder
    from workers.rehearsal.explained.found import automation_files, in_folder, of_file
    from workers.settings import Settings

    environment = Settings.from_environment().environment
    if wanted is not None and Path(wanted).suffix.lower() in {".yaml", ".yml", ".json"}:
        return [of_file(Path(wanted), known.actions, environment)]
    here = automation_files(Path()) if own_folder() is None else []
    try:
        folder = Path() if here else default_folder()
    except NotFoundError as error:
        raise UsageError(str(error)) from None
    good, bad = in_folder(folder, known.actions, environment, wanted, only=here or None)
    for sentence in bad:
        sys.stderr.write(visible(f"{sentence}\n"))
    return good


def _run(run: str) -> dict[str, Any]:
    from workers.client.connecting import connect
    from workers.rehearsal.explained.past import explain_run
    from workers.settings import Settings

    async def explain_it() -> dict[str, Any]:
        known = _known()
        client = await connect(Settings.from_environment())
        return await explain_run(client, run, known, lambda: _automations(None, known))

    try:
        return asyncio.run(explain_it())
    except NotFoundError as error:
        raise UsageError(str(error)) from None
