"""Spans as OpenTelemetry has them: of a request, of a run, of an attempt, and of what it sends to vendors.

No span holds a body, a header, a path, a query, the sentence of an error, or anything else that somebody wrote.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from workers.errors import TrunklineError

GROUP = "opentelemetry_traces_exporter"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}

NANOSECONDS = 1_000_000_000
TRACE_ID, SPAN_ID = 16, 8
"""Bytes."""

ERROR = "error.type"

PROPAGATOR = TraceContextTextMapPropagator()


def provider(names: Sequence[str], service: str) -> TracerProvider:
    """Return what makes spans and exports them, as OpenTelemetry's variables say.

    Raises:
        TrunklineError: an exporter is not installed.
    """
    named = os.environ.get("OTEL_SERVICE_NAME") or SERVICE_NAME in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    made = TracerProvider(resource=Resource.create({} if named else {SERVICE_NAME: service}), id_generator=Ids())
    for name in names:
        made.add_span_processor(BatchSpanProcessor(_exporter(name)))
    return made


def _exporter(name: str) -> SpanExporter:
    wanted = name
    if name == "otlp":
        protocol = next((os.environ[place] for place in PROTOCOLS if os.environ.get(place)), "http/protobuf")
        wanted = OTLP.get(protocol, protocol)
    found = next(iter(entry_points(group=GROUP, name=wanted)), None)
    if found is None:
        known = ", ".join(sorted({entry.name for entry in entry_points(group=GROUP)}))
        raise TrunklineError(
            f"Traces are to be exported by {wanted!r} (OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_PROTOCOL), and the "
            f"exporters installed here are {known}: install that one, or name one of these."
        )
    made: SpanExporter = found.load()()
    return made


class Ids(RandomIdGenerator):
    """Makes ids at random, but for a span that is given those that everybody who knows its run can tell."""

    def __init__(self) -> None:
        self._given: ContextVar[SpanContext | None] = ContextVar("given", default=None)

    def generate_trace_id(self) -> int:
        """Return the id of a trace that begins."""
        given = self._given.get()
        return super().generate_trace_id() if given is None else given.trace_id

    def generate_span_id(self) -> int:
        """Return the id of a span."""
        given = self._given.get()
        return super().generate_span_id() if given is None else given.span_id

    @contextmanager
    def given(self, context: SpanContext) -> Iterator[None]:
        """Give the ids of this context to the span that is made meanwhile."""
        token = self._given.set(context)
        try:
            yield
        finally:
            self._given.reset(token)


@dataclass(frozen=True, slots=True)
class RunSpan:
    """The span of one execution of a run, which is sent at its end and known from its beginning.

    Attributes:
        context: its ids: the trace's is that of who started it, or comes of the chain's first run id; its own comes
            of the run id.
        parent: the span of who started it, if that is known.
    """

    context: SpanContext
    parent: SpanContext | None


class Tracing:
    """Makes the spans of one process.

    Args:
        made: what makes and exports spans.
    """

    def __init__(self, made: TracerProvider) -> None:
        self.provider = made
        self.tracer = made.get_tracer("trunkline")

    def run(self, name: str, run_id: str, first_run_id: str, parent: SpanContext | None) -> RunSpan:
        """Return the span of an execution: the same whoever asks, as often as its history is replayed."""
        trace_id = _number(first_run_id, TRACE_ID) if parent is None else parent.trace_id
        if parent is None:
            decided = self.provider.sampler.should_sample(None, trace_id, name).decision is Decision.RECORD_AND_SAMPLE
            flags = TraceFlags(TraceFlags.SAMPLED if decided else TraceFlags.DEFAULT)
        else:
            flags = parent.trace_flags
        return RunSpan(SpanContext(trace_id, _number(run_id, SPAN_ID), is_remote=True, trace_flags=flags), parent)

    def ran(self, name: str, span: RunSpan, began: datetime, ended: datetime, attributes: Mapping[str, str]) -> None:
        """Send the span of an execution that has ended."""
        generator = self.provider.id_generator
        assert isinstance(generator, Ids)  # noqa: S101 # `provider` has made it
        with generator.given(span.context):
            made = self.tracer.start_span(
                name, _below(span.parent), SpanKind.CONSUMER, dict(attributes), start_time=_nanoseconds(began)
            )
        made.end(_nanoseconds(ended))

    @contextmanager
    def span(
        self, name: str, kind: SpanKind, parent: SpanContext | None, attributes: Mapping[str, str | int]
    ) -> Iterator[Span]:
        """Make a span of what happens meanwhile; of an error it has the type, which no secret is in.

        Args:
            name: what happens.
            kind: who asks whom.
            parent: the span that it is in; by default the one that is current.
            attributes: what is known about it.
        """
        with self.tracer.start_as_current_span(
            name,
            None if parent is None else _below(parent),
            kind,
            dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as made:
            try:
                yield made
            except BaseException as error:
                failed(made, getattr(error, "type", None) or type(error).__name__)
                raise


def failed(span: Span, kind: str) -> None:
    """Mark a span as failed.

    Args:
        span: the span.
        kind: the type of the error, or a status.
    """
    span.set_attribute(ERROR, kind)
    span.set_status(Status(StatusCode.ERROR))


def current() -> SpanContext | None:
    """Return the span in whose context this is called, if there is one."""
    found = trace.get_current_span().get_span_context()
    return found if found.is_valid else None


def written(context: SpanContext) -> dict[str, str]:
    """Return a span as W3C's headers name it."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, _below(context))
    return carrier


def read(carrier: Mapping[str, str]) -> SpanContext | None:
    """Return the span that W3C's headers name, if they do."""
    found = trace.get_current_span(PROPAGATOR.extract(carrier, Context())).get_span_context()
    return found if found.is_valid else None


def _below(context: SpanContext | None) -> Context:
    return Context() if context is None else trace.set_span_in_context(NonRecordingSpan(context), Context())


def _number(text: str, size: int) -> int:
    """Return a number of so many bytes that a text stands for; a UUID itself is too regular for samplers."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big")


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * NANOSECONDS)
