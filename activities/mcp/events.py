"""Server-sent events, as far as the Model Context Protocol answers with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from activities.http_client.json_text import parsed

LINE_END = re.compile(r"\r\n|\r|\n")


def messages(body: bytes) -> Iterator[Any]:
    """Yield the JSON values that a stream of events carries; what is no JSON, such as an empty first event, is none.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

    Raises:
        ResultTooLarge: one nests too deeply, or holds too many values.
    """
    for data in _data(body.decode("utf-8", "replace").removeprefix("\ufeff")):
        try:
            yield parsed({}, data.encode()).value
        except ValueError:
            continue


def _data(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in LINE_END.split(text):
        name, _, value = line.partition(":")
        if name == "data":
            lines.append(value.removeprefix(" "))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []
