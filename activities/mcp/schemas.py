"""What a tool takes, as an operation whose body it is: the schema of its input, closed in itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from activities.errors import Refused
from activities.openapi.operation import Operation, RequestBody
from activities.openapi.translation import Schema, Translation, definition

CALL = "tools/call"
JSON = "application/json"
HEADER = "x-mcp-header"
"""Keyword of a property whose value the modern generation says in a header too."""


def operation_of(tool: Mapping[str, Any], *, described: bool = False) -> Operation:
    """Return a tool as an operation: what it is given is the body.

    Args:
        tool: the tool as the server describes it.
        described: whether its schemas say what their parts are, for people.

    Raises:
        Refused: the schema of its input cannot be used.
    """
    name, given = str(tool["name"]), tool.get("inputSchema")
    if not isinstance(given, Mapping):
        raise Refused(f"The tool {name!r:.100} cannot be used: it has no schema of its input.")
    translation = Translation("3.1", described=described)
    schema = translation.schema(given)
    definitions: dict[str, Schema] = {}
    while waiting := sorted(one for one in translation.references if definition(one) not in definitions):
        for reference in waiting:
            definitions[definition(reference)] = translation.schema(_pointed(name, given, reference))
    if isinstance(schema, dict) and not definitions and not schema.get("properties"):
        schema.setdefault("additionalProperties", True)  # nothing is said of its members
    return Operation(
        id=name,
        method="POST",
        path=CALL,
        summary=summary_of(tool),
        deprecated=False,
        servers=(),
        accepts=(JSON,),
        parameters=(),
        body=RequestBody(required=None, media=JSON, schema=schema, encoding={}),
        definitions=definitions,
        digest=digest_of(tool),
    )


def summary_of(tool: Mapping[str, Any]) -> str:
    """Return what a tool is, in one line: its title, else the beginning of its description."""
    annotations = tool.get("annotations")
    own = annotations.get("title") if isinstance(annotations, Mapping) else None
    text = tool.get("title") or own or str(tool.get("description") or "").strip().partition("\n")[0]
    return " ".join(str(text).split())


def digest_of(tool: Mapping[str, Any]) -> str:
    """Return what changes with a tool's name, the schema of its input, or its annotations."""
    pinned = {name: tool.get(name) for name in ("name", "inputSchema", "annotations")}
    written = json.dumps(pinned, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode(errors="replace")).hexdigest()


def mirrored(schema: Any, arguments: Any) -> dict[str, str]:
    """Return the values that headers repeat, by the name that the schema gives each header."""
    found: dict[str, str] = {}
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(arguments, Mapping):
        return found
    for name, inside in properties.items():
        value = arguments.get(name)
        if value is None or not isinstance(inside, Mapping):
            continue
        if isinstance(inside.get(HEADER), str) and isinstance(value, str | int):
            found[inside[HEADER]] = str(value).lower() if isinstance(value, bool) else str(value)
        found |= mirrored(inside, value)
    return found


def _pointed(name: str, schema: Mapping[str, Any], reference: str) -> Any:
    """Return what a reference within a schema stands for."""
    value: Any = schema
    for part in reference.removeprefix("#").removeprefix("/").split("/") if reference != "#" else ():
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            value = None
            break
    if value is None or not (reference == "#" or reference.startswith("#/")):
        raise Refused(
            f"The tool {name!r:.100} cannot be used: the schema of its input refers to {reference!r:.100}, which it "
            "does not have."
        )
    return value
