"""JSON Schemas as authors write them (draft 2020-12): checked, their references resolved, and never too large."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import unquote

from trunkline.regex.bounded import compiled
from workflows.language.comparison import pattern_fault

Path = tuple[str | int, ...]

MAX_SUBSCHEMAS = 10_000
"""Subschemas of one schema, its references unfolded: what one value of an event may be judged by."""

MAX_AT_ONCE = 100
"""Subschemas that may apply each other to the same value."""

MAX_INSTRUCTIONS = 20_000
"""RE2 instructions that all patterns of one schema compile to: about 0.05 s of compiling."""

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

REFERENCES = ("$ref", "$dynamicRef")
"""Without documents of their own inside a schema, both lead to the same place."""


class SchemaError(ValueError):
    """A trigger's `data` is no JSON Schema that can be used; `path` leads to the part that is wrong."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


@dataclass(slots=True, eq=False)
class Subschema:
    """One subschema as it stands in its document.

    Attributes:
        path: where it stands.
        written: what stands there: an object, or a boolean that takes everything or nothing.
        children: the subschemas that its keywords apply, by where they stand in it.
        targets: where `$ref` and `$dynamicRef` lead.
        applied: all that judge a value with it, or parts of the value.
        at_once: those of them that judge the value itself.
    """

    path: Path
    written: Mapping[str, Any] | bool
    children: dict[Path, Subschema] = field(default_factory=dict)
    targets: dict[str, Subschema] = field(default_factory=dict)
    applied: list[Subschema] = field(default_factory=list)
    at_once: list[Subschema] = field(default_factory=list)


def read(written: Mapping[str, Any]) -> list[Subschema]:
    """Return every subschema of a schema, the whole first.

    Raises:
        SchemaError: it is none, refers to what is not in it, applies itself for ever, or unfolds to too many.
    """
    schemas = _Document(written).schemas
    chains: dict[Subschema, int] = {}
    try:
        for one in TopologicalSorter({one: one.at_once for one in schemas}).static_order():
            chains[one] = 1 + max((chains[child] for child in one.at_once), default=0)
    except CycleError as error:
        raise SchemaError(
            "This schema applies itself to the same value, for ever: go into a property or an item in between.",
            error.args[1][0].path,
        ) from None
    deepest = max(chains, key=chains.__getitem__)
    if chains[deepest] > MAX_AT_ONCE:
        raise SchemaError(
            f"In this schema, {chains[deepest]:,} subschemas apply each other to the same value; at most "
            f"{MAX_AT_ONCE} may.",
            deepest.path,
        )
    count = _unfolded(schemas[0])
    if count > MAX_SUBSCHEMAS:
        raise SchemaError(
            f"With its references unfolded, this schema has {'more than ' if count == MOST else ''}{count:,} "
            f"subschemas; at most {MAX_SUBSCHEMAS:,} are judged by.",
            (),
        )
    return schemas


MOST = 10**15


def _unfolded(root: Subschema) -> int:
    """Count subschemas as often as they are applied; a reference back to where one came from counts no more."""
    counts: dict[Subschema, int] = {}
    inside: dict[Subschema, Iterator[Subschema]] = {root: iter(root.applied)}
    while inside:
        schema, following = next(reversed(inside.items()))
        for child in following:
            if child not in counts and child not in inside:
                inside[child] = iter(child.applied)
                break
        else:
            del inside[schema]
            counts[schema] = min(MOST, 1 + sum(counts.get(child, 0) for child in schema.applied))
    return counts[root]


class _Document:
    """A schema being read: first all that stands in it, then where its references lead."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        base = root.get("$id")
        self.base = base.removesuffix("#") if isinstance(base, str) else ""
        self.anchors: dict[str, Path] = {}
        self.instructions = 0
        self._found: dict[Path, Subschema] = {}
        self._unread: list[Subschema] = []
        self._unresolved: list[tuple[Subschema, str]] = []
        self._schema((), root)
        while self._unread or self._unresolved:
            if self._unread:
                self._read(self._unread.pop())
            else:
                schema, keyword = self._unresolved.pop()
                target = schema.targets[keyword] = self._target(schema, keyword)
                schema.applied.append(target)
                schema.at_once.append(target)

    @property
    def schemas(self) -> list[Subschema]:
        return list(self._found.values())

    def _schema(self, path: Path, written: Any) -> Subschema:
        if path not in self._found:
            if len(self._found) == MAX_SUBSCHEMAS:
                raise SchemaError(f"A schema has at most {MAX_SUBSCHEMAS:,} subschemas; this one has more.", ())
            if not isinstance(written, Mapping | bool):
                raise SchemaError("A subschema is an object, or a boolean.", path)
            self._found[path] = schema = Subschema(path, written)
            self._unread.append(schema)
        return self._found[path]

    def _read(self, schema: Subschema) -> None:
        if isinstance(schema.written, bool):
            return
        for keyword, argument in schema.written.items():
            path = (*schema.path, keyword)
            if keyword in ARGUMENTS:
                fits, what = ARGUMENTS[keyword]
                if not fits(argument):
                    raise SchemaError(f"This is no JSON Schema: `{keyword}` takes {what}.", path)
            for at in _subschemas(keyword, argument):
                written = argument if len(at) == 1 else argument[at[1]]
                child = self._schema((*schema.path, *at), written)
                if keyword not in DEFINITIONS:
                    schema.children[at] = child
                    schema.applied.append(child)
                    if keyword in TO_SAME_VALUE:
                        schema.at_once.append(child)
            self._note(schema, keyword, argument, path)

    def _note(self, schema: Subschema, keyword: str, argument: Any, path: Path) -> None:
        if keyword in REFERENCES:
            self._unresolved.append((schema, keyword))
        elif keyword in {"$anchor", "$dynamicAnchor"}:
            if self.anchors.setdefault(argument, schema.path) != schema.path:
                raise SchemaError(f"The anchor {argument[:100]!r} stands twice in this schema.", path)
        elif keyword == "$id" and schema.path:
            raise SchemaError("A part of a schema cannot be a document of its own: only the whole has an `$id`.", path)
        elif keyword == "pattern":
            self._pattern(argument, path)
        elif keyword == "patternProperties":
            for pattern in argument:
                self._pattern(pattern, (*path, pattern))

    def _pattern(self, pattern: str, path: Path) -> None:
        fault = pattern_fault(pattern)
        if fault is not None:
            raise SchemaError(f"The pattern {pattern[:100]!r} is no RE2 expression that can be used: {fault}.", path)
        self.instructions += compiled(pattern).programsize
        if self.instructions > MAX_INSTRUCTIONS:
            raise SchemaError("The patterns of this schema are too large together: repeat less.", path)

    def _target(self, schema: Subschema, keyword: str) -> Subschema:
        path = (*schema.path, keyword)
        reference: str = schema.written[keyword]  # type: ignore[index] # a boolean has no keywords
        local = reference.removeprefix(self.base) if self.base else reference
        if not local.startswith("#") and (local or not reference):
            raise SchemaError(f"A schema cannot refer to another document, such as {reference[:100]!r}.", path)
        fragment = unquote(local[1:])
        if fragment and not fragment.startswith("/"):
            parts: Any = self.anchors.get(fragment)
        else:
            parts = [part.replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:]]
        found: Any = None if parts is None else self.root
        place: list[str | int] = []
        for part in parts or ():
            if isinstance(found, list) and str(part).isdecimal() and int(part) < len(found):
                place.append(int(part))
            elif isinstance(found, Mapping) and part in found:
                place.append(part)
            else:
                found = None
                break
            found = found[place[-1]]
        if not isinstance(found, Mapping | bool):
            raise SchemaError(f"{reference[:100]!r} refers to no subschema of this schema.", path)
        return self._schema(tuple(place), found)


DEFINITIONS = {"$defs", "definitions"}
"""What stands there is applied only where something refers to it."""

ONE = {
    *("not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
}
MANY = {"allOf", "anyOf", "oneOf", "prefixItems"}
NAMED = {"properties", "patternProperties", "dependentSchemas", *DEFINITIONS}
TO_SAME_VALUE = {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"}


def _subschemas(keyword: str, argument: Any) -> Iterator[Path]:
    if keyword in ONE:
        yield (keyword,)
    elif keyword in MANY:
        yield from ((keyword, index) for index in range(len(argument)))
    elif keyword in NAMED:
        yield from ((keyword, name) for name in argument)


def is_number(value: Any) -> bool:
    """Say whether a JSON value is a number, which a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Say whether a JSON value is a whole number, however it is written."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return is_integer(value) and value >= 0


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len({*value}) == len(value)


def _are_types(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else bool(_are_names(value) and value and {*value} <= {*TYPES})


Argument = tuple[Callable[[Any], bool], str]
_COUNT: Argument = (_is_count, "a whole number that is not negative")
_NUMBER: Argument = (is_number, "a number")
_TEXT: Argument = (_is_text, "a text")
_FLAG: Argument = (lambda value: isinstance(value, bool), "true or false")
_LIST: Argument = (lambda value: isinstance(value, list), "a list")
_OBJECT: Argument = (lambda value: isinstance(value, Mapping), "an object")
_SCHEMA: Argument = (lambda value: isinstance(value, Mapping | bool), "a schema: an object, or a boolean")
_SCHEMAS: Argument = (lambda value: isinstance(value, list) and bool(value), "a list of schemas, at least one")

ARGUMENTS: dict[str, Argument] = {
    "type": (_are_types, f"one or more of {', '.join(TYPES)}"),
    "multipleOf": (lambda value: is_number(value) and value > 0, "a number above zero"),
    "required": (_are_names, "a list of names, each once"),
    "dependentRequired": (
        lambda value: isinstance(value, Mapping) and all(map(_are_names, value.values())),
        "an object whose values are lists of names, each once",
    ),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _COUNT),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _COUNT),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _FLAG),
    **dict.fromkeys(("enum", "examples"), _LIST),
    **dict.fromkeys(("pattern", "format", "title", "description", "contentEncoding", "contentMediaType"), _TEXT),
    **dict.fromkeys(("$id", "$schema", "$anchor", "$dynamicAnchor", "$comment", *REFERENCES), _TEXT),
    **dict.fromkeys(ONE, _SCHEMA),
    **dict.fromkeys(MANY, _SCHEMAS),
    **dict.fromkeys(NAMED, _OBJECT),
}
"""What the keywords of draft 2020-12 take; others say nothing about a value."""
