"""The starter: what a schedule starts at each of its instants, so that the run of an instant begins once.

A schedule lets Temporal start a workflow of an id that has run before again, so that a backfill would run an instant
twice. The starter refuses that for the run, and lasts as long as the run does: what the schedule says of runs that
overlap it says of starters.
"""

from __future__ import annotations

import contextlib
import re

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from trunkline.wire import STARTER
from workflows.event import fired
from workflows.view.attributes import of_run

STARTED = re.compile(r".*/(?P<automation>[^/]+)-(?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
"""The workflow id of a starter: the id that its schedule gives it, and the instant that Temporal appends."""


@workflow.defn(name=STARTER)
class Starter:
    """Starts the run of one instant, whose workflow id says which, and ends with it."""

    @workflow.run
    async def run(self) -> None:
        """Start the run, unless it has begun before, and wait for its end, however it ends.

        Raises:
            ApplicationError: this was started by hand, under an id that names no instant.
        """
        name = STARTED.fullmatch(workflow.info().workflow_id)
        if name is None:
            sentence = (
                "A starter is started by a schedule, which `trunkline deploy` makes: its id ends with an instant."
            )
            raise ApplicationError(sentence, type="InvalidStart", non_retryable=True)
        event = fired(name["automation"], name["instant"])
        with contextlib.suppress(WorkflowAlreadyStartedError):
            run = await workflow.start_child_workflow(
                name["automation"],
                event,
                id=f"{name['automation']}/{event['id']}",
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                cancellation_type=workflow.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
                parent_close_policy=workflow.ParentClosePolicy.TERMINATE,
                search_attributes=of_run(name["automation"], event["id"]),
                static_summary=f"{event['type']} {event['id']}",
            )
            try:
                await run
            except ChildWorkflowError as error:
                if workflow.cancellation_reason() is not None and is_cancelled_exception(error):
                    raise
