"""How updates are answered: after an event that the answer follows from, wherever something was waited for.

Temporal's SDK (1.35) loses the answer to an accepted update where a replay comes to it at the very end of a history,
and then every workflow task of the run fails. So it is where a worker is told to end just after the history has what
a decision waited for, as the answer of a local activity, and before it has the decision's own answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from trunkline.wire import YIELD
from workflows import host
from workflows.run.parallel import cancellation

T = TypeVar("T")


async def answered(judging: Coroutine[Any, Any, T]) -> T:
    """Return what an update is answered; where that had to wait for anything, only after an activity that does nothing.

    What the update does is done before that, and waits for no activity.
    """
    task = asyncio.create_task(judging)
    await asyncio.sleep(0)  # for one step of the task
    at_once = task.done()
    answer = await task
    if not at_once:
        with cancellation():
            await host.execute_activity(YIELD, start_to_close_timeout=timedelta(seconds=10))
    return answer
