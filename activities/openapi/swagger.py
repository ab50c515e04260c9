"""Swagger 2.0 as OpenAPI 3.0: what requests need of it. Some vendors, such as Slack, publish nothing newer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FORM, PARTS, JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

OF_PARAMETER = frozenset(("name", "in", "required", "description", "allowEmptyValue", "collectionFormat"))
"""What of a parameter is no part of its schema."""

STYLES = {"ssv": ("spaceDelimited", False), "pipes": ("pipeDelimited", False), "multi": ("form", True)}

Document = Mapping[str, Any]


def upgraded(document: Document) -> dict[str, Any]:
    """Return a description of Swagger 2.0 as one of OpenAPI 3.0; its references stay, and so does what they lead to."""
    paths = document.get("paths")
    return {
        **{name: part for name, part in document.items() if name not in {"swagger", "paths"}},
        "openapi": "3.0.0",
        "servers": list(_servers(document)),
        "paths": {path: _item(document, item) for path, item in (paths if isinstance(paths, dict) else {}).items()},
    }


def _servers(document: Document) -> Iterator[dict[str, str]]:
    host, base = document.get("host"), str(document.get("basePath", ""))
    if isinstance(host, str):
        schemes = document.get("schemes") or ["https"]
        yield from ({"url": f"{scheme}://{host}{base}"} for scheme in sorted(schemes, reverse=True))


def _item(document: Document, item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    shared = item.get("parameters", [])
    return {
        name: _operation(document, part, shared) if name in METHODS and isinstance(part, dict) else part
        for name, part in item.items()
        if name != "parameters"
    }


def _operation(document: Document, operation: Document, shared: list[Any]) -> dict[str, Any]:
    found: dict[tuple[Any, Any], Document] = {}
    for given in (*shared, *operation.get("parameters", ())):
        parameter = _resolved(document, given)
        found[parameter.get("name"), parameter.get("in")] = parameter
    produces = operation.get("produces") or document.get("produces") or [JSON]
    made = {
        **{name: part for name, part in operation.items() if name not in {"parameters", "servers"}},
        "parameters": [_parameter(one) for one in found.values() if one.get("in") not in {"body", "formData"}],
        "responses": {"200": {"content": {media: {} for media in produces}}},
    }
    consumes = operation.get("consumes") or document.get("consumes") or []
    body = _body([one for one in found.values() if one.get("in") in {"body", "formData"}], consumes)
    return {**made, "requestBody": body} if body is not None else made


def _resolved(document: Document, given: Any) -> Document:
    reference = given.get("$ref") if isinstance(given, dict) else None
    if isinstance(reference, str) and reference.startswith("#/parameters/"):
        known = document.get("parameters")
        given = known.get(reference.removeprefix("#/parameters/")) if isinstance(known, dict) else None
    return given if isinstance(given, dict) else {}


def _parameter(given: Document) -> dict[str, Any]:
    made = {name: given[name] for name in ("name", "in", "required", "description") if name in given}
    made["schema"] = _schema(given)
    style, explode = STYLES.get(given.get("collectionFormat", "csv"), (None, False))
    if given.get("in") == "query":
        made["explode"] = explode
        if style is not None:
            made["style"] = style
    return made


def _schema(given: Document) -> dict[str, Any]:
    schema = {name: part for name, part in given.items() if name not in OF_PARAMETER}
    return {**schema, "type": "string", "format": "binary"} if schema.get("type") == "file" else schema


def _body(given: list[Document], consumes: list[str]) -> dict[str, Any] | None:
    if not given:
        return None
    whole = next((one for one in given if one.get("in") == "body"), None)
    if whole is not None:
        media = consumes or [JSON]
        content = {one: {"schema": whole.get("schema", {})} for one in media}
        return {"required": whole.get("required") is True, "content": content}
    needed = [str(one.get("name")) for one in given if one.get("required") is True]
    schema: dict[str, Any] = {"type": "object", "properties": {str(one.get("name")): _schema(one) for one in given}}
    if needed:
        schema["required"] = needed
    parts = any(one.get("type") == "file" for one in given) or (PARTS in consumes and FORM not in consumes)
    encoding = {
        str(one.get("name")): {"style": "form", "explode": one.get("collectionFormat") == "multi"}
        for one in given
        if one.get("type") == "array"
    }
    return {"content": {PARTS if parts else FORM: {"schema": schema, "encoding": encoding}}}
