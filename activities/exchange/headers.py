"""Which headers of an answer stand in a run's history: those that say how it goes on, and those that the run uses."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel

from trunkline.wire import EVERY_HEADER, UsedHeaders

ALWAYS = frozenset({"location", "link", "etag", "retry-after"})

REQUEST_ID = "request-id"
"""What the name of a header ends in by which a vendor's support finds the request."""


class AnswerHeaders:
    """Marks the field of a result that holds the headers of an answer, by lower-case name."""


RecordedHeaders = Annotated[dict[str, str], AnswerHeaders()]


def is_recorded(name: str, used: UsedHeaders = ()) -> bool:
    """Say whether a header (by lower-case name) stands in the history of a run that uses these."""
    return used == EVERY_HEADER or name in ALWAYS or name.endswith(REQUEST_ID) or name in used


@functools.cache
def place_of(result: type[BaseModel]) -> tuple[str, ...] | None:
    """Return the keys under which a kind of result holds the headers of an answer; None where it holds none."""
    for name, info in result.model_fields.items():
        key = info.alias or name
        if any(isinstance(mark, AnswerHeaders) for mark in info.metadata):
            return (key,)
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and (place := place_of(inner)) is not None:
            return (key, *place)
    return None


def thinned(result: type[BaseModel], plain: Any, used: UsedHeaders) -> Any:
    """Return a result, as plain JSON, with the headers alone that are recorded."""
    place = place_of(result)
    if place is None or used == EVERY_HEADER:
        return plain
    return _thinned(plain, place, used)


def _thinned(plain: Mapping[str, Any], place: tuple[str, ...], used: UsedHeaders) -> dict[str, Any]:
    key, *rest = place
    if rest:
        return {**plain, key: _thinned(plain[key], tuple(rest), used)}
    return {**plain, key: {name: value for name, value in plain[key].items() if is_recorded(name, used)}}
