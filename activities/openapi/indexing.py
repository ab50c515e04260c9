"""Indexes a description: `python -m activities.openapi.indexing SOURCE TARGET`, in a process of its own.

An operation's row holds what its requests need and nothing of its answers but their types; what it refers to stands in
rows of their own, which refer to each other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from activities.descriptions.command import UnreadableError, run
from activities.descriptions.index import OperationRow, write
from activities.openapi.reading import read
from activities.openapi.swagger import upgraded

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
KINDS = ("schemas", "parameters", "requestBodies", "headers", "pathItems")
"""What of a description's components a request may refer to."""

TAG = re.compile(r"</?[A-Za-z][^<>]*>")
LONGEST_CHAIN = 20
LONGEST_SUMMARY = 200

Document = Mapping[str, Any]


def index(content: bytes, target: Path) -> None:
    """Write the index of a description.

    Raises:
        UnreadableError: it is none.
    """
    document = read(content)
    if str(document.get("swagger")) == "2.0":
        document = upgraded(document)
    head = _head(document)
    rows = list(_rows(document))
    write(target, head, rows, _parts(document, rows))


def _head(document: Document) -> dict[str, Any]:
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith(("3.0", "3.1", "3.2")):
        raise UnreadableError("it is no OpenAPI: it must say `openapi: 3.0.x` or `3.1.x`, or `swagger: 2.0`.")
    if not isinstance(document.get("paths", {}), dict):
        raise UnreadableError("`paths` is no object.")
    info = _object(document.get("info"))
    return {
        "version": version,
        "title": str(info.get("title", "")),
        "servers": _servers(document) or [],
    }


def _rows(document: Document) -> Iterator[OperationRow]:
    found = list(_operations(document))
    places = {f"{method.upper()} {path}" for path, method, _, _ in found}
    wanted = Counter(own for _, _, _, operation in found if isinstance(own := operation.get("operationId"), str))
    for path, method, item, operation in found:
        place = f"{method.upper()} {path}"
        own = operation.get("operationId")
        unique = isinstance(own, str) and bool(own) and wanted[own] == 1 and (own == place or own not in places)
        summary = operation.get("summary") or operation.get("description") or ""
        body = {
            "parameters": _parameters(document, item, operation),
            "servers": _servers(operation) or _servers(item),
            "accepts": _accepts(document, operation),
        }
        if "requestBody" in operation:
            body["requestBody"] = operation["requestBody"]
        yield OperationRow(
            id=str(own) if unique else place,
            method=method.upper(),
            path=path,
            summary=" ".join(TAG.sub("", str(summary)).split())[:LONGEST_SUMMARY],
            deprecated=operation.get("deprecated") is True,
            body=body,
        )


def _operations(document: Document) -> Iterator[tuple[str, str, Document, Document]]:
    for path, given in _object(document.get("paths")).items():
        if path.startswith("x-"):
            continue
        item = _object(_resolved(document, given))
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield path, method, item, item[method]


def _parameters(document: Document, item: Document, operation: Document) -> list[Any]:
    """Return an operation's parameters; its own go before those of the path, by name and place."""
    found: dict[Any, Any] = {}
    for given in (*_list(item.get("parameters")), *_list(operation.get("parameters"))):
        seen = _object(_resolved(document, given))
        key = (seen.get("name"), seen.get("in")) if seen else repr(given)
        found[key] = given
    return list(found.values())


def _servers(part: Document) -> list[Any] | None:
    return [server for server in _list(part.get("servers")) if isinstance(server, dict)] or None


def _accepts(document: Document, operation: Document) -> list[str]:
    """Return the types of an operation's successful answers."""
    found: dict[str, None] = {}
    for status, given in _object(operation.get("responses")).items():
        if status.startswith("2") or status == "default":
            found |= dict.fromkeys(_object(_object(_resolved(document, given)).get("content")))
    return list(found)


def _parts(document: Document, rows: Sequence[OperationRow]) -> Iterator[tuple[str, Any]]:
    """Yield every part that a request may refer to, and whatever else is referred to by a pointer of another form."""
    components = _object(document.get("components"))
    usual = {
        f"#/components/{kind}/{_escaped(name)}": part
        for kind in KINDS
        for name, part in _object(components.get(kind)).items()
    }
    yield from usual.items()
    known = set(usual)
    new = _references([usual, [row.body for row in rows]])
    while new := new - known:
        known |= new
        parts = {reference: _pointed(document, reference) for reference in sorted(new)}
        yield from ((reference, part) for reference, part in parts.items() if part is not None)
        new = _references(list(parts.values()))


def _references(parts: Any) -> set[str]:
    found: set[str] = set()
    waiting: list[Any] = [parts]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                found.add(reference)
            waiting.extend(item for item in value.values() if isinstance(item, dict | list))
        elif isinstance(value, list):
            waiting.extend(item for item in value if isinstance(item, dict | list))
    return found


def _resolved(document: Document, value: Any) -> Any:
    for _ in range(LONGEST_CHAIN):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str):
            return value
        value = _pointed(document, reference)
    return None


def _pointed(document: Document, reference: str) -> Any:
    """Return what a reference within the document stands for, or None where there is nothing."""
    if reference == "#":
        return None
    value: Any = document
    for part in reference.removeprefix("#/").split("/") if reference.startswith("#/") else [""]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    run(index)
