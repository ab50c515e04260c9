"""What commands read: events from files or standard input, and who decides."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from workers.failures import NotFound, Usage

STANDARD_INPUT = "-"

EventFile = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""A path, or `-`, which is no option here."""


def read_event_file(path: str) -> dict[str, Any]:
    """Return the event in a JSON file, or on standard input where the path is `-`; an event without an id is given one.

    Raises:
        NotFound: there is no such file.
        Usage: what it holds is no event; the sentence says why.
    """
    from workflows.event import EventError, read_event

    place = "standard input" if path == STANDARD_INPUT else path
    try:
        return read_event(json.loads(_read(path)), default_id=uuid.uuid4().hex)
    except json.JSONDecodeError as error:
        raise Usage(f"{place}, line {error.lineno}: this is not valid JSON: {error.msg}.") from error
    except UnicodeDecodeError as error:
        raise Usage(f"{place} is not UTF-8 text.") from error
    except RecursionError as error:
        raise Usage(f"{place} is nested too deep to be an event.") from error
    except EventError as error:
        raise Usage(f"{place}: {error}") from error


def _read(path: str) -> str:
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read().decode()
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}.") from error
