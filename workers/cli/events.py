"""`trunkline events`: which events there are, what they bring, and one of each as it might come."""

from __future__ import annotations

import json as jsonlib
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from workers.cli.dev import own_folder
from workers.cli.screen import print_json
from workers.definitions.folder import definition_files
from workers.definitions.loading import UnreadableFileError, read
from workers.definitions.problems import listed, nearest
from workers.definitions.samples.events import Taker, event_of, fields_of, is_known, known_types, takers_of
from workers.errors import UsageError
from workflows.holds.wording import visible


def events(type: str | None = None, /, *, sample: bool = False, json: bool = False) -> int:  # noqa: A002 # as users say
    """Print the types of events, what one of them brings with an example of each field, or such an event.

    Types are the known ones and those of the folder of TRUNKLINE_AUTOMATIONS, else `automations`,
    else this one. What the automations
    of the folder declare, or read, of a type's data is among its fields.

    Args:
        type: a type such as `call.ended`, or `call.*`.
        sample: print an event of the type as JSON; `trunkline emit` takes it, and so does a test.
        json: print the types, or the fields, as JSON for machines.

    Returns:
        0; 1 if no event fits what an automation declares, 2 if there is no such type.
    """
    takers = _takers()
    if type is None:
        if sample:
            raise UsageError("Name the type of which you want a sample: `trunkline events TYPE --sample`.")
        return _list(known_types(takers), json=json)
    if not is_known(type, takers):
        types = known_types(takers)
        raise UsageError(
            f"There is no event type {type!r}. {nearest(type, types) or f'There are {listed(sorted(types))}.'}"
        )
    event, faults = event_of(type, takers)
    if sample:
        print_json(event)
        for fault in faults:
            sys.stderr.write(visible(f"trunkline: this event does not fit the automation {fault}\n"))
        return 1 if faults else 0
    fields = [{"field": path, "example": example} for path, example in fields_of(event["data"])]
    if json:
        print_json(fields)
        return 0
    shown = [(f"{{{{{one['field']}}}}}", one["example"]) for one in fields]
    width = max((len(field) for field, _ in shown), default=0)
    for field, example in shown:
        sys.stdout.write(visible(f"{field:<{width}}  {jsonlib.dumps(example, ensure_ascii=False)}\n"))
    if not shown:
        sys.stdout.write(
            f"{type} brings no data: only {{{{event.time}}}}.\n" if type == "schedule.fired" else "any data\n"
        )
    return 0


def _takers() -> list[Taker]:
    """Return what the automations of the folder say of their events; what cannot be read is left out."""
    folder = own_folder() or Path()
    found: list[Taker] = []
    for path in definition_files(folder) if folder.is_dir() else ():
        with suppress(UnreadableFileError):
            found += takers_of(read(path)[0])
    return found


def _list(types: dict[str, list[str]], *, json: bool) -> int:
    if json:
        rows: list[dict[str, Any]] = [{"type": one, "automations": names} for one, names in types.items()]
        print_json(rows)
        return 0
    width = max(map(len, types))
    for one, names in types.items():
        sys.stdout.write(visible(f"{one:<{width}}  {', '.join(names)}".rstrip() + "\n"))
    return 0
