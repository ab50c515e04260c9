"""The types of events that automations know, what each brings, and an event of each as it might come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.definitions.checking.event_schema import judge
from workers.definitions.checking.json_schema.document import SchemaError
from workers.definitions.samples.known import EXAMPLES, TYPES
from workers.definitions.samples.schemas import sample
from workflows.event import KNOWN, VERSION, known_roots, matches
from workflows.language.errors import TemplateSyntaxError
from workflows.language.names import Segment
from workflows.language.template import compile_template, is_template

ID = "evt_sample"
SOURCE = "/sample"
TIME = "2026-11-23T09:00:00Z"
UNKNOWN = "text"
"""The example of a field of which only its name is known."""

BESIDE: Mapping[Any, int] = {"greater_than": 1, "less_than": -1}
"""How far from the value that a condition names one lies for which it holds."""

SUITING: Mapping[str, Any] = {"forEach": [UNKNOWN], "wait": "1m", "until": TIME}
"""What suits a place that wants no text."""

PLAIN = re.compile(r"\s*\{\{-?\s*[^|}]+?\s*(?:-?\}\}\s*$|\|\s*default\b)")
"""A text that is one value as it is, perhaps with another in its place."""

_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Taker:
    """An automation and what it says of the events that start it.

    Attributes:
        name: its name.
        event: the type, or pattern, of its trigger.
        declared: its trigger's `data`.
        read: the fields of the event that it reads, each with a value that it is compared with, if it is with one.
    """

    name: str
    event: str
    declared: Any = None
    read: Mapping[tuple[Segment, ...], Any] = field(default_factory=dict)


def takers_of(definition: Any) -> Iterator[Taker]:
    """Yield what a definition says of the events that start it, and of those that it waits for."""
    trigger = definition.get("trigger") if isinstance(definition, Mapping) else None
    if not isinstance(trigger, Mapping):
        return
    name = str(definition.get("name"))
    if isinstance(trigger.get("event"), str):
        yield Taker(name, trigger["event"], trigger.get("data"), _read(definition))
    for wait in _waits(definition):
        yield Taker(name, wait["event"], None, dict(_wanted(wait)))


def known_types(takers: list[Taker]) -> dict[str, list[str]]:
    """Return every type that is known, with the names of the automations that such events start."""
    types = dict.fromkeys([*(one for types in TYPES.values() for one in types), *(taker.event for taker in takers)])
    return {one: [taker.name for taker in takers if _takes(taker, one)] for one in types}


def is_known(event_type: str, takers: list[Taker]) -> bool:
    """Say whether anything is known of a type."""
    return known_roots(event_type) is not None or any(_takes(taker, event_type) for taker in takers)


def event_of(event_type: str, takers: list[Taker]) -> tuple[dict[str, Any], list[str]]:
    """Return an event of a type, and a sentence for each automation whose schema it does not fit.

    Args:
        event_type: a type, or a pattern such as `call.*`, of which one type is taken.
        takers: the automations of the folder.
    """
    concerned = [taker for taker in takers if _takes(taker, event_type)]
    data = {root: EXAMPLES[root] for root in known_roots(event_type) or {}}
    for taker in concerned:
        data = _laid(data, _declared(taker))
    for taker in concerned:
        for path, value in taker.read.items():
            data = _with(data, path, value)
    event = {
        "specversion": VERSION,
        "id": ID,
        "type": _plain(event_type, concerned),
        "source": SOURCE,
        "time": TIME,
        "data": data,
    }
    return event, [fault for taker in concerned if (fault := _fault(taker, data)) is not None]


def fields_of(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every field of an event's data as a template has it, with its example."""
    for key, value in data.items():
        yield from _fields(step("", key), value)


def _fields(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _fields(step(path, key), inner)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield from _fields(f"{path}[0]", value[0])
    else:
        yield path, value


def step(path: str, key: str) -> str:
    """Return the path of a key of what stands at a path, as a template has it."""
    if _DOTTED.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{key}]" if key.isdigit() else f'{path}["{key}"]'


def _takes(taker: Taker, event_type: str) -> bool:
    return matches(taker.event, event_type) or taker.event == event_type


def _plain(event_type: str, concerned: list[Taker]) -> str:
    """Return one type of a pattern: a usual one, else one that an automation names."""
    if not event_type.endswith(".*"):
        return event_type
    own = [taker.event for taker in concerned if not taker.event.endswith(".*")]
    usual = [one for pattern in KNOWN if pattern == event_type for one in TYPES.get(pattern, ())]
    return next(iter([*usual, *own]), f"{event_type[:-1]}sample")


def _declared(taker: Taker) -> dict[str, Any]:
    declared = taker.declared
    if isinstance(declared, Mapping):
        made = sample(declared)
        return made if isinstance(made, dict) else {}
    return {str(root): EXAMPLES.get(str(root), {}) for root in declared} if isinstance(declared, list) else {}


def _laid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return two objects as one; where both have a value, the second's counts."""
    found = dict(under)
    for key, value in over.items():
        earlier = found.get(key)
        both = isinstance(earlier, Mapping) and isinstance(value, Mapping)
        found[key] = _laid(earlier, value) if both else value  # type: ignore[arg-type] # both are objects here
    return found


def _with(data: Mapping[str, Any], path: tuple[Segment, ...], value: Any) -> dict[str, Any]:
    """Return data with a field that is read and was not there; what is no object stays as it is."""
    key, rest = str(path[0]), path[1:]
    inner = data.get(key)
    if not rest or isinstance(rest[0], int):
        return {**data, key: value if not rest else [value]} if key not in data else dict(data)
    if inner is not None and not isinstance(inner, Mapping):
        return dict(data)
    return {**data, key: _with(inner or {}, rest, value)}


def _fault(taker: Taker, data: Mapping[str, Any]) -> str | None:
    if not isinstance(taker.declared, Mapping):
        return None
    try:
        fault = judge(taker.declared)(data)
    except SchemaError as error:
        return f"{taker.name}: {error}"
    return None if fault is None else f"{taker.name}: {fault}"


def _read(definition: Mapping[str, Any]) -> dict[tuple[Segment, ...], Any]:
    """Return the fields of the event's own roots that a definition reads, each with a value that suits how it does."""
    trigger = definition["trigger"]
    declared = trigger.get("data")
    roots = set(declared) if isinstance(declared, list) else set()
    found = dict(_collected(trigger))
    for text, value in _texts(definition):
        for path in _paths(text):
            known = found.get(path, UNKNOWN)
            if len(path) > 1 and (path[0] in roots or _is_open(path)):
                found[path] = value if known == UNKNOWN else known
    return found


def _is_open(path: tuple[Segment, ...]) -> bool:
    """Say whether a path leads to a field that the documents leave open, as custom fields are."""
    return path[0] == "customFields" or (path[:2] == ("contact", "custom_fields") and len(path) > 2)  # noqa: PLR2004


def _collected(trigger: Mapping[str, Any]) -> Iterator[tuple[tuple[Segment, ...], Any]]:
    """Yield the values of the inputs that a trigger names."""
    inputs = trigger.get("inputs")
    for id_ in inputs.values() if isinstance(inputs, Mapping) else ():
        yield ("input", str(id_), "value"), "5"


def _waits(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every wait for an event that is somewhere in a definition."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for key, one in value.items() if isinstance(value, Mapping) else ():
        if key == "wait" and isinstance(one, Mapping) and isinstance(one.get("event"), str):
            yield one
    for one in inner:
        yield from _waits(one)


def _wanted(wait: Mapping[str, Any]) -> Iterator[tuple[tuple[Segment, ...], Any]]:
    """Yield the fields of the awaited event by which a wait knows it."""
    for text, value in _texts(wait.get("where")):
        yield from ((path[1:], value) for path in _paths(text) if path[0] == "wanted" and len(path) > 1)


def _texts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every text that may read a field, with a value that it is compared with."""
    if isinstance(value, Mapping):
        if isinstance(value.get("field"), str):
            text = value["field"]
            plain = not is_template(text) or PLAIN.fullmatch(text) is not None
            yield (text if is_template(text) else f"{{{{{text}}}}}"), _fitting(value) if plain else UNKNOWN
        for key, inner in value.items():
            if key in SUITING and isinstance(inner, str) and PLAIN.match(inner):
                yield inner, SUITING[key]
            elif key != "field":
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and is_template(value):
        yield value, UNKNOWN


def _fitting(test: Mapping[str, Any]) -> Any:
    """Return a value for which a test holds, as far as its own value says one."""
    operator, other = test.get("operator"), test.get("value")
    one = other[0] if isinstance(other, list) and other else other
    if isinstance(one, int | float) and not isinstance(one, bool) and operator in BESIDE:
        return one + BESIDE[operator]
    plain = isinstance(one, int | float) or (isinstance(one, str) and not is_template(one))
    return one if plain and operator in {"equals", "in", "contains", "greater_or_equal", "less_or_equal"} else UNKNOWN


def _paths(text: str) -> Iterator[tuple[Segment, ...]]:
    try:
        template = compile_template(text, secrets=True)
    except TemplateSyntaxError:
        return
    for reference in template.references:
        yield reference.path
