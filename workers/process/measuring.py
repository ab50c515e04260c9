"""Where a worker measures: an interceptor around its runs, and around the attempts of its actions."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from activities.observing import observed
from trunkline.wire import TURN, UNAVAILABLE, UNEXPECTED
from workers.process.measures import NO_CONNECTION, Measures
from workflows import host
from workflows.automation import Automation

if TYPE_CHECKING:
    from activities.observing import Answered

TOO_MANY = 429
PENDING = "Pending"
RESULTS = {UNAVAILABLE: "unavailable", "OutcomeUnknown": "unknown", UNEXPECTED: "failed"}
"""What became of an attempt, by the type of its error; everything else was refused, by the vendor or by us."""


class Measuring(Interceptor):
    """Measures runs and attempts.

    Args:
        measures: the instruments of this process.
        actions: names of the actions, whose attempts are counted.
        task_queue: the worker's own; that of a limited connection has its name behind it.
    """

    def __init__(self, measures: Measures, actions: Collection[str], task_queue: str) -> None:
        self.measures = measures
        self.actions = actions
        self.queues = f"{task_queue}/"

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002 # the SDK's signature
    ) -> type[WorkflowInboundInterceptor]:
        """Return the interceptor of one run."""
        return type("MeasuredRun", (_Run,), {"measures": self.measures})

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 # the SDK's
        """Return the interceptor of attempts."""
        return _Attempts(next, self)


class _Run(WorkflowInboundInterceptor):
    measures: Measures

    def __init__(self, following: WorkflowInboundInterceptor) -> None:
        super().__init__(following)
        self.counts = self.measures.of_run()

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 # the SDK's signature
        run = workflow.instance()
        if not isinstance(run, Automation):
            return await super().execute_workflow(input)
        host.watch(self.counts.watch)
        try:
            answer = await super().execute_workflow(input)
        except (FailureError, CancelledError):  # anything else stalls the run, or continues it
            self.counts.ended(run)
            raise
        self.counts.ended(run)
        return answer

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002 # the SDK's signature
        host.watch(self.counts.watch)
        await super().handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002 # the SDK's signature
        host.watch(self.counts.watch)
        return await super().handle_update_handler(input)


class _Attempts(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, measuring: Measuring) -> None:
        super().__init__(following)
        self.measuring = measuring

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 # the SDK's signature
        info = activity.info()
        measuring = self.measuring
        if info.task_queue.startswith(measuring.queues) and (info.attempt == 1 or info.activity_type == TURN):
            seconds = (info.started_time - info.current_attempt_scheduled_time).total_seconds()
            measuring.measures.waited(info.task_queue.removeprefix(measuring.queues), "queue", seconds)
        if info.activity_type not in measuring.actions:
            return await super().execute_activity(input)
        attempt = _Attempt()
        with observed(attempt):
            try:
                answer = await super().execute_activity(input)
            except ApplicationError as error:
                self._failed(attempt, error)
                raise
            except CancelledError:
                self._sent(attempt, "canceled")
                raise
        self._sent(attempt, "ok")
        return answer

    def _failed(self, attempt: _Attempt, error: ApplicationError) -> None:
        if error.type == PENDING:
            return  # it has asked, and is told nothing yet
        details = cast("dict[str, Any]", error.details[0]) if error.details else {}
        limited = details.get("status") == TOO_MANY or "wait" in details
        if limited and (seconds := _told_to_wait(error, details)) is not None:
            self.measuring.measures.waited(attempt.name, "vendor", seconds)
        self._sent(attempt, "limited" if limited else RESULTS.get(str(error.type), "refused"))

    def _sent(self, attempt: _Attempt, result: str) -> None:
        if attempt.vendor is not None:
            self.measuring.measures.sent(attempt.name, attempt.vendor, result)


class _Attempt:
    """What one attempt uses; see `Observer`."""

    def __init__(self) -> None:
        self.name = NO_CONNECTION
        self.vendor: str | None = None

    def uses(self, name: str, kind: str) -> None:
        self.name, self.vendor = name, kind

    @contextmanager
    def sends(self, method: str, host: str, port: int) -> Iterator[Answered]:
        del method, host, port
        self.vendor = self.vendor or "http"
        yield _nobody


def _told_to_wait(error: ApplicationError, details: Mapping[str, Any]) -> float | None:
    """Return for how long nothing is sent, where the receiver or a pause says it."""
    if "wait" in details:
        return float(details["wait"])
    return None if error.next_retry_delay is None else error.next_retry_delay.total_seconds()


def _nobody(_status: int) -> None:
    """Look at no status: what became of the attempt is known at its end."""
