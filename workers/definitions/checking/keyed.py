"""Whether what is found by a key can be: the event that a step waits for, and the runs of one `perKey`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workers.definitions.checking.saved import VisibleNames
from workers.definitions.checking.values import ValueChecks
from workflows.waited import WANTED, keys_in

KEYLESS = (
    "Nothing says which event is meant: a field of `wanted` must equal a value, under `all`.",
    "write {field: wanted.ticket.id, operator: equals, value: '{{ticket.id}}'}, or such",
)
"""What is wrong with a wait that could be looked up by nothing."""


def check_event_wait(values: ValueChecks, wait: Mapping[str, Any], place: str, scope: VisibleNames) -> None:
    """Check what a step says about the event that it waits for.

    Args:
        values: checks the values of the definition.
        wait: what stands under `wait`.
        place: JSON pointer to it.
        scope: what templates of the step see.
    """
    where = wait.get("where")
    if where is not None and not isinstance(where, Mapping):
        return  # its shape is wrong already
    before = values.findings.count
    values.condition(where, f"{place}/where", replace(scope, about=WANTED))
    if values.findings.count == before and next(keys_in(where), None) is None:
        values.findings.add("wait-without-key", place if where is None else f"{place}/where", *KEYLESS)


def check_per_key(values: ValueChecks, per_key: Any, trigger: Any) -> None:
    """Check what a definition says about runs for the same key."""
    if not isinstance(per_key, Mapping):
        return
    values.template(per_key.get("key"), "/perKey/key", VisibleNames())
    if isinstance(trigger, Mapping) and trigger.get("schedule") is not None:
        sentence = "`perKey` is about runs that events start, and a schedule starts these."
        values.findings.add("unused-key", "/perKey", sentence, key=True)
