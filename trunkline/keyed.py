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


class Remembered(TypedDict):
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


class Recalled(TypedDict):
    """What is there: `value` is None where nothing is found."""

    found: bool
    value: Any


class Kept(TypedDict):
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

    kept: Kept | None
    answers: dict[str, Remembered]
    asked: str
