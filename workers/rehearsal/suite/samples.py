"""Samples of answers: the least that an action could give, as a line to put into a test file."""

from __future__ import annotations

from typing import Any

from activities.action import Action
from workers.rehearsal.results import completed, is_answered_over_http


def sample(action: Action) -> Any:
    """Return an answer that the action could give."""
    if action.result is None:
        return "text"
    if is_answered_over_http(action):
        return {"status": 200, "body": {}}
    found: dict[str, Any] = completed(action, {}).model_dump(mode="json", by_alias=True)
    return found
