"""What crosses about keys: names and messages of the small workflows that are found by the keyed hash of a key.

A kept value is what `remember` keeps; subscriptions are the runs that wait for an event; a gate lets the runs of one
key in. No key stands in a workflow id: `workers/payloads/keyed_hash.py` makes the ids.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

KEYED = "trunkline:keyed"
"""Task queue of these workflows, the same for all workers of a namespace."""

# Kept values.

VALUE = "trunkline:value"
"""Workflow type of a kept value; its id begins with it."""

REMEMBER = "remember"
"""Update that changes a kept value, once for each step."""

RECALL = "recall"
"""Update that reads one."""

LONGEST_KEY = 500
"""Characters of a key."""

LARGEST_VALUE = 16 * 1024
"""Bytes of a kept value as JSON."""


class Change(TypedDict):
    """What a step does to a kept value: exactly one of `value` and `add`.

    Attributes:
        step: idempotency key of the step, for which the change is made once.
        value: what is stored.
        add: what is added to the number that is there.
        lasts: milliseconds after which nothing is there any more.
        absent: whether it is stored only where nothing is there.
    """

    step: str
    value: NotRequired[Any]
    add: NotRequired[int | float]
    lasts: int
    absent: NotRequired[Literal[True]]


class RememberAnswer(TypedDict):
    """What became of a change.

    Attributes:
        first: whether nothing was there.
        before: what was there; None where nothing was.
        value: what is there afterwards.
        changed: whether that differs from what was there before.
        stored: whether it was stored.
    """

    first: bool
    before: Any
    value: Any
    changed: bool
    stored: bool


class RecallAnswer(TypedDict):
    """What is there: `value` is None where nothing is found."""

    found: bool
    value: Any


class LastingValue(TypedDict):
    """A kept value, and until when it is there (ISO 8601)."""

    value: Any
    until: str


class KeptState(TypedDict):
    """What the workflow of a kept value begins with, where its history became long.

    Attributes:
        kept: the value; None where nothing is there.
        answers: what steps were answered, by idempotency key, the oldest first.
        asked: when it was last changed (ISO 8601).
    """

    kept: LastingValue | None
    answers: dict[str, RememberAnswer]
    asked: str


# Subscriptions: runs that wait for an event.

SUBSCRIPTIONS = "trunkline:subscriptions"
"""Workflow type of a list of subscriptions; its id begins with it."""

JOIN = "join"
"""Update that adds a subscription to a list, or lets it last longer."""

LEAVE = "leave"
"""Signal that takes one out, by its name."""

MEMBERS = "members"
"""Query for the subscriptions of a list, by name."""

SUBSCRIBE = "trunkline:subscribe"
"""Activity by which a run subscribes; it answers with the workflow id of the list."""

UNSUBSCRIBE = "trunkline:unsubscribe"
"""Activity by which a run leaves a list."""

DELIVER = "trunkline:deliver"
"""Activity that brings an event to every run that waits for it."""

ARRIVE = "deliver"
"""Signal that brings an event to a run."""


class Subscription(TypedDict):
    """Who is on a list, and until when (ISO 8601)."""

    automation: str
    until: str


class Joining(TypedDict):
    """The argument of `JOIN`: a subscription under its name."""

    name: str
    subscription: Subscription


class Wish(TypedDict):
    """What a run waits for: the argument of `SUBSCRIBE`.

    Attributes:
        event: the type of the events, or `ticket.*` for all that begin so.
        field: path of what is compared (`wanted.ticket.id`); without one, every event of the type is meant.
        value: what it must equal.
        run: workflow id of the run.
        automation: name of its automation.
        until: until when (ISO 8601).
    """

    event: str
    field: NotRequired[str]
    value: NotRequired[Any]
    run: str
    automation: str
    until: str


class Leaving(TypedDict):
    """The argument of `UNSUBSCRIBE`: which list a run leaves."""

    list: str
    run: str


class EventDelivery(TypedDict):
    """A run that an event was brought to."""

    automation: str
    workflowId: str


class Arrival(TypedDict):
    """An event that arrived at a run, and the how manieth it was."""

    number: int
    event: dict[str, Any]


class ArrivalsState(TypedDict):
    """What a run hands over of the events that arrived.

    Attributes:
        count: how many have arrived.
        kept: those that no step has taken.
        taken: source and id of those that a step has taken, and of the run's own event.
        dropped: how many were dropped, because more came than a run keeps.
        early: the lists that the run subscribed to when it began, by step id.
    """

    count: int
    kept: list[Arrival]
    taken: list[list[str]]
    dropped: int
    early: dict[str, str]


# Gates: which runs of one key go on, and when.

GATE = "trunkline:gate"
"""Workflow type of a gate; its id begins with it."""

ENTER = "enter"
"""Signal by which a run comes to a gate."""

TRY = "try"
"""Update by which a run that is not started yet enters where nobody is inside; it answers who is, if anybody."""

LEFT = "left"
"""Signal that a run has left the gate, by its workflow id."""

PASSED = "gate"
"""Signal by which a gate tells a run what became of it."""

COME = "trunkline:come"
"""Activity that brings a run to its gate; it answers who is inside, where that keeps the run from being started."""

LEAVE_GATE = "trunkline:leave"
"""Activity that tells a gate that a run has ended."""

STANDING = "trunkline:standing"
"""Activity by which a gate asks how a run stands."""

PER_KEY = "perKey"
"""Name in the memo of a run of what its automation's `perKey` came to."""

Mode = Literal["restart", "queue", "skip", "debounce"]
Standing = Literal["running", "ended", "missing"]


class Admission(TypedDict):
    """What the `perKey` of an automation came to for an event; times in milliseconds."""

    key: str
    mode: Mode
    quiet: NotRequired[int]
    atMost: NotRequired[int]


class Entrance(TypedDict):
    """A run that comes to its gate, or leaves it."""

    run: str
    automation: str
    admission: Admission


class GateAnswer(TypedDict, total=False):
    """What a gate tells a run: that it may go on, or why it does not.

    Attributes:
        admitted: it goes on.
        skipped: why it ends without having begun.
        replaced: why it is canceled.
    """

    admitted: Literal[True]
    skipped: str
    replaced: str


class Inside(TypedDict):
    """Who keeps others from being started."""

    run: str | None


class GateState(TypedDict):
    """What a gate knows.

    Attributes:
        inside: the run that others wait for, or that a later one replaces.
        entered: when it entered (ISO 8601).
        waiting: the runs that wait, in the order in which they came.
        first: when the first event came that a quiet time is waited for (ISO 8601).
        due: when the quiet time is over.
        seen: the last runs that came, so that none comes twice.
    """

    inside: str | None
    entered: str
    waiting: list[str]
    first: str | None
    due: str | None
    seen: list[str]
