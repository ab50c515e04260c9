"""The JSON Schema that a trigger declares: whether it is one, and how it judges events on arrival, in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.json_schema.applicators import checks_of
from workers.definitions.checking.json_schema.document import SchemaError, read
from workers.definitions.checking.json_schema.work import Work, WorkLimitError
from workers.definitions.model.steps import escape

Judge = Callable[[Any], str | None]
"""Says in a sentence why an event's data is not what its trigger declares, or None where it is."""

MOST_STEPS = 250_000
"""Values of an event times the subschemas that judge them, and what these do: about 0.1 s at most."""


def judge(schema: Mapping[str, Any]) -> Judge:
    """Return what judges events' data by a JSON Schema (draft 2020-12); patterns are RE2, `format` is no assertion.

    Raises:
        SchemaError: it is no JSON Schema, refers to another document, or unfolds to too much.
    """
    schemas = read(schema)
    checks = checks_of(schemas)
    notes = any(at[0] in {"unevaluatedItems", "unevaluatedProperties"} for one in schemas for at in one.children)

    def say(data: Any) -> str | None:
        try:
            fault = Work(checks, MOST_STEPS, notes).visit(schemas[0], data, None)
        except WorkLimitError as reason:
            return (
                f"The event's data is {reason} for the schema that the trigger declares: judging it may take "
                f"{MOST_STEPS:,} steps (values times the subschemas that judge them)."
            )
        if fault is None:
            return None
        place = ".".join(["data", *map(str, fault.keys)])
        return f"The event's {place[:300]} is not what the trigger declares: {str(fault)[:300]}."

    return say


def check_schema(findings: Findings) -> None:
    """Refuse a `trigger.data` that is an object and no JSON Schema."""
    declared = findings.at("/trigger/data")
    if isinstance(declared, dict):
        try:
            read(declared)
        except SchemaError as error:
            pointer = "/trigger/data" + "".join(f"/{escape(part)}" for part in error.path)
            findings.add("bad-schema", pointer, str(error))
