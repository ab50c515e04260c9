"""Events that a step waits for: which it wants, and by what they are looked up. Nothing here knows Temporal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from workflows.event import matches
from workflows.language.condition import Condition, compile_condition
from workflows.language.instants import nanoseconds
from workflows.language.scope import Missing, Spent
from workflows.language.template import (
    Template,
    TemplateError,
    TemplateSyntaxError,
    compile_path,
    compile_template,
    is_template,
)
from workflows.language.values import is_number, json_number_in

WANTED = "wanted"
"""The root under which `where` finds the data of the event that has arrived."""

START = "start"
"""`since` of a wait for which events count from when the run began."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupKey:
    """What an event is looked up by: a field of it must equal a value.

    Attributes:
        field: the field's path, as its author wrote it (`wanted.ticket.id`).
        value: what it must equal.
    """

    field: str
    value: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitedEvent:
    """The event that a step waits for.

    Attributes:
        pattern: its type, or `ticket.*` for all that begin so.
        where: what must hold for it.
        keys: what it may be looked up by; those that depend on the run's data come first.
        at_most: how long it is waited for.
        since_start: whether it counts from when the run began.
    """

    pattern: str
    where: Condition
    keys: tuple[LookupKey, ...]
    at_most: timedelta
    since_start: bool

    def wants(
        self, event: Mapping[str, Any], roots: Mapping[str, Any], now: datetime, spent: Spent | None = None
    ) -> bool:
        """Say whether this is the event; one for which `where` cannot be judged is not.

        Args:
            event: the whole event.
            roots: what templates of the step see.
            now: the run's time.
            spent: is told how much work it was.
        """
        if not matches(self.pattern, event["type"]):
            return False
        try:
            return self.where.holds({**roots, WANTED: event["data"]}, now, spent)
        except TemplateError:
            return False


def compile_waited(plan: Mapping[str, Any]) -> WaitedEvent:
    """Return what a step of a plan waits for."""
    keys = [LookupKey(field=field, value=compile_template(value)) for field, value in keys_in(plan["where"])]
    return WaitedEvent(
        pattern=plan["event"],
        where=compile_condition(plan["where"]),
        keys=tuple(sorted(keys, key=lambda key: key.value.constant)),
        at_most=timedelta(milliseconds=plan["atMost"]),
        since_start=plan.get("since") == START,
    )


def keys_in(where: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of `wanted` that must equal a value wherever conditions hold, with the value as written."""
    if not isinstance(where, Mapping):
        return
    if isinstance(where.get("all"), list):
        for part in where["all"]:
            yield from keys_in(part)
        return
    field = where.get("field")
    if where.get("operator") != "equals" or not isinstance(field, str) or is_template(field):
        return
    try:
        (path,) = compile_path(field).references
        value = compile_template(where.get("value"))
    except (TemplateSyntaxError, ValueError):
        return
    if path.path[0] == WANTED and len(path.path) > 1 and all(one.path[0] != WANTED for one in value.references):
        yield field.strip(), where.get("value")


def patterns(event_type: str) -> list[str]:
    """Return every way in which a step may name the events of a type: `a.b.c`, `a.*`, `a.b.*`."""
    return [event_type, *(f"{event_type[: at + 1]}*" for at, letter in enumerate(event_type) if letter == ".")]


def found_at(field: str, data: Mapping[str, Any]) -> Any:
    """Return what an event's data has at the path of a key; None where it has nothing."""
    value = compile_path(field).render({WANTED: data}, EPOCH).value
    return None if isinstance(value, Missing) else value


def canonical(value: Any) -> str:
    """Return a text that is the same for two values that `equals` takes for the same.

    It may be the same for others too: whoever finds an event by it judges it once more.
    """
    number = json_number_in(value) if isinstance(value, str) else value
    if is_number(number):
        return f"number {int(number) if isinstance(number, float) and number.is_integer() else number}"
    if isinstance(value, str):
        instant = nanoseconds(value)
        return f"text {value}" if instant is None else f"instant {instant}"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else f"{value}"
