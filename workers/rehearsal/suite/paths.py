"""Places in a file, as people read them (`actions[0].config["customer.id"]`) and as JSON pointers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from workers.definitions.model.steps import escape

Part = str | int
Place = tuple[Part, ...]

PLAIN = re.compile(r"[^.\[\]\"\s]+")
"""A key that stands in a path as it is."""


def shown(place: Iterable[Part]) -> str:
    """Return a place as people read it."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def pointer(place: Iterable[Part]) -> str:
    """Return a place as a JSON pointer."""
    return "".join(f"/{escape(part)}" for part in place)
