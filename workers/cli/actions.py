"""`trunkline actions`: the catalogue, and one action's contract."""

from __future__ import annotations

import json as jsonlib
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from activities.action import CONNECTION, Action, Config
from trunkline.durations import spell
from workers.cli.catalog import actions_at_hand
from workers.cli.screen import print_json
from workers.definitions.problems import listed, nearest
from workers.errors import NotFoundError, UsageError

REPEATS = {
    "safe": "repeated when nobody can say whether an attempt had its effect: it is harmless",
    "keyed": "repeated when nobody can say whether an attempt had its effect: the receiver recognises its key",
    "never": "never repeated when nobody can say whether an attempt had its effect",
    "depends": "depends on the config",
}
WIDTH = 100


class FieldText(NamedTuple):
    """A field of a config or a result, as people read it.

    Attributes:
        name: the key under which it is written.
        type: what it holds.
        presence: `required`, `optional` or its default; empty in a result.
        description: what the contract says about it.
        schema: its JSON Schema.
    """

    name: str
    type: str
    presence: str
    description: str
    schema: Mapping[str, Any]


def actions(name: str | None = None, *, languages: bool = False, json: bool = False) -> None:
    """Print every action, or one action's contract with an example.

    Actions of your own are among them where TRUNKLINE_ACTIONS names their module.

    Args:
        name: the action, as `actionType` names it.
        languages: print the languages that the action knows instead, each with the vendor's models for it.
        json: print JSON for machines instead.
    """
    catalog = actions_at_hand()
    if name is not None and name not in catalog:
        hint = nearest(name, catalog)
        raise NotFoundError(f"There is no action {name!r}. {hint or f'There are {listed(sorted(catalog))}.'}")
    chosen = [catalog[key] for key in sorted(catalog) if name in (None, key)]
    if languages:
        _print_languages(chosen, json=json)
        return
    if json:
        described = [describe(action) for action in chosen]
        print_json(described[0] if name else described)
    elif name is not None:
        sys.stdout.write("\n".join(_page(chosen[0])) + "\n")
    else:
        width = max(len(action.name) for action in chosen)
        sys.stdout.writelines(f"{action.name:<{width}}  {action.summary}\n" for action in chosen)


def _print_languages(chosen: list[Action], *, json: bool) -> None:
    """Print the languages of one action.

    Raises:
        UsageError: several were chosen, or the one that was knows none.
    """
    knowing = [action for action in chosen if action.config.languages]
    if len(chosen) > 1 or not knowing:
        known = listed([f"`trunkline actions {name} --languages`" for name in _knowing(actions_at_hand())])
        who = "--languages is of one action" if len(chosen) > 1 else f"{chosen[0].name} takes every language as it is"
        raise UsageError(f"{who}: {known}.")
    found = knowing[0].config.languages
    if json:
        print_json([{"language": code, "models": list(models)} for code, models in found.items()])
        return
    width = max(map(len, found))
    sys.stdout.writelines(f"{code:<{width}}  {', '.join(models)}\n" for code, models in found.items())


def _knowing(catalog: Mapping[str, Action]) -> list[str]:
    return sorted(name for name, action in catalog.items() if action.config.languages)


def describe(action: Action) -> dict[str, Any]:
    """Return an action's contract as JSON."""
    return {
        "name": action.name,
        "summary": action.summary,
        "description": action.description,
        "repeat": repeat_of(action),
        "timeout": round(action.timeout.total_seconds() * 1_000),
        "maximumAttempts": action.attempts,
        "triggers": list(action.triggers),
        "connections": [kind.kind for kind in action.connections],
        "beside": {field: [kind.kind for kind in kinds] for field, kinds in action.beside.items()},
        "config": action.config.model_json_schema(),
        "result": action.result.model_json_schema(mode="serialization") if action.result else None,
        "example": action.example,
    }


def repeat_of(action: Action) -> str:
    """Return the word for what an action allows after an unknown outcome."""
    return "depends" if callable(action.repeat) else action.repeat


def _attempts(action: Action) -> Iterator[str]:
    if action.calls:
        yield "timeout:     none unless the step gives one: it ends with the other automation's run"
        return
    yield f"timeout:     {spell(round(action.timeout.total_seconds() * 1_000))} for one attempt"
    yield (
        f"repeat:      {repeat_of(action)} ({REPEATS[repeat_of(action)]})"
        if not callable(action.repeat)
        else f"repeat:      {REPEATS['depends']}"
    )


def _page(action: Action) -> Iterator[str]:
    yield f"{action.name}: {action.summary}"
    rest = action.description.partition("\n")[2].strip()
    if rest:
        yield ""
        yield rest
    yield ""
    yield from _attempts(action)
    if action.triggers:
        yield f"trigger:     only {' or '.join(action.triggers)}"
    if action.connections:
        yield f"connection:  {' or '.join(kind.kind for kind in action.connections)}"
    for field, kinds in action.beside.items():
        yield f"{f'{field}:':<12} {'also ' if field == CONNECTION else ''}{' or '.join(kind.kind for kind in kinds)}"
    yield ""
    yield "config:"
    yield from _fields(action.config.model_json_schema(), action.config)
    if action.result is not None:
        yield ""
        yield "result:"
        yield from _fields(action.result.model_json_schema(mode="serialization"), None)
    yield ""
    yield "example:"
    text = yaml.safe_dump(action.shown(), sort_keys=False, allow_unicode=True, width=WIDTH)
    yield textwrap.indent(text.rstrip(), "  ")


def _fields(schema: Mapping[str, Any], config: type[Config] | None) -> Iterator[str]:
    for field in fields(schema, config):
        yield f"  {field.name}: {field.type}{f', {field.presence}' if field.presence else ''}"
        if field.description:
            yield textwrap.fill(field.description, WIDTH, initial_indent="      ", subsequent_indent="      ")


def fields(schema: Mapping[str, Any], config: type[Config] | None) -> Iterator[FieldText]:
    """Yield the fields of a JSON Schema; those of a config say whether they must be given.

    Args:
        schema: the schema of a whole model.
        config: the model, where it is a config.
    """
    filled = config.defaults if config else {}
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        default = filled.get(name, field.get("default"))
        if not config:
            presence = ""
        elif name in required and name not in filled:
            presence = "required"
        else:
            presence = "optional" if default is None else f"default {jsonlib.dumps(default, ensure_ascii=False)}"
        yield FieldText(name, _type(field, definitions), presence, field.get("description", ""), field)


def _type(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        inner = definitions.get(name, {})
        return f"object {{{', '.join(inner['properties'])}}}" if "properties" in inner else _type(inner, definitions)
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "const" in field:
        return jsonlib.dumps(field["const"])
    if ways := field.get("anyOf") or field.get("oneOf"):
        return " | ".join(dict.fromkeys(_type(way, definitions) for way in ways if way.get("type") != "null"))
    kind: str = field.get("type", "anything")
    if kind == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    return {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "object",
    }.get(kind, kind)
