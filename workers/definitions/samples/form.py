"""What an automation asks for, as a form has it: the fields of its event's data and the inputs that callers gave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from workers.definitions.samples.events import step, takers_of
from workers.definitions.samples.schemas import unfolded

DEEPEST = 12
"""Levels of objects down to which fields are listed."""

MOST = 1_000
"""Fields that are listed: a schema that refers to itself has no end."""

TYPES: Mapping[str, str] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list",
    "null": "null",
}
ANYTHING = "anything"

CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a word of `callAgain` begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One thing that an automation asks for.

    Attributes:
        field: its path, as a template has it.
        type: what it holds, in words.
        label: what people call it.
        required: whether it must be there.
        default: what it is unless somebody says otherwise, as far as the schema tells.
        choices: the values that it may have; None: any of its type.
        description: what the schema says of it.
        input: the id of the step of a call flow that asks for it.
    """

    field: str
    type: str
    label: str
    required: bool = False
    default: Any = None
    choices: list[Any] | None = None
    description: str | None = None
    input: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, under the names of its attributes."""
        return asdict(self)


def form_of(definition: Mapping[str, Any]) -> list[FormField]:
    """Return what a definition asks for: what its schema declares, else what it reads of the roots that it declares."""
    trigger = definition.get("trigger")
    trigger = trigger if isinstance(trigger, Mapping) else {}
    declared, inputs = trigger.get("data"), trigger.get("inputs")
    found = [*_named(inputs)] if isinstance(inputs, Mapping) else []
    if isinstance(declared, Mapping):
        fields = _declared(declared, unfolded(declared, declared), "", required=True, depth=0)
        return [*islice(fields, MOST), *found]
    roots = declared if isinstance(declared, list) else []
    own = next(iter(takers_of(definition)), None)
    paths = [path for path in (own.read if own else {}) if path[0] in roots]
    read = [_path(path) for path in paths] + [root for root in roots if not any(path[0] == root for path in paths)]
    return [*(FormField(field=field, type=ANYTHING, label=label(field)) for field in dict.fromkeys(read)), *found]


def label(field: str) -> str:
    """Return a field's name as people read it: `order.contact_email` is "Contact email"."""
    words = CAPITAL.sub(" ", field.rpartition(".")[2]).replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:].lower()


def _path(path: tuple[Any, ...]) -> str:
    found = ""
    for key in path:
        found = f"{found}[{key}]" if isinstance(key, int) else step(found, key)
    return found


def _named(inputs: Mapping[str, Any]) -> Iterator[FormField]:
    for name, key in inputs.items():
        yield FormField(field=f"{step('input', str(name))}.value", type="text", label=label(str(name)), input=str(key))


def _declared(root: Any, schema: Mapping[str, Any], path: str, *, required: bool, depth: int) -> Iterator[FormField]:
    """Yield the fields of an object's schema; a field of an object is required where all around it is."""
    properties, wanted = schema.get("properties"), schema.get("required")
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        whole = unfolded(root, inner)
        needed = required and isinstance(wanted, list) and name in wanted
        place = step(path, str(name))
        if isinstance(whole.get("properties"), Mapping) and whole["properties"] and depth < DEEPEST:
            yield from _declared(root, whole, place, required=needed, depth=depth + 1)
        else:
            yield _field(root, whole, place, required=needed)


def _field(root: Any, schema: Mapping[str, Any], path: str, *, required: bool) -> FormField:
    title, description = schema.get("title"), schema.get("description")
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    return FormField(
        field=path,
        type=_type(root, schema),
        label=title if isinstance(title, str) and title else label(path),
        required=required,
        default=schema.get("default"),
        choices=choices if isinstance(choices, list) else None,
        description=description if isinstance(description, str) else None,
    )


def _type(root: Any, schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    words = [TYPES[one] for one in kinds if isinstance(one, str) and one in TYPES]
    if words == [TYPES["array"]] and isinstance(schema.get("items"), Mapping):
        return f"list of {_type(root, unfolded(root, schema['items']))}"
    return " or ".join(words) or ANYTHING
