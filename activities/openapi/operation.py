"""One operation as its requests need it, read from an index: parameters, body and the schemas that these refer to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from activities.descriptions.index import Index, OperationRow
from activities.errors import Refused
from activities.openapi.translation import Schema, Translation, definition

Place = Literal["path", "query", "header", "cookie"]

PLACES: tuple[Place, ...] = ("path", "query", "header", "cookie")
STYLES: Mapping[Place, str] = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
ALLOWED: Mapping[Place, tuple[str, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
RESERVED_HEADERS = frozenset(("accept", "content-type", "authorization"))
"""Parameters in a header that OpenAPI says are none: what they would say stands elsewhere in the description."""

PLACE_IN_PATH = re.compile(r"\{([^{}/]+)\}")
LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter outside of the body.

    Attributes:
        name: its name, as it is sent.
        place: where it goes.
        required: whether the service needs it.
        style: how lists and objects are written.
        explode: whether each of their members is written by itself.
        reserved: whether characters that mean something in an address stay as they are.
        media: the type that it is written in instead, where it has one.
        schema: what it may be.
        description: what it is.
    """

    name: str
    place: Place
    required: bool
    style: str
    explode: bool
    reserved: bool
    media: str | None
    schema: Schema
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBody:
    """A request's body in the one of its types that is sent.

    Attributes:
        required: whether the service needs one; None where the description does not say.
        media: its type.
        schema: what it may be.
        encoding: how its properties are written in a form, by name.
    """

    required: bool | None
    media: str
    schema: Schema
    encoding: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        id: its id in the description.
        method: GET, POST, …
        path: with its places in braces.
        summary: one line.
        deprecated: whether the service discourages its use.
        servers: the addresses that the description has for it, the nearest first.
        accepts: types of its successful answers.
        parameters: those outside of the body.
        body: its body, if it can have one.
        definitions: what the schemas refer to, by name.
        digest: changes with whatever a request to it depends on.
    """

    id: str
    method: str
    path: str
    summary: str
    deprecated: bool
    servers: tuple[Mapping[str, Any], ...]
    accepts: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    definitions: Mapping[str, Schema] = field(repr=False)
    digest: str


def operation(index: Index, row: OperationRow, *, described: bool = False) -> Operation:
    """Return an operation with all that its requests need.

    Args:
        index: the description's index.
        row: the operation's row in it.
        described: whether its schemas say what their parts are, for people; its digest is then another one.

    Raises:
        Refused: the description contradicts itself there, or refers to what it does not have.
    """
    reader = _Reader(index, row, described)
    parameters = tuple(reader.parameters())
    body = reader.body()
    definitions = reader.definitions()
    servers = tuple(row.body.get("servers") or index.head["servers"])
    sent = {
        "method": row.method,
        "path": row.path,
        "servers": servers,
        "parameters": [
            [one.name, one.place, one.required, one.style, one.explode, one.reserved, one.media, one.schema]
            for one in parameters
        ],
        "body": None if body is None else [body.required, body.media, body.schema, body.encoding],
        "definitions": definitions,
    }
    written = json.dumps(sent, sort_keys=True, separators=(",", ":"))
    return Operation(
        id=row.id,
        method=row.method,
        path=row.path,
        summary=row.summary,
        deprecated=row.deprecated,
        servers=servers,
        accepts=tuple(row.body["accepts"]),
        parameters=parameters,
        body=body,
        definitions=definitions,
        digest=hashlib.sha256(written.encode(errors="replace")).hexdigest(),
    )


class _Reader:
    """Reads one operation, and follows what it refers to no further than its requests need."""

    def __init__(self, index: Index, row: OperationRow, described: bool) -> None:
        self.index = index
        self.row = row
        self.translation = Translation(index.head["version"], described=described)

    def refused(self, what: str) -> Refused:
        return Refused(f"The description of {self.row.id!r} cannot be used: {what}.")

    def part(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise self.refused(
                f"it refers to {reference!r:.200}, outside of the document, and such references are not followed; "
                "put what it refers to into the description"
            )
        try:
            return self.index.part(reference)
        except KeyError:
            raise self.refused(f"it refers to {reference!r:.200}, which the document does not have") from None

    def resolved(self, given: Any) -> Mapping[str, Any]:
        for _ in range(LONGEST_CHAIN):
            if not isinstance(given, Mapping):
                return {}
            reference = given.get("$ref")
            if not isinstance(reference, str):
                return given
            given = self.part(reference)
        raise self.refused("its references refer to each other without an end")

    def parameters(self) -> Iterator[Parameter]:
        declared: set[str] = set()
        for given in map(self.resolved, self.row.body["parameters"]):
            name, place = given.get("name"), given.get("in")
            if not isinstance(name, str) or place not in PLACES:
                raise self.refused(f"it has a parameter without a name, or in {place!r:.40}, where none can be")
            declared.add(name if place == "path" else "")
            if place == "header" and name.lower() in RESERVED_HEADERS:
                continue
            yield self.parameter(name, cast("Place", place), given)
        for name in dict.fromkeys(PLACE_IN_PATH.findall(self.row.path)):  # some descriptions do not declare them
            if name not in declared:
                yield self.parameter(name, "path", {"schema": {"type": "string"}})

    def parameter(self, name: str, place: Place, given: Mapping[str, Any]) -> Parameter:
        style = given.get("style", STYLES[place])
        if style not in ALLOWED[place]:
            raise self.refused(f"its parameter {name!r:.60} in {place} has the style {style!r:.40}, which is none")
        media, schema = None, given.get("schema")
        content = given.get("content")
        if isinstance(content, Mapping) and content:
            media, inside = next(iter(content.items()))
            schema = inside.get("schema") if isinstance(inside, Mapping) else None
        return Parameter(
            name=name,
            place=place,
            required=place == "path" or given.get("required") is True,
            style=style,
            explode=given.get("explode", style in ("form", "deepObject")) is True,
            reserved=place == "query" and given.get("allowReserved") is True,
            media=media,
            schema=self.translation.schema(schema),
            description=str(given.get("description") or ""),
        )

    def body(self) -> RequestBody | None:
        given = self.resolved(self.row.body.get("requestBody"))
        content = given.get("content")
        if not isinstance(content, Mapping) or not content:
            return None
        media = min(content, key=_preference)
        inside = self.resolved(content[media])
        encoding = inside.get("encoding")
        schema = self.translation.schema(inside.get("schema"))
        if self.row.method in ("GET", "HEAD", "DELETE") and self._empty(inside.get("schema")):
            return None
        return RequestBody(
            required=given["required"] is True if "required" in given else None,
            media=media,
            schema=schema,
            encoding={
                name: one
                for name, one in (encoding.items() if isinstance(encoding, Mapping) else ())
                if isinstance(one, Mapping)
            },
        )

    def _empty(self, schema: Any) -> bool:
        """Say whether a schema is that of an object without members, as generators write where there is no body."""
        given = self.resolved(schema)
        return not given.get("properties") and not given.keys() & {"oneOf", "anyOf", "allOf", "items", "enum"}

    def definitions(self) -> dict[str, Schema]:
        found: dict[str, Schema] = {}
        waiting = sorted(self.translation.references)
        while waiting:
            for reference in waiting:
                found[definition(reference)] = self.translation.schema(self.part(reference))
            waiting = sorted(one for one in self.translation.references if definition(one) not in found)
        return dict(sorted(found.items()))


def _preference(media: str) -> tuple[int, str]:
    """Return how much a type of body is wanted, the least first: JSON, what is like it, forms, texts, bytes."""
    kind = media.partition(";")[0].strip().lower()
    ranks = {
        "application/json": 0,
        "*/*": 0,
        "application/x-www-form-urlencoded": 2,
        "multipart/form-data": 3,
        "text/plain": 4,
        "application/octet-stream": 6,
    }
    return ranks.get(kind, 1 if kind.endswith("+json") else 5), media
