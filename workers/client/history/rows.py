"""The rows of a history: what a run was started with, what it asked for, how that ended, and what came from outside.

Payloads and failures are as Temporal keeps them, perhaps encrypted; `workers/client/history/values.py` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.failure.v1 import Failure

Kind = Literal["completed", "failed", "timed_out", "canceled", "terminated"]
"""How something ended, in the words of Temporal's events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a run began.

    Attributes:
        at: when.
        workflow_type: the automation's name, or that of the type that serves runs.
        input: its arguments: the event, and what the run before it in its chain handed over.
        continues: run id of that one; None for the first of a chain.
    """

    at: datetime
    workflow_type: str
    input: Sequence[Payload]
    continues: str | None

    @property
    def handed_over(self) -> Payload | None:
        """Plan and state of the run before it, packed; None where it has begun with its event alone."""
        return self.input[1] if self.continues is not None and len(self.input) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEnd:
    """How an activity ended, or a run that another one started.

    Attributes:
        kind: how.
        event: id of the event that says so.
        at: when.
        result: what it came to, where it completed.
        failure: why it failed or was too late.
    """

    kind: Kind
    event: int
    at: datetime
    result: Sequence[Payload] = ()
    failure: Failure | None = None


@dataclass(slots=True, kw_only=True)
class Activity:
    """An activity, with all attempts at it.

    Attributes:
        event: id of the event that scheduled it.
        id: its activity id; a step that is repeated has several activities under one.
        name: its type.
        input: its arguments.
        attempts: how many there were, as far as Temporal has written down.
        last_failure: why the attempt before the last failed, where there was one.
        end: how it ended; None where it has not.
    """

    event: int
    id: str
    name: str
    input: Sequence[Payload]
    attempts: int = 1
    last_failure: Failure | None = None
    end: ActivityEnd | None = None


class LocalActivity(NamedTuple):
    """A question to the run's worker that was answered: its name, and the answer; None where it failed."""

    name: str
    result: Payload | None


@dataclass(slots=True, kw_only=True)
class StartedRun:
    """A run that the run started.

    Attributes:
        event: id of the event that says so.
        run: its workflow id.
        automation: its workflow type.
        input: its arguments.
        end: how it ended; None where it has not, or had not when the run continued as new.
    """

    event: int
    run: str
    automation: str
    input: Sequence[Payload]
    end: ActivityEnd | None = None


@dataclass(slots=True, kw_only=True)
class Update:
    """An update that the run took.

    Attributes:
        name: its name.
        input: its arguments.
        at: when it was taken.
        completed: id of the event with which it ended; None where it has not.
        result: its receipt; empty where it failed.
    """

    name: str
    input: Sequence[Payload]
    at: datetime
    completed: int | None = None
    result: Sequence[Payload] = ()


class Signal(NamedTuple):
    """A signal that came.

    Attributes:
        event: id of the event that says so.
        name: its name.
        input: its arguments.
        at: when.
    """

    event: int
    name: str
    input: Sequence[Payload]
    at: datetime


class ResetFrom(NamedTuple):
    """A reset that a run goes on from: the history that it left behind, and the event from which on they differ."""

    run: str
    event: int


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of a chain. One that was reset begins with the events before that, as if they were its own.

    Attributes:
        start: how it began.
        last: when the last thing happened in it.
        activities: its activities, in the order in which they were scheduled.
        local_activities: what it asked its worker, in order.
        calls: the runs that it started, in order.
        updates: the updates that it took, in order.
        signals: the signals that came, in order.
        memos: what it wrote into its memo, in order.
        resets: the resets that it goes on from, in order.
        closed: how it ended; None where it has not, or continued as new.
        continued_as: run id of the one that it continued as.
    """

    start: Start
    last: datetime
    activities: list[Activity] = field(default_factory=list)
    local_activities: list[LocalActivity] = field(default_factory=list)
    calls: list[StartedRun] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    memos: list[Mapping[str, Payload]] = field(default_factory=list)
    resets: list[ResetFrom] = field(default_factory=list)
    closed: Kind | None = None
    continued_as: str | None = None
