"""Whether traces are wanted: OpenTelemetry's own variables say so. Reading them loads nothing of OpenTelemetry."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.client import Interceptor

    from workers.tracing.tracing import Tracing

EXPORTERS = "OTEL_TRACES_EXPORTER"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
DISABLED = "OTEL_SDK_DISABLED"
OFF = "none"

PARTING = 3.0
"""Seconds in which the last spans are sent."""


def exporters(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names of the exporters that the environment asks for: none where traces are off.

    They are off unless `OTEL_TRACES_EXPORTER` names one, or an `OTEL_EXPORTER_OTLP_…ENDPOINT` says where they go.
    """
    if environ.get(DISABLED, "").strip().lower() == "true":
        return []
    named = [name.strip() for name in environ.get(EXPORTERS, "").split(",") if name.strip()]
    if not named and any(environ.get(place, "").strip() for place in ENDPOINTS):
        named = ["otlp"]
    return [] if OFF in named else named


@contextmanager
def traced(service: str) -> Iterator[Tracing | None]:
    """Export traces while the context lasts, where they are wanted; what is left is sent at its end.

    Args:
        service: what the process is called where `OTEL_SERVICE_NAME` does not say.

    Raises:
        TrunklineError: they are wanted, and OpenTelemetry or the exporter is not installed.
    """
    names = exporters()
    if not names:
        yield None
        return
    try:
        from workers.tracing.tracing import Tracing, provider
    except ImportError as error:
        raise TrunklineError(
            f"The environment asks for traces (OTEL_…), and {error.name} is not installed: "
            "`pip install 'trunkline[otel]'`, build the image with EXTRAS=otel, or set OTEL_TRACES_EXPORTER=none."
        ) from None
    made = provider(names, service)
    try:
        yield Tracing(made)
    finally:
        sending = Thread(target=made.shutdown, daemon=True)
        sending.start()
        sending.join(PARTING)  # a collector that is away must not outlast the grace


def interceptors(tracing: Tracing | None, *workflows: type) -> Sequence[Interceptor]:
    """Return what makes the spans of a client, and of these workflows of its workers: nothing where traces are off."""
    if tracing is None:
        return ()
    from workers.tracing.interceptor import TracingInterceptor

    return (TracingInterceptor(tracing, *workflows),)
