"""What runs ask the approvals desk of their worker, by local activities whose answers stand in the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow

from workflows.run.parallel import cancellation

CHECK = "trunkline:check"
"""Says whether a request may be held, who may decide about it, and until when."""

VERIFY = "trunkline:verify"
"""Says whether a decision was signed by somebody who may speak for its sender."""

SUPPLY = "trunkline:supply"
"""Says whether a result that a person supplies is one of the action's, and what of it is kept."""

REMIND = "trunkline:remind"
"""Says when a hold's next reminder is due, and whether this one is too late."""

NOTE = "trunkline:note"
"""Writes down, once and for good, what a run has found out that a replay might find otherwise."""

ANSWER = timedelta(seconds=10)
"""How long a worker may take to answer before it is asked again."""


async def ask(activity: str, question: Any) -> Any:
    """Ask the desk, and return what it answers; no replay asks again, or is answered otherwise."""
    with cancellation():
        return await workflow.execute_local_activity(activity, question, start_to_close_timeout=ANSWER)
