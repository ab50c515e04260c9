"""Where spans come from in a process that speaks to Temporal: an interceptor of its client, runs and attempts.

A span travels in the header that the tracing of Temporal's own SDKs uses, so that clients which have that are connected
too. Who starts a run without one is connected all the same: the trace's id comes of the chain's first run id.
"""

from __future__ import annotations

import json
from asyncio import CancelledError
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from opentelemetry.trace import SpanContext, SpanKind
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.client import OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.exceptions import FailureError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ContinueAsNewError

from activities.observing import observed
from workers.tracing.tracing import RunSpan, Tracing, current, failed, read, written

if TYPE_CHECKING:
    from activities.observing import Answered

HEADER = "_tracer-data"
ENDED = "ended"
CONTINUED = "continued"

RUN, STEP, ATTEMPT, OUTCOME = "trunkline.run", "trunkline.step", "trunkline.attempt", "trunkline.outcome"
CONNECTION, VENDOR = "trunkline.connection", "trunkline.vendor"

ERRORS = 400
"""Statuses from here on mean that a request has failed."""


class _WithHeaders(Protocol):
    headers: Mapping[str, Payload]


class TracingInterceptor(ClientInterceptor, Interceptor):
    """Makes spans of runs, of attempts and of what they send, and lets whatever is started know its own.

    Args:
        tracing: makes spans.
        workflows: the workflows that have a span; others, such as gates, are part of what asks them.
    """

    def __init__(self, tracing: Tracing, *workflows: type) -> None:
        self.tracing = tracing
        self.workflows = workflows

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 # the SDK's signature
        """Return the interceptor of what a client asks."""
        return _Client(next)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 # same
        """Return the interceptor of attempts."""
        return _Attempts(next, self.tracing)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002 # the SDK's signature
    ) -> type[WorkflowInboundInterceptor]:
        """Return the interceptor of one run."""
        return type("TracedRun", (_Run,), {"tracing": self.tracing, "workflows": self.workflows})


class _Client(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 # the SDK's
        _add(input, current())
        return await super().start_workflow(input)


class _Run(WorkflowInboundInterceptor):
    tracing: Tracing
    workflows: tuple[type, ...]
    span: RunSpan | None = None

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Asked(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 # the SDK's signature
        if not isinstance(workflow.instance(), self.workflows):
            return await super().execute_workflow(input)
        info = workflow.info()
        parent = _of(input.headers)
        span = self.span = self.tracing.run(info.workflow_type, info.run_id, info.first_execution_run_id, parent)
        try:
            answer = await super().execute_workflow(input)
        except ContinueAsNewError:
            self._ended(span, CONTINUED)
            raise
        except (FailureError, CancelledError):  # anything else stalls the run
            self._ended(span)
            raise
        self._ended(span)
        return answer

    def _ended(self, span: RunSpan, outcome: str | None = None) -> None:
        if workflow.unsafe.is_replaying():  # as it is where a run is put out of memory, which cancels it too
            return
        info = workflow.info()
        known = outcome or getattr(workflow.instance(), "outcome", None) or ENDED
        attributes = {RUN: info.workflow_id, OUTCOME: known}
        self.tracing.ran(info.workflow_type, span, info.workflow_start_time, workflow.now(), attributes)


class _Asked(WorkflowOutboundInterceptor):
    def __init__(self, following: WorkflowOutboundInterceptor, run: _Run) -> None:
        super().__init__(following)
        self.run = run

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002 # the SDK's
        _add(input, self._own())
        return super().start_activity(input)

    def start_local_activity(
        self,
        input: StartLocalActivityInput,  # noqa: A002 # the SDK's signature
    ) -> workflow.ActivityHandle[Any]:
        if ":" not in input.activity:  # what a run asks its worker has no span
            _add(input, self._own())
        return super().start_local_activity(input)

    async def start_child_workflow(
        self,
        input: StartChildWorkflowInput,  # noqa: A002 # the SDK's signature
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        _add(input, self._own())
        return await super().start_child_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 # the SDK's signature
        _add(input, None if self.run.span is None else self.run.span.parent)
        super().continue_as_new(input)

    def _own(self) -> SpanContext | None:
        return None if self.run.span is None else self.run.span.context


class _Attempts(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, tracing: Tracing) -> None:
        super().__init__(following)
        self.tracing = tracing

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 # the SDK's signature
        parent = _of(input.headers)
        if parent is None:
            return await super().execute_activity(input)
        info = activity.info()
        attributes: dict[str, str | int] = {RUN: info.workflow_id or "", STEP: info.activity_id, ATTEMPT: info.attempt}
        with (
            self.tracing.span(info.activity_type, SpanKind.INTERNAL, parent, attributes),
            observed(_Sent(self.tracing)),
        ):
            return await super().execute_activity(input)


class _Sent:
    """Makes spans of what an attempt sends; see `Observer`."""

    def __init__(self, tracing: Tracing) -> None:
        self.tracing = tracing
        self.connection: dict[str, str] = {}

    def uses(self, name: str, kind: str) -> None:
        self.connection = {CONNECTION: name, VENDOR: kind}

    @contextmanager
    def sends(self, method: str, host: str, port: int) -> Iterator[Answered]:
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "server.address": host,
            "server.port": port,
            **self.connection,
        }
        with self.tracing.span(method, SpanKind.CLIENT, None, attributes) as span:

            def answered(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= ERRORS:
                    failed(span, str(status))

            yield answered


def _add(input: _WithHeaders, context: SpanContext | None) -> None:  # noqa: A002 # as the SDK calls it
    if context is not None:
        data = json.dumps(written(context), separators=(",", ":")).encode()
        input.headers = {**input.headers, HEADER: Payload(metadata={"encoding": b"json/plain"}, data=data)}


def _of(headers: Mapping[str, Payload]) -> SpanContext | None:
    """Return the span that a header names; one that cannot be read names none: anybody may write it."""
    payload = headers.get(HEADER)
    if payload is None:
        return None
    try:
        carrier = json.loads(payload.data)
    except ValueError:
        return None
    return read({k: v for k, v in carrier.items() if isinstance(v, str)}) if isinstance(carrier, dict) else None
