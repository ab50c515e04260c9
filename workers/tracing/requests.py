"""The span of a request that a server of ours answers, and of a command that starts runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.tracing.tracing import Tracing

BROKEN = 500


@contextmanager
def request_span(
    tracing: Tracing | None, method: str, route: str, headers: Mapping[str, str]
) -> Iterator[Callable[[int], None]]:
    """Make a span of a request, below the span that its sender names; what is yielded is told the answer's status.

    Args:
        tracing: makes spans, where traces are on.
        method: GET, POST, …
        route: what it is for, in words of ours.
        headers: the request's, of which `traceparent` and `tracestate` count.
    """
    if tracing is None:
        yield _nobody
        return
    from opentelemetry.trace import SpanKind

    from workers.tracing.tracing import failed, read

    sender = read({name.lower(): value for name, value in headers.items()})
    attributes = {"http.request.method": method, "http.route": route}
    with tracing.span(f"{method} {route}", SpanKind.SERVER, sender, attributes) as span:

        def answered(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= BROKEN:
                failed(span, str(status))

        yield answered


@contextmanager
def command_span(tracing: Tracing | None, name: str) -> Iterator[None]:
    """Make a span of a command, so that all runs that it starts are in one trace.

    Args:
        tracing: makes spans, where traces are on.
        name: the command's.
    """
    if tracing is None:
        yield
        return
    from opentelemetry.trace import SpanKind

    with tracing.span(name, SpanKind.PRODUCER, None, {}):
        yield


def _nobody(_status: int) -> None:
    """Tell nobody, as traces are off."""
