"""What the gateway counts, as Prometheus text."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from workers.gateway.noted import RequestNotes
from workers.gateway.waiting import Waiting

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; beyond the last one senders have given up."""

PREFIX = "trunkline_gateway"


class Counters:
    """Requests by route, events by source, decisions by door, since the start."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            f"{PREFIX}_requests", "Requests by route and status.", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            f"{PREFIX}_request_seconds", "Time to answer.", ["route"], buckets=BUCKETS, registry=self._registry
        )
        self._events = Counter(
            f"{PREFIX}_events", "Events by source and status.", ["source", "status"], registry=self._registry
        )
        self._decisions = Counter(
            f"{PREFIX}_decisions", "Decisions by door and result.", ["door", "result"], registry=self._registry
        )

    def answered(self, route: str, status: int, seconds: float, known: RequestNotes) -> None:
        """Count a request.

        Args:
            route: what it was for, as `/events` or `/hooks/zendesk`: never what a stranger made up.
            status: what it was answered with.
            seconds: how long that took.
            known: what the door has learned of it.
        """
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if known.source is not None:
            self._events.labels(known.source, str(status)).inc(max(1, len(known.events)))
        if known.decision is not None:
            self.decided("page", known.decision)

    def decided(self, door: str, result: str) -> None:
        """Count a decision.

        Args:
            door: by which it came, as `page`.
            result: what the run answered, as `accepted` or `stale`.
        """
        self._decisions.labels(door, result).inc()

    def text(self, waiting: Waiting | None = None) -> str:
        """Return everything that was counted, and what waits for people now, where that is known."""
        text = generate_latest(self._registry).decode()
        return text if waiting is None else text + _gauges(waiting)


def _gauges(waiting: Waiting) -> str:
    registry = CollectorRegistry()
    runs = Gauge(f"{PREFIX}_runs_with_open_holds", "Runs that wait for somebody's decision.", registry=registry)
    runs.set(waiting.runs)
    if waiting.oldest is not None:
        age = Gauge(f"{PREFIX}_oldest_open_hold_age_seconds", "How long the oldest of them waits.", registry=registry)
        age.set(round(waiting.oldest))
    return generate_latest(registry).decode()
