"""What a rehearsed run has sent: every attempt at a request, and every notice about a hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from workflows.report import timestamp

ITERATION = re.compile(r".*\]\.", re.DOTALL)


class RequestAttempt(NamedTuple):
    """One attempt at a request.

    Attributes:
        step: instance id of the step (`each[0].put`).
        action: the action's name.
        at: when.
        attempt: 1 for the first under its key.
        key: the idempotency key.
        config: as sent, with secrets as placeholders.
        answer: what was given for it; None where nothing was.
    """

    step: str
    action: str
    at: datetime
    attempt: int
    key: str
    config: dict[str, Any]
    answer: Any

    def to_json(self) -> dict[str, Any]:
        """Return it as reports of tests have it."""
        return {
            "step": self.step,
            "actionType": self.action,
            "at": timestamp(self.at),
            "attempt": self.attempt,
            "key": self.key,
            "config": self.config,
            "answer": self.answer,
        }


class RehearsedNotice(NamedTuple):
    """One notice about a hold: `on` what, when, what was sent, and the text that its action writes itself."""

    hold: str
    on: str
    at: datetime
    action: str
    config: dict[str, Any]
    text: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as reports of tests have it."""
        return {"hold": self.hold, "on": self.on, "at": timestamp(self.at), "config": self.config}


@dataclass(slots=True)
class RehearsalRecord:
    """What a rehearsed run sent and asked for."""

    requests: list[RequestAttempt] = field(default_factory=list)
    notices: list[RehearsedNotice] = field(default_factory=list)
    unanswered: list[RequestAttempt] = field(default_factory=list)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    """Headers that a step uses of a recorded answer which was recorded without them, by its instance id."""


def base_id(instance: str) -> str:
    """Return a step's id in the definition, without the iterations that it stands in."""
    return ITERATION.sub("", instance)
