"""Edits: how people change the request of a held step, with plain values that are never rendered."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import jsonpatch
import jsonpointer

from workflows.holds.request import LARGEST_REQUEST
from workflows.report import measure
from workflows.run.payload import PayloadError, check_depth

MOST_OPERATIONS = 100
MISSING = object()

DEEPEST = 90
"""Levels that a config may nest after an edit; what sends it adds some."""


class EditError(Exception):  # says what the edit is
    """An edit cannot be applied; the message is a sentence for the person who sent it."""


def edited(config: Mapping[str, Any], edits: Any, secrets: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a config with edits applied; the config itself stays as it is.

    Args:
        config: config of the request.
        edits: a JSON Patch (RFC 6902) on the config, or new values by key or by JSON pointer.
        secrets: the request's places where secrets go.

    Raises:
        EditError: the edits are none, do not fit the config, or touch a text into which a secret goes.
    """
    changed: Any = copy.deepcopy(dict(config))
    for operation in _operations(config, edits):
        changed = _applied(changed, operation)
        if operation["op"] == "copy":
            _check_size(changed)
    if not isinstance(changed, dict):
        raise EditError("A config is an object: an edit cannot put something else in its place.")
    _check_size(changed)
    for place in secrets:
        around = _element(config, place["path"])
        if not same_json(_at(changed, around), _at(config, around)):
            raise EditError(
                f"`{around.removeprefix('/')}` holds the secret {place['name']!r}: the text around a secret cannot be "
                "edited, nor can the secret be moved or dropped."
            )
    return changed


def same_json(one: Any, other: Any) -> bool:
    """Say whether two values are the same JSON, as the digest of a request has it: 1 is 1.0, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _operations(config: Mapping[str, Any], edits: Any) -> list[dict[str, Any]]:
    if isinstance(edits, dict):
        for key in edits:
            if "/" in key and not key.startswith("/") and key not in config:
                raise EditError(_pointer(key))
        edits = [
            {"op": "", "path": key if key.startswith("/") else f"/{jsonpointer.escape(key)}", "value": value}
            for key, value in edits.items()
        ]
    elif isinstance(edits, list) and any(isinstance(edit, dict) and not edit.get("op") for edit in edits):
        raise EditError("Every operation of a JSON Patch has an `op`: add, remove, replace, move, copy or test.")
    if not isinstance(edits, list) or not edits or not all(isinstance(edit, dict) for edit in edits):
        raise EditError("`edits` is a JSON Patch (a list of operations), or an object of new values by key or pointer.")
    if len(edits) > MOST_OPERATIONS:
        raise EditError(f"`edits` has at most {MOST_OPERATIONS} operations; these are {len(edits)}.")
    for edit in edits:
        for pointer in (edit[name] for name in ("path", "from") if name in edit):
            if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
                raise EditError(_pointer(pointer))
    return edits


def _pointer(wrong: Any) -> str:
    meant = f"; did you mean /{wrong:.200}?" if isinstance(wrong, str) else "."
    return (
        f"A place in the config is a JSON pointer that begins with `/`, as /body/amount; {wrong!r:.200} is none{meant}"
    )


def _applied(config: Any, operation: dict[str, Any]) -> Any:
    try:
        if operation["op"] == "":
            there = _at(config, operation["path"], MISSING)
            add = there is MISSING or isinstance(there, jsonpointer.EndOfList)
            operation = {**operation, "op": "add" if add else "replace"}
        elif operation["op"] == "test" and not same_json(_at(config, operation["path"]), operation["value"]):
            raise jsonpatch.JsonPatchTestFailed  # noqa: TRY301 # the library takes 1 for true
        return jsonpatch.JsonPatch([operation]).apply(config, in_place=True)
    except Exception as error:  # noqa: BLE001 # whatever the library makes of what was sent, the edit is not applied
        raise EditError(f"The operation {operation!r:.200} cannot be applied: {_why_not(error)}.") from None


def _why_not(error: Exception) -> str:
    """Return why an operation cannot be applied, in our words."""
    if isinstance(error, jsonpatch.JsonPatchTestFailed):
        return "what it tests for is not so"
    if isinstance(error, jsonpatch.JsonPatchConflict | jsonpointer.JsonPointerException):
        return "the config has no such place"
    if isinstance(error, jsonpatch.InvalidJsonPatch):
        return "it is no operation of JSON Patch (add, remove, replace, move, copy or test, each with what it needs)"
    return "it does not fit the config"


def _check_size(config: Any) -> None:
    try:
        check_depth(config, DEEPEST)
    except PayloadError:
        raise EditError(f"The edited config nests deeper than {DEEPEST} levels.") from None
    if (size := measure(config)) > LARGEST_REQUEST:
        raise EditError(f"The edited config takes {size:,} bytes; {LARGEST_REQUEST:,} is the most that is sent.")


def _element(config: Mapping[str, Any], pointer: str) -> str:
    """Return the pointer of the innermost element of a list that a place is in (a header, say), else the place's own.

    What stands beside a secret in such an element says where the secret goes.
    """
    around, value = pointer, config
    parts = jsonpointer.JsonPointer(pointer).parts
    for depth, part in enumerate(parts):
        if isinstance(value, list):
            around = jsonpointer.JsonPointer.from_parts(parts[: depth + 1]).path
            value = value[int(part)]
        else:
            value = value[part]
    return around


def _at(config: Any, pointer: str, default: Any = None) -> Any:
    return jsonpointer.resolve_pointer(config, pointer, default)
