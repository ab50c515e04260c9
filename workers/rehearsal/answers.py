"""What receivers answer in a rehearsal: by step or by request, once or every time.

An answer is a result as the action gives it (`{status: 200, body: {…}}`), or `{fails: …}` with the class of a failure.
What an action makes of one is in `receivers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from activities.action import Action
from activities.exchange.request import Destination

REQUEST = re.compile(r"([A-Z*]+) (\S+)")
"""An answer's key that names a request: `POST https://mail.example.com/*`."""

TIMES = "times"


@dataclass(slots=True)
class GivenAnswers:
    """What was given under one key.

    Attributes:
        key: a step's id, or a method and an address.
        answers: the answers in their order.
        always: whether the one answer serves every time.
        used: how many were used.
    """

    key: str
    answers: list[Any]
    always: bool
    used: int = 0

    @classmethod
    def of(cls, key: str, value: Any) -> GivenAnswers:
        """Read what stands under a key."""
        if isinstance(value, list):
            return cls(key, [one for entry in value for one in _repeated(entry)], always=False)
        if isinstance(value, dict) and TIMES in value:
            return cls(key, list(_repeated(value)), always=False)
        return cls(key, [value], always=True)

    def left(self) -> int:
        """Return how many answers were not used; one that serves every time is never left."""
        return 0 if self.always else len(self.answers) - self.used


@dataclass(slots=True)
class Answers:
    """The answers of one rehearsal; a step's id goes before a request, what is said first before what is said later.

    Attributes:
        levels: mappings of keys to answers: the case's, then the file's.
    """

    levels: Sequence[Mapping[str, Any]] = ()
    _given: list[dict[str, GivenAnswers]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._given = [{key: GivenAnswers.of(key, value) for key, value in level.items()} for level in self.levels]

    def next(self, step: str, request: tuple[str, str] | None) -> tuple[bool, Any]:
        """Return whether there is an answer, and the answer.

        Args:
            step: the step's id in the definition.
            request: method and address, of an HTTP action.
        """
        for level in self._given:
            found = level.get(step) or next(
                (one for key, one in level.items() if request is not None and _fits(key, request)), None
            )
            if found is not None:
                if found.always:
                    return True, found.answers[0]
                if found.used == len(found.answers):
                    return False, None
                found.used += 1
                return True, found.answers[found.used - 1]
        return False, None

    def unused(self) -> Iterator[GivenAnswers]:
        """Yield the lists of the first level that were not used up."""
        yield from (given for given in (self._given[0] if self._given else {}).values() if given.left())


def _repeated(entry: Any) -> Iterator[Any]:
    times = entry.get(TIMES, 1) if isinstance(entry, dict) else 1
    single = {key: value for key, value in entry.items() if key != TIMES} if isinstance(entry, dict) else entry
    yield from (single for _ in range(times))


def _fits(key: str, request: tuple[str, str]) -> bool:
    pattern = _pattern(key)
    return pattern is not None and pattern.fullmatch(" ".join(request)) is not None


@lru_cache(maxsize=1024)
def _pattern(key: str) -> re.Pattern[str] | None:
    if REQUEST.fullmatch(key) is None:
        return None
    return re.compile(".*".join(map(re.escape, key.split("*"))), re.DOTALL)


def request_line(action: Action, config: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return method and address of an HTTP action's request; None for other actions."""
    if not issubclass(action.config, Destination):
        return None
    method = config.get("method") or action.config.model_fields["method"].default
    return str(method).upper(), str(config.get("url"))
