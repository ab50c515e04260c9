"""What a worker counts of its runs, beside what Temporal's SDK counts of its tasks; docs/operating.md has the names.

A replay counts nothing, and neither does a run that leaves the memory of its worker or continues as new: each end is
counted where it happened, by one process. Series begin with 0, as one that begins with 1 shows no increase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from temporalio import workflow

from trunkline.wire import Entry, Status
from workflows import host
from workflows.automation import Automation
from workflows.holds.hold import Hold
from workflows.program import ActionStep, Step

if TYPE_CHECKING:
    from temporalio.common import MetricMeter

OUTCOMES = ("completed", "failed", "rejected", "skipped", "canceled")
CLASSES = ("safe", "keyed", "never")
STATUSES: tuple[Status, ...] = ("succeeded", "failed", "unknown", "rejected", "expired", "skipped", "canceled")
KINDS = ("approval", "failure")
RESULTS = ("ok", "refused", "limited", "unavailable", "unknown", "failed", "canceled")
"""What became of an attempt: `limited` is an answer 429 or a paused account, `failed` a defect of the action."""

NO_CONNECTION = "none"
"""The connection of what is sent without one, as `http_request` does; its vendor is `http`."""

BUCKETS: Mapping[str, list[float]] = {
    "trunkline_hold_seconds": [60, 300, 900, 3600, 14400, 86400, 259200, 604800],
    "trunkline_rate_limit_wait_seconds": [0.1, 0.5, 1, 5, 15, 60, 300, 1800],
}


class Measures:
    """The instruments of one worker process.

    Args:
        meter: makes them.
        connections: name and kind of every usable connection.
    """

    def __init__(self, meter: MetricMeter, connections: Iterable[tuple[str, str]]) -> None:
        self._runs = meter.create_counter("trunkline_runs", "Runs that have ended, by outcome.")
        self._events = meter.create_counter("trunkline_dispatched_events", "Runs of the type event that have ended.")
        self._steps = meter.create_counter("trunkline_steps", "Action steps that have ended, by class and status.")
        self._unknown = meter.create_counter("trunkline_unknown_outcomes", "Sends of which nobody knows the outcome.")
        self._opened = meter.create_counter("trunkline_holds_opened", "Holds that were opened, by kind.")
        self._held = meter.create_histogram_float(
            "trunkline_hold_seconds", "How long holds were open that are closed, by kind and decision.", "s"
        )
        self._sends = meter.create_counter("trunkline_sends", "Attempts that send, by vendor, connection and result.")
        self._waits = meter.create_histogram_float(
            "trunkline_rate_limit_wait_seconds", "How long sends waited for a limit, by connection and cause.", "s"
        )
        self._watched: Mapping[str, Callable[..., None]] = {
            host.ENDED: self._step_ended,
            host.FAILED: self._step_failed,
            host.OPENED: self._hold_opened,
            host.CLOSED: self._hold_closed,
        }
        self._begin([*connections, (NO_CONNECTION, "http")])

    def _begin(self, connections: Iterable[tuple[str, str]]) -> None:
        self._unknown.add(0)
        self._events.add(0)
        for outcome in OUTCOMES:
            self._runs.add(0, {"outcome": outcome})
        for kind in KINDS:
            self._opened.add(0, {"kind": kind})
        for repeats in CLASSES:
            for status in STATUSES:
                self._steps.add(0, {"class": repeats, "status": status})
        for name, kind in connections:
            for result in RESULTS:
                self._sends.add(0, {"vendor": kind, "connection": name, "result": result})

    def ended(self, run: Automation) -> None:
        """Count a run that has ended."""
        if run.outcome is None:
            self._events.add(1)
        else:
            self._runs.add(1, {"outcome": run.outcome})

    def watch(self, what: str, **facts: Any) -> None:
        """Count what a run finds out (see `workflows.host.Watcher`)."""
        counter = self._watched.get(what)
        if counter is not None and not workflow.unsafe.is_replaying():
            counter(**facts)

    def _step_ended(self, step: Step, entry: Entry) -> None:
        if isinstance(step, ActionStep):
            self._steps.add(1, {"class": step.repeat, "status": entry["status"]})

    def _step_failed(self, classes: Iterable[str], **_: Any) -> None:
        if "unknown" in classes:
            self._unknown.add(1)

    def _hold_opened(self, hold: Hold) -> None:
        self._opened.add(1, {"kind": hold.kind})

    def _hold_closed(self, hold: Hold) -> None:
        decision = "none" if hold.decision is None else hold.decision["decision"]
        seconds = (host.now() - datetime.fromisoformat(hold.openedAt)).total_seconds()
        self._held.record(max(seconds, 0), {"kind": hold.kind, "decision": decision})

    def sent(self, name: str, vendor: str, result: str) -> None:
        """Count an attempt that has used a connection, or sent without one."""
        self._sends.add(1, {"vendor": vendor, "connection": name, "result": result})

    def waited(self, name: str, cause: str, seconds: float) -> None:
        """Count the seconds that something waited because of a limit: in its `queue`, or as the `vendor` says."""
        self._waits.record(max(seconds, 0), {"connection": name, "cause": cause})
