"""`trunkline inputs`: what an automation asks for, as a form would have it."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workers.cli.dev import own_folder
from workers.cli.screen import print_json
from workers.definitions.folder import definition_files
from workers.definitions.loading import UnreadableFileError, read
from workers.definitions.problems import listed, nearest
from workers.definitions.samples.form import FormField, form_of
from workers.errors import UsageError
from workflows.holds.wording import visible


def form(name: str, /, *, json: bool = False) -> None:
    """Print what an automation asks for: fields, types, labels and what is required.

    It is what `trigger.data` declares, with the `title`, `description` and `default` of its schema, and the inputs that
    `trigger.inputs` names. What a known type of event brings besides, `trunkline events TYPE` prints.

    Args:
        name: the automation's name, in the folder of TRUNKLINE_AUTOMATIONS, else `automations`, else this one; or its
            file.
        json: print a JSON list instead.
    """
    definition = _definition(name)
    fields = form_of(definition)
    if json:
        print_json([field.to_json() for field in fields])
        return
    sys.stdout.write(visible("".join(f"{line}\n" for line in _lines(fields, definition))))


def _lines(fields: list[FormField], definition: Mapping[str, Any]) -> Iterator[str]:
    if not fields:
        trigger = definition.get("trigger")
        event = trigger.get("event") if isinstance(trigger, Mapping) else None
        yield "It declares nothing that it asks for."
        if isinstance(event, str):
            yield f"`trunkline events {event}` prints what its events bring."
        return
    width = max(len(field.field) for field in fields)
    for field in fields:
        yield f"{field.field:<{width}}  {field.label}: {', '.join(_facts(field))}"
        if field.description:
            yield f"{'':<{width}}  {' '.join(field.description.split())}"


def _facts(field: FormField) -> Iterator[str]:
    yield field.type if field.choices is None else f"one of {_json(field.choices)}"
    if field.required:
        yield "required"
    if field.default is not None:
        yield f"default {_json(field.default)}"
    if field.input is not None:
        yield f"what callers gave in step {field.input}"
        yield "may be empty"


def _json(value: Any) -> str:
    return jsonlib.dumps(value, ensure_ascii=False)


def _definition(name: str) -> Mapping[str, Any]:
    """Return the definition of an automation as it is written.

    Raises:
        UsageError: there is none, or its file cannot be read.
    """
    folder = own_folder() or Path()
    if Path(name).suffix in {".yaml", ".yml", ".json"}:
        return _read(Path(name))
    found: dict[str, Mapping[str, Any]] = {}
    for path in definition_files(folder) if folder.is_dir() else ():
        try:
            data = read(path)[0]
        except UnreadableFileError:
            continue  # `trunkline validate` says what is wrong with it
        if isinstance(data, Mapping):
            found[str(data.get("name"))] = data
    if name not in found:
        near = nearest(name, found)
        has, where = listed(sorted(found), most=30) or "none", "this folder" if folder == Path() else folder
        raise UsageError(f"There is no automation {name!r:.100} in {where}.{f' {near}' if near else ''} It has {has}.")
    return found[name]


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    try:
        data = read(path)[0]
    except UnreadableFileError as unreadable:
        raise UsageError(str(unreadable.problem)) from None
    if not isinstance(data, Mapping):
        raise UsageError(f"{path} is no automation.")
    return data
