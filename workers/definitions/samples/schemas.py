"""A value that fits a JSON Schema, as far as one can be made by reading it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

import rstr

DEEPEST = 12
"""Levels down to which optional members are given an example."""

LONGEST = 1_000
"""Most elements or characters that are made because a schema wants at least so many."""

TRIES = 50
"""Texts that are made of a pattern, of which the shortest is taken."""

_FORMATS: Mapping[str, str] = {
    "date-time": "2026-11-23T09:00:00Z",
    "date": "2026-11-23",
    "time": "09:00:00Z",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "duration": "PT15M",
}


def sample(schema: Any) -> Any:
    """Return a value for a JSON Schema (draft 2020-12): its example, default or first choice, else a plausible one.

    What cannot be read off a schema, such as `not`, is not heeded: judge the value by it.
    """
    return _Sampler(schema).value(schema, 0)


def unfolded(root: Any, schema: Any) -> dict[str, Any]:
    """Return a schema, a part of `root`, with what it refers to and all of its parts laid over each other."""
    return _Sampler(root).whole(schema) if isinstance(schema, Mapping) else {}


class _Sampler:
    """Makes values for the parts of one schema."""

    def __init__(self, root: Any) -> None:
        self.root = root

    def value(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > DEEPEST * 2:
            return "text"
        schema = self.whole(schema)
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        for key in ("examples", "enum"):
            if isinstance(schema.get(key), list) and schema[key]:
                return schema[key][0]
        return self._made(schema, depth)

    def whole(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a schema with what it refers to and all of its parts laid over each other."""
        found: dict[str, Any] = {}
        parts: list[Any] = [schema]
        for _ in range(LONGEST):
            if not parts:
                break
            part = parts.pop(0)
            if not isinstance(part, Mapping):
                continue
            parts += [self._at(part.get("$ref")), *_list(part.get("allOf"))]
            parts += [*_list(part.get("oneOf"))[:1], *_list(part.get("anyOf"))[:1]]
            for key, value in part.items():
                if key in {"properties", "required"} and key in found:
                    found[key] = {**found[key], **value} if key == "properties" else [*found[key], *value]
                else:
                    found.setdefault(key, value)
        return found

    def _at(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found: Any = self.root
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def _made(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
        if kind is None:
            kind = next((kind for key, kind in _IMPLIED.items() if key in schema), "string")
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
        return _text(schema)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        inner = properties if isinstance(properties, Mapping) else {}
        required = [key for key in _list(schema.get("required")) if isinstance(key, str)]
        wanted = required if depth > DEEPEST else dict.fromkeys([*inner, *required])
        return {key: self.value(inner.get(key), depth + 1) for key in wanted}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        first = [self.value(one, depth + 1) for one in _list(schema.get("prefixItems"))]
        least = min(_whole(schema.get("minItems"), 1 if depth <= DEEPEST else 0), LONGEST)
        most = _whole(schema.get("maxItems"), LONGEST)
        more = [self.value(schema.get("items"), depth + 1) for _ in range(min(least, most) - len(first))]
        if schema.get("uniqueItems") is True and len(more) > 1:
            more = [f"{one} {at}" if isinstance(one, str) else one for at, one in enumerate(more, 1)]
        return [*first, *more]


_IMPLIED = {
    "properties": "object",
    "required": "object",
    "items": "array",
    "prefixItems": "array",
    "minimum": "number",
    "maximum": "number",
}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)) else []


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _number(schema: Mapping[str, Any], *, whole: bool) -> int | float:
    step = schema.get("multipleOf") or 1
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if least is None:
        value = min(1, most - step) if most is not None else 1
    elif "minimum" in schema:
        value = least
    elif most is not None and not whole and most - least <= step:
        value = (least + most) / 2
    else:
        value = least + step
    if value % step:
        value += step - value % step
    return int(value) if whole or float(value).is_integer() else value


def _text(schema: Mapping[str, Any]) -> str:
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        return _matching(pattern)
    text = _FORMATS.get(str(schema.get("format")), "text")
    least, most = min(_whole(schema.get("minLength"), 0), LONGEST), _whole(schema.get("maxLength"), LONGEST)
    return text.ljust(least, "x")[: max(most, 0)]


def _matching(pattern: str) -> str:
    """Return a short text that a pattern matches; the same pattern gives the same text."""
    chosen = random.Random(0)  # noqa: S311 # an example, no secret
    try:
        return min((str(rstr.Rstr(chosen).xeger(pattern)) for _ in range(TRIES)), key=len)
    except (ValueError, KeyError, OverflowError):
        return "text"
