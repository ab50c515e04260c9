"""Temporal runtimes for workers: with their warnings in our log and, where asked, with metrics."""

from __future__ import annotations

import contextlib
import logging
import socket

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from workers.errors import TrunklineError
from workers.process.measures import BUCKETS
from workers.settings import ListenAddress

PORT_TRIES = 20


def plain_runtime() -> Runtime:
    """Return a runtime that writes Temporal's own warnings to our log."""
    return _runtime(None)


def measured_runtime() -> tuple[Runtime, ListenAddress]:
    """Return a runtime that exports its metrics on this machine only, at a port that was free."""
    for _ in range(PORT_TRIES):
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = ListenAddress(*free.getsockname())
        metrics = PrometheusConfig(
            bind_address=str(address),
            counters_total_suffix=True,
            durations_as_seconds=True,
            histogram_bucket_overrides=BUCKETS,
        )
        with contextlib.suppress(ValueError):  # another process has taken the port since
            return _runtime(metrics), address
    raise TrunklineError("No port for Temporal's metrics could be had on this machine.")


def _runtime(metrics: PrometheusConfig | None) -> Runtime:

    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporal.core"), append_target_to_name=False, prepend_target_on_message=False
    )
    logging_config = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding)
    return Runtime(telemetry=TelemetryConfig(metrics=metrics, logging=logging_config))
