"""GitHub's issues and comments: they carry no key, so that one is known by its words and its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from activities.openapi.lookups import LookUp, UnknownRequest
from activities.openapi.operation import Operation

CLOCKS = timedelta(seconds=2)
"""How far GitHub's clock, which shows whole seconds, may be behind ours: more would take an earlier comment for this
one, and a clock that is further behind only leaves the outcome unknown."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "/repos/{owner}/{repo}/issues": ("title", "body"),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("body",),
}
"""What an issue, or a comment, is known by, by the path where it is made."""

MOST_LISTED = 100


def look_up(one: Operation) -> LookUp | None:
    """Return how GitHub is asked what became of a new issue or comment; of nothing else can it tell."""
    if one.method != "POST" or one.path not in WORDS:
        return None
    return LookUp(find=found, identity=identity, status=201)


def identity(made: Any) -> str | None:
    """Return the id: two steps may write the same words."""
    id_ = made.get("id") if isinstance(made, Mapping) else None
    return f"github:{id_}" if id_ else None


async def found(sent: UnknownRequest) -> list[Any]:
    """Return the issues of the repository, or the comments of the issue, of these words since then."""
    words = WORDS[sent.operation.path]
    query = {"since": (sent.since - CLOCKS).strftime("%Y-%m-%dT%H:%M:%SZ"), "per_page": MOST_LISTED}
    if "title" in words:
        query |= {"state": "all", "sort": "created", "direction": "desc"}
    listed = await sent.read(sent.path, query)
    return [
        one
        for one in listed
        if all(_written(one.get(name)) == _written(sent.values.get(name)) for name in words)
        and "pull_request" not in one
        and sent.after(datetime.fromisoformat(one["created_at"]), CLOCKS)
    ]


def _written(text: Any) -> str:
    """Return a text without what a service may write otherwise: ends of lines, and blanks around it."""
    return "\n".join(line.rstrip() for line in str(text or "").strip().splitlines())
