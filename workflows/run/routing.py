"""Where the activities of a run queue, and which go first there: decided when it starts, the same in every replay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio.common import Priority

from trunkline.wire import RunAnswer
from workflows.plan import Plan
from workflows.program import Program

LONGEST_KEY = 64
"""Bytes that Temporal takes as a fairness key."""

FIRST = 1
"""The priority before which no other goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Where this run's activities queue.

    Attributes:
        queues: task queue of each connection that has a limit, by the connection's name.
        chosen: the connection that an action uses where its step names none, by the action's name: where it has a
            limit, or the action writes records.
        rated: the connections whose limit counts requests.
        priority: what goes first where activities queue; what it leaves open the run's own start decides.
    """

    queues: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)
    rated: Collection[str] = ()
    priority: Priority = Priority.default

    @classmethod
    def of(cls, answer: RunAnswer[Plan], priority: int | None) -> Routing:
        """Return the routing that a run's worker has answered, with the automation's `priority`."""
        return cls(
            queues=answer.get("queues", {}),
            chosen=answer.get("chosen", {}),
            rated=answer.get("rated", ()),
            priority=Priority(priority_key=priority, fairness_key=answer.get("fairness")),
        )

    def connection(self, action: str, config: Mapping[str, Any]) -> str | None:
        """Return the name of the connection that an action uses, where it is known, by its rendered config."""
        name = config.get("connection") or self.chosen.get(action)
        return name if isinstance(name, str) else None

    def queue(self, action: str, config: Mapping[str, Any]) -> str | None:
        """Return the task queue of the connection that an action uses, where that has a limit."""
        connection = self.connection(action, config)
        return None if connection is None else self.queues.get(connection)

    def options(self, action: str, config: Mapping[str, Any], *, first: bool = False) -> dict[str, Any]:
        """Return what an activity is scheduled with, beside its timeouts and retries.

        Args:
            action: name of the action.
            config: its rendered config.
            first: whether it goes before all others of its queue.
        """
        options: dict[str, Any] = {}
        queue = self.queue(action, config)
        if queue is not None:
            options["task_queue"] = queue
        key = FIRST if first and queue is not None else self.priority.priority_key
        if key is not None or self.priority.fairness_key is not None:
            options["priority"] = Priority(priority_key=key, fairness_key=self.priority.fairness_key)
        return options


def fairness_key(program: Program, roots: Mapping[str, Any], now: datetime) -> str | None:
    """Return what tells the run of one tenant from another's, by the automation's `fairness`.

    Raises:
        TemplateError: it cannot be rendered.
    """
    value = None if program.fairness is None else program.fairness.render(roots, now).value
    if value in (None, ""):
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    whole = text.encode("utf-8", "replace")
    if len(whole) > LONGEST_KEY:  # two long keys that begin alike stay two
        digest = hashlib.sha256(whole).hexdigest()[:16]
        return f"{whole[: LONGEST_KEY - 17].decode('utf-8', 'ignore')}~{digest}"
    return whole.decode()
