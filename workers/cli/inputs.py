"""What commands read: events and other JSON (from files, standard input or an argument itself), deadlines, people."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from workers.errors import NotFoundError, UsageError

STANDARD_INPUT = "-"

MOST_BYTES = 8 * 1024 * 1024

EventFile = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""A path, or `-`, which is no option here."""


JsonOrFile = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""A path, `-`, or JSON itself, which may begin with a minus."""


def read_event_file(path: str) -> dict[str, Any]:
    """Return the event in a JSON file, or on standard input where the path is `-`; an event without an id is given one.

    Raises:
        NotFoundError: there is no such file.
        UsageError: what it holds is no event; the sentence says why.
    """
    from workflows.event import EventError, read_event

    place = "standard input" if path == STANDARD_INPUT else path
    try:
        return read_event(json.loads(_read(path)), default_id=uuid.uuid4().hex)
    except json.JSONDecodeError as error:
        raise UsageError(f"{place}, line {error.lineno}: this is not valid JSON: {error.msg}.") from error
    except RecursionError as error:
        raise UsageError(f"{place} is nested too deep to be an event.") from error
    except EventError as error:
        raise UsageError(f"{place}: {error}") from error


def read_json(given: str) -> Any:
    """Return the JSON in a file, on standard input where the path is `-`, or in the argument itself.

    Raises:
        NotFoundError: there is no such file, and it is no JSON either.
        UsageError: what is there is no JSON; the sentence says where.
    """
    place = "standard input" if given == STANDARD_INPUT else given
    if given != STANDARD_INPUT and not _is_file(given):
        place = "what was given"
        if given[:1] not in '{["' and given.endswith(".json"):
            raise NotFoundError(f"There is no file {given}.")
    else:
        given = _read(given)
    try:
        return strict_json(given)
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from error


def read_deadline(text: str) -> str:
    """Return a deadline as runs take it: an instant in UTC, or a duration as it was written.

    Raises:
        UsageError: it is neither.
    """
    from trunkline.durations import duration
    from workflows.language.instants import instant
    from workflows.report import timestamp

    try:
        found = instant(text.strip())
        if found is not None:
            return timestamp(found)
        duration(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no deadline: write how long from now (90m, 2h30m, 3d), or an instant (2027-01-31T17:00:00Z)."
        ) from None
    return text.strip()


def read_people(names: Sequence[str]) -> list[str]:
    """Return the people and groups that were named.

    Raises:
        UsageError: nobody was, or an id holds what nobody sees.
    """
    if not names:
        raise UsageError("Say who decides from now on: trunkline reassign RUN HOLD ann@example.com group:finance")
    for name in names:
        check_person(name, ascii(name))
    return list(names)


def check_person(name: str, place: str) -> None:
    """Refuse an id in which something cannot be seen, as every run does.

    Args:
        name: the id.
        place: where it was given, for the sentence.

    Raises:
        UsageError: it holds such a character.
    """
    from workflows.language.people import hidden_in

    if hidden := hidden_in(name):
        raise UsageError(f"{place} holds {hidden}, which nobody sees: write the id without it.")


def strict_json(text: str) -> Any:
    """Return the value of a JSON text in which no key stands twice and every number is one.

    Raises:
        ValueError: it is none; the message is a sentence that says where.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: this is not valid JSON: {error.msg}.") from error
    except RecursionError as error:
        raise ValueError("it is nested too deep.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object.")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON.")


def _is_file(given: str) -> bool:
    try:
        return Path(given).is_file()
    except (OSError, ValueError):  # too long for a path, or no path at all
        return False


def _read(path: str) -> str:
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file {path}.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    place = "standard input" if path == STANDARD_INPUT else path
    if len(content) > MOST_BYTES:
        raise UsageError(f"{place} has more than {MOST_BYTES // 1024:,} KiB, which is more than Temporal takes.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{place} is not UTF-8 text.") from error
