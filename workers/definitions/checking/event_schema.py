"""The JSON Schemas of a definition: whether they are such, and how a trigger's judges events in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from activities.action import Action, Schema, marked
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.json_schema.applicators import checks_of
from workers.definitions.checking.json_schema.document import SchemaError, read
from workers.definitions.checking.json_schema.work import Work, WorkLimitError
from workers.definitions.model.steps import escape, steps

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


def check_schemas(findings: Findings, catalog: Mapping[str, Action]) -> None:
    """Refuse a `trigger.data` that is an object and no JSON Schema, and such fields of configs."""
    _check(findings, findings.at("/trigger/data"), "/trigger/data")
    for place, step, _ in steps(findings.data):
        name, config = step.get("actionType"), step.get("config")
        if isinstance(name, str) and name in catalog and isinstance(config, Mapping):
            for key, _mark in marked(catalog[name].config, config, Schema):
                _check(findings, config[key], f"{place}/config/{escape(key)}")


def _check(findings: Findings, schema: Any, pointer: str) -> None:
    if isinstance(schema, dict):
        try:
            read(schema)
        except SchemaError as error:
            findings.add("bad-schema", pointer + "".join(f"/{escape(part)}" for part in error.path), str(error))
