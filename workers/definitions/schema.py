"""The JSON Schema of definitions, for editors: the language's models and every action's config."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Mapping
from typing import Any, get_args

from pydantic import Strict

from activities.action import ANY_CASE, Action, Config, Static, marked, names
from workers.definitions.model.automation import AutomationDefinition
from workers.definitions.model.vocabulary import CONDITIONS, TAG
from workflows.language.comparison import OPERATORS

TEMPLATED = {"type": "string", "pattern": r"\{\{|\{%", "description": "A template, rendered when the step runs."}

NO_TEMPLATE = {"type": "string", "pattern": TEMPLATED["pattern"]}

LAX: Mapping[type, list[dict[str, Any]]] = {
    bool: [
        {"enum": [0, 1]},
        {
            "type": "string",
            "pattern": "^(?:0|1|[Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?"
            "|[Oo][Nn]|[Oo][Ff][Ff]|[Yy]([Ee][Ss])?|[Nn][Oo]?)$",
        },
    ],
    int: [{"type": "boolean"}, {"type": "string", "pattern": r"^\s*[+-]?[0-9]+(\.0*)?\s*$"}],
    float: [{"type": "boolean"}, {"type": "string", "pattern": r"^\s*[+-]?[0-9]+(\.[0-9]*)?\s*$"}],
}
"""What models that are not strict read as a boolean or as a whole number besides."""

MOST_NUMBERS = 100

TITLE = "A Trunkline automation"

FIXED = frozenset(("enum", "const"))
"""Keys of a schema that say which values there are, so that `null` cannot join its type."""


def automation_schema(catalog: Mapping[str, Action]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a definition; an action's `config` follows its `actionType`."""
    schema = AutomationDefinition.model_json_schema(ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    definitions["Conditions"] = _conditions()
    configs = [_config(action, definitions) for _, action in sorted(catalog.items())]
    for model in ("ActionDefinition", "NoticeDefinition"):
        definitions[model]["properties"]["actionType"]["enum"] = sorted(catalog)
        definitions[model]["allOf"] = configs
    schema["oneOf"] = [{"required": [key], "properties": {key: {"type": "array"}}} for key in ("actions", "paths")]
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": TITLE}
    found: dict[str, Any] = _tidy(schema)
    return found


def render(schema: Mapping[str, Any]) -> str:
    """Return a schema as text, the same for the same schema."""
    return json.dumps(schema, indent=2, sort_keys=False) + "\n"


def _config(action: Action, definitions: dict[str, Any]) -> dict[str, Any]:
    own = action.config.model_json_schema(ref_template=f"#/$defs/{action.name}.{{model}}")
    for name, inner in own.pop("$defs", {}).items():
        definitions[f"{action.name}.{name}"] = _lenient(inner)
    _add_lax_ways(action.config, own)
    own = _lenient(own, {key for key, _ in marked(action.config, own.get("properties", {}), Static)})
    _add_other_spellings(action.config, own)
    own["required"] = [key for key in own.get("required", []) if key not in action.config.defaults]
    own["description"] = action.summary
    definitions[f"{action.name}.config"] = own
    needed = ["config"] if own["required"] else []
    return {
        "if": {"properties": {"actionType": {"const": action.name}}, "required": ["actionType"]},
        "then": {
            "properties": {"config": {"$ref": f"#/$defs/{action.name}.config"}},
            **({"required": needed} if needed else {}),
        },
    }


def _add_other_spellings(model: type[Config], schema: dict[str, Any]) -> None:
    """Add the keys that a field may have besides the documented one."""
    for name in model.model_fields:
        known = names(model, name)
        first = next((key for key in known if key in schema.get("properties", {})), None)
        if first is None:
            continue
        for other in known:
            schema["properties"].setdefault(other, schema["properties"][first])
        if first in schema.get("required", []) and len(known) > 1:
            schema["required"].remove(first)
            schema.setdefault("allOf", []).append({"anyOf": [{"required": [key]} for key in known]})


def _lenient(model: dict[str, Any], static: Container[str] = ()) -> dict[str, Any]:
    """Return a model's schema in which each value but the static ones may be a template, each text a number."""
    properties = {
        name: {**_loose(value), "not": NO_TEMPLATE} if name in static else _or_template(_loose(value))
        for name, value in model.get("properties", {}).items()
    }
    return {**model, **({"properties": properties} if properties else {})}


def _add_lax_ways(model: type[Config], schema: dict[str, Any]) -> None:
    """Add the texts that a model reads as a number or as true and false, where a field of it is not strict."""
    for name, info in model.model_fields.items():
        kinds = (info.annotation, *get_args(info.annotation))
        ways = [way for kind, lax in LAX.items() if kind in kinds for way in lax]
        if ways and not any(isinstance(mark, Strict) for mark in info.metadata):
            for key in set(names(model, name)) & schema["properties"].keys():
                value = schema["properties"][key]
                kept = {key: value[key] for key in ("description", "default", "title") if key in value}
                rest = {key: content for key, content in value.items() if key not in kept}
                schema["properties"][key] = {**kept, "anyOf": [rest, *(_within(rest) or ways)]}


def _within(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the ways beside a whole number of a small range, or of one that begins at 1; None where it has none."""
    number: Mapping[str, Any] = next((way for way in value.get("anyOf", [value]) if "minimum" in way), {})
    if number.get("minimum") == 1 and number.get("maximum", math.inf) - 1 > MOST_NUMBERS:
        return [{"const": True}, {"type": "string", "pattern": r"^\s*\+?0*[1-9][0-9]*(\.0*)?\s*$"}]
    if not {"minimum", "maximum"} <= number.keys() or number["maximum"] - number["minimum"] > MOST_NUMBERS:
        return None
    numbers = range(number["minimum"], number["maximum"] + 1)
    return [{"enum": [*map(str, numbers), *(flag for flag in (False, True) if flag in numbers)]}]


def _loose(value: dict[str, Any]) -> dict[str, Any]:
    """Return a value's schema as lenient as its model: numbers are texts too, some words have any case."""
    if "anyOf" in value:
        return {**value, "anyOf": [_loose(way) for way in value["anyOf"]]}
    if isinstance(value.get("items"), dict):
        return {**value, "items": _loose(value["items"])}
    if isinstance(value.get("additionalProperties"), dict):
        return {**value, "additionalProperties": _loose(value["additionalProperties"])}
    if value.get(ANY_CASE):
        words = "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in word) for word in value["enum"])
        kept = {key: content for key, content in value.items() if key not in ("enum", "type", ANY_CASE)}
        return {**kept, "anyOf": [{"enum": value["enum"]}, {"type": "string", "pattern": f"^(?:{words})$"}]}
    if value.get("type") == "string" and not value.keys() & {"pattern", "enum", "format", "const"}:
        return {**value, "type": ["string", "number"]}
    return value


def _or_template(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("type") == ["string", "number"] and not value.keys() & {"minLength", "maxLength"}:
        return value
    kept: dict[str, Any] = {key: value[key] for key in ("description", "default", "title") if key in value}
    rest = {key: content for key, content in value.items() if key not in kept}
    ways = rest["anyOf"] if rest.keys() == {"anyOf"} else [rest]
    return {**kept, "anyOf": [*ways, TEMPLATED]}


def _conditions() -> dict[str, Any]:
    conditions = {"type": "array", "items": {"$ref": "#/$defs/Conditions"}}
    field = {
        "type": "string",
        "description": "Where the value stands, such as `call.waiting_time`, or exactly one `{{ }}`.",
    }
    unary = {"type": "string", "enum": [name for name, one in OPERATORS.items() if not one.takes_value]}
    binary = {"type": "string", "enum": [name for name, one in OPERATORS.items() if one.takes_value]}
    return {
        "description": "`all`, `any` or `not` over `{field, operator, value}`.",
        "anyOf": [
            _object({"all": {**conditions, "description": "Every one holds."}}),
            _object({"any": {**conditions, "description": "At least one holds."}}),
            _object({"not": {"$ref": "#/$defs/Conditions", "description": "It does not hold."}}),
            _object({"field": field, "operator": unary}),
            _object(
                {
                    "field": field,
                    "operator": binary,
                    "value": {"description": "What to compare with; may be a template."},
                }
            ),
        ],
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _description(node: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": node["description"]} if "description" in node else {}


def _tidy(node: Any) -> Any:
    """Leave out what only a program would read: titles that repeat names, defaults of `null`, tags."""
    if isinstance(node, list):
        return [_tidy(child) for child in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node and {"type": "null"} in node["anyOf"] and "default" in node and node["default"] is None:
        node = {key: value for key, value in node.items() if key != "default"}
        first, *more = node["anyOf"]
        if more == [{"type": "null"}] and isinstance(first.get("type"), str) and not first.keys() & FIXED:
            merged = {**first, "type": [first["type"], "null"]}
            node = {**{key: value for key, value in node.items() if key != "anyOf"}, **merged, **_description(node)}
    if node.get(CONDITIONS):
        node = {**{key: value for key, value in node.items() if key != CONDITIONS}, "$ref": "#/$defs/Conditions"}
    kept = {}
    for key, value in node.items():
        if key == "title" and isinstance(value, str) and value != TITLE:
            continue
        if key == "properties":
            kept[key] = {name: _tidy(child) for name, child in value.items()}
        elif not (isinstance(value, str) and value.startswith(TAG)):
            kept[key] = _tidy(value)
    return kept
