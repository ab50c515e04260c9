"""What a worker counts of its runs, beside what Temporal's SDK counts of its tasks; docs/operating.md has the names.

A replay counts nothing, and neither does a run that leaves the memory of its worker or continues as new: each end is
counted where it happened, by one process. But Temporal also has tasks done again that are no replay to it: for a query
of a run that is in nobody's memory, and where a task ended before it wrote anything down. What a run tells comes in the
same order each time, so a process counts on from where it was. Series begin with 0, as one that begins with 1 shows no
increase.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import Lock
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

REMEMBERED = 10_000
"""Runs of which a process remembers how much of them it has counted."""

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
        self._counted = Counted(REMEMBERED)
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

    def of_run(self) -> RunMeasures:
        """Return what counts one run, as long as it is in memory."""
        return RunMeasures(self._watched, self._counted, self._run_ended)

    def _run_ended(self, run: Automation) -> None:
        if run.outcome is None:
            self._events.add(1)
        else:
            self._runs.add(1, {"outcome": run.outcome})

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


class Counted:
    """How many facts of each run were counted; it forgets runs of which nothing came for long. For many threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._facts: OrderedDict[str, int] = OrderedDict()
        self._alone = Lock()

    def first(self, run_id: str, fact: int) -> bool:
        """Say whether a run's fact of this number comes for the first time."""
        with self._alone:
            if fact <= self._facts.get(run_id, 0):
                return False
            self._facts[run_id] = fact
            self._facts.move_to_end(run_id)
            if len(self._facts) > self.most:
                self._facts.popitem(last=False)
            return True


class RunMeasures:
    """Counts what one run finds out, and that it ended."""

    def __init__(
        self, watched: Mapping[str, Callable[..., None]], counted: Counted, end: Callable[[Automation], None]
    ) -> None:
        self._watched = watched
        self._counted = counted
        self._end = end
        self._facts = 0

    def watch(self, what: str, **facts: Any) -> None:
        """Count what the run finds out (see `workflows.host.Watcher`)."""
        if (counter := self._watched.get(what)) is not None and self._new():
            counter(**facts)

    def ended(self, run: Automation) -> None:
        """Count that the run has ended."""
        if self._new():
            self._end(run)

    def _new(self) -> bool:
        self._facts += 1
        # a run that is put out of memory is canceled too, and is replaying then
        return not workflow.unsafe.is_replaying() and self._counted.first(host.info().run_id, self._facts)
