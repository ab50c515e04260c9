"""What runs ask the approvals desk of their worker, by local activities whose answers stand in the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from workflows import host
from workflows.run.parallel import cancellation

ANSWER = timedelta(seconds=10)
"""How long a worker may take to answer before it is asked again."""


async def ask(activity: str, question: Any) -> Any:
    """Ask the desk, and return what it answers; no replay asks again, or is answered otherwise."""
    with cancellation():
        return await host.execute_local_activity(activity, question, start_to_close_timeout=ANSWER)
