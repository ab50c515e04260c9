"""Params of a step to the values of a request: which goes where, as which type, and what is wrong with them.

Params are flat: a name is first that of a parameter in path, query, header or cookie, else a member of the body; `body`
is the whole body, unless the body has a member of that name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from activities.descriptions.flaws import Flaw, Open, shown
from activities.descriptions.schemas import Schemas
from activities.descriptions.validation import Judge, unknown_name
from activities.http_client.json_body import json_text
from activities.openapi.coercion import bare, number_as, read_as
from activities.openapi.files import as_texts, is_text, takes_files
from activities.openapi.operation import Operation, Parameter, RequestBody

BODY = "body"
DEEPEST = 60
NOTHING: Any = object()
"""Stands for a body that is not sent."""


@dataclass(frozen=True, slots=True)
class PlacedParams:
    """Params at their places.

    Attributes:
        parameters: the parameters that are sent, each with its value.
        body: the body, or `NOTHING`.
        unknown: names that belong nowhere.
    """

    parameters: list[tuple[Parameter, Any]] = field(default_factory=list)
    body: Any = NOTHING
    unknown: list[str] = field(default_factory=list)


def _nothing_open(_value: Any) -> bool:
    return False


class Params:
    """Places and judges params of one operation.

    Args:
        operation: the operation.
        supplied: names of parameters that the connection gives where a step does not.
        json_texts: whether lists and objects are written as JSON where the description wants a text.
    """

    def __init__(self, operation: Operation, supplied: Collection[str] = (), *, json_texts: bool = False) -> None:
        self.operation = operation
        self.json_texts = json_texts
        self.supplied = frozenset(supplied)
        self.schemas = Schemas(operation.definitions)
        body = operation.body
        parted = body is not None and not is_text(body.media)  # else its schema is of what the text says
        self.needed = self.schemas.required(body.schema) if body is not None and parted else set()
        named = self.schemas.members(body.schema) if body is not None and parted else {}
        self.members = {**named, **{name: True for name in sorted(self.needed) if name not in named}}
        self.body_needed = body is not None and (body.required or (body.required is None and bool(self.needed)))
        self._judge: Judge | None = None

    def names(self) -> list[str]:
        """Return every name that params may have."""
        own = [one.name for one in self.operation.parameters]
        return list(dict.fromkeys([*own, *self.members, *filter(None, [self.whole({})])]))

    def whole(self, params: Mapping[str, Any]) -> str | None:
        """Return the name by which params may give the whole body; None where they give its members alone."""
        del params
        return None if self.operation.body is None or BODY in self.members else BODY

    def place(self, params: Mapping[str, Any]) -> PlacedParams:
        """Return params at their places, as the types that they have there."""
        placed = PlacedParams()
        left = dict(params)
        for one in self.operation.parameters:
            if one.name not in params:
                continue
            left.pop(one.name, None)
            value = params[one.name]
            if value is not None or one.required:
                placed.parameters.append((one, self._typed(value, one.schema, DEEPEST)))
        body = self.operation.body
        if body is None:
            placed.unknown.extend(left)
            return placed
        return PlacedParams(placed.parameters, *self._body(body, left))

    def _takes_null(self, schema: Any) -> bool:
        """Say whether null is a value of its own; where any may stand it means that a param is left out."""
        kinds = self.schemas.types(schema)
        return isinstance(schema, dict) and len(kinds) < len(EVERY) and "null" in kinds

    def _body(self, body: RequestBody, left: dict[str, Any]) -> tuple[Any, list[str]]:
        whole = NOTHING
        if (name := self.whole(left)) in left:
            whole = left.pop(name)
            if whole is None and not self._takes_null(body.schema):
                whole = NOTHING
        others = self.schemas.takes_others(body.schema)
        unknown = [name for name in left if name not in self.members and not others]
        members = {
            name: value
            for name, value in left.items()
            if name not in unknown
            and (value is not None or name in self.needed or self._takes_null(self.members.get(name)))
        }
        if isinstance(whole, dict):
            whole = {**whole, **members}
        elif members:
            if whole is not NOTHING:
                unknown.extend(members)
            else:
                whole = members
        if whole is NOTHING and self.body_needed and "object" in self.schemas.types(body.schema):
            whole = {}
        return (whole if whole is NOTHING else self._typed(whole, body.schema, DEEPEST)), unknown

    def _typed(self, value: Any, schema: Any, deepest: int) -> Any:
        """Return a value as the type that its schema alone allows: templates give texts of what are numbers."""
        if isinstance(value, dict | list):
            return self._typed_inside(value, schema, deepest) if deepest else value
        kinds = self.schemas.types(schema)
        if isinstance(value, str) and "string" not in kinds:
            return read_as(kinds, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return number_as(kinds, value)
        return value

    def _typed_inside(self, value: dict[str, Any] | list[Any], schema: Any, deepest: int) -> Any:
        if self.json_texts and self.schemas.types(schema) <= {"string", "null"}:
            return json_text(value)
        if isinstance(value, list):
            items = self.schemas.items(schema)
            return [self._typed(item, items, deepest - 1) for item in value]
        return {name: self._typed(item, self.schemas.member(schema, name), deepest - 1) for name, item in value.items()}

    def flaws(self, params: Mapping[str, Any], is_open: Open = _nothing_open) -> list[Flaw]:
        """Return what is wrong with params.

        Args:
            params: what a step says.
            is_open: which values may still become anything.
        """
        placed = self.place(params)
        found = [unknown_name([name], dict.fromkeys(self.names())) for name in placed.unknown]
        given = {one.name for one, _ in placed.parameters}
        found += [
            Flaw(kind="missing", path=(one.name,), sentence=f"`{one.name}` is missing")
            for one in self.operation.parameters
            if one.required and one.name not in given and one.name not in self.supplied
        ]
        value = {f"{one.place} {one.name}": item for one, item in placed.parameters if not is_open(item)}
        if placed.body is not NOTHING and not (isinstance(placed.body, str) and is_open(placed.body)):
            value[BODY] = self._judged(placed.body)
        elif placed.body is NOTHING and self.body_needed:
            found.append(Flaw(kind="missing", path=(BODY,), sentence="the body is missing"))
        for flaw in self.judge.flaws(bare(value), is_open):
            found.append(self._moved(flaw, params))
        unseen = [flaw for flaw in self._doubtful(placed, params) if flaw.path not in {one.path for one in found}]
        return list(dict.fromkeys([*found, *unseen]))

    def _judged(self, body: Any) -> Any:
        """Return a body as it is judged: texts stand for files."""
        described = self.operation.body
        if described is None or not takes_files(described.media):
            return body
        return as_texts(body, described.schema, self.schemas)

    @property
    def judge(self) -> Judge:
        """What judges the values at their places."""
        if self._judge is None:
            properties = {f"{one.place} {one.name}": one.schema for one in self.operation.parameters}
            if self.operation.body is not None:
                properties[BODY] = self.body_schema(self.operation.body)
            self._judge = Judge({"type": "object", "properties": properties}, self.operation.definitions)
        return self._judge

    def body_schema(self, body: RequestBody) -> Any:
        """Return the schema that a body is judged by."""
        if is_text(body.media) and "string" not in self.schemas.types(body.schema):
            return {"type": "string"}
        return body.schema

    def _moved(self, flaw: Flaw, params: Mapping[str, Any]) -> Flaw:
        """Return a flaw of placed values with its path in the params."""
        head, *rest = flaw.path
        if head != BODY:
            path = (str(head).partition(" ")[2], *rest)
        elif rest:
            path = (*self._place_of(rest[0], params), *rest[1:])
        else:
            path = self._head(params)
        old, new = _quoted(flaw.path), _quoted(path)
        sentence = flaw.sentence.replace(old, new, 1) if path else f"the body: {flaw.sentence.partition(': ')[2]}"
        return Flaw(kind=flaw.kind, path=path, sentence=sentence, hint=flaw.hint, serious=flaw.serious)

    def _head(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return where the body's members stand in params: below the name of the whole body, or beside each other."""
        whole = self.whole(params)
        return (whole,) if whole is not None and whole in params else ()

    def _place_of(self, name: Any, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return where a member of the body stands, or would stand, in params; the name of a parameter is taken."""
        taken = any(one.name == name for one in self.operation.parameters)
        if name in params and not taken:
            return (name,)
        whole = self.whole(params)
        return (whole, name) if taken and whole is not None else (*self._head(params), name)

    def _doubtful(self, placed: PlacedParams, params: Mapping[str, Any]) -> Iterator[Flaw]:
        """Yield what the service may ignore: members that it only answers with, and inner ones that nobody names.

        The description does not forbid these either.
        """
        for one, value in placed.parameters:
            yield from self._strange(value, one.schema, (one.name,))
        if isinstance(placed.body, dict) and self.operation.body is not None:
            others = not self.members or self.schemas.takes_others(self.operation.body.schema)
            for name, value in placed.body.items():
                path = self._place_of(name, params)
                if name in self.members:
                    yield from self._member(value, self.members[name], path)
                elif not others:
                    yield unknown_name(path, self.members, serious=False)

    def _member(self, value: Any, schema: Any, path: tuple[str | int, ...]) -> Iterator[Flaw]:
        """Yield what is doubtful of one member, and inside of it."""
        if self.schemas.answers_only(schema):
            sentence = f"`{shown(path)}` stands in answers only: the service may ignore it"
            yield Flaw(kind="ignored", path=path, sentence=sentence, serious=False)
        else:
            yield from self._strange(value, schema, path)

    def _strange(self, value: Any, schema: Any, path: tuple[str | int, ...]) -> Iterator[Flaw]:
        if isinstance(value, list):
            items = self.schemas.items(schema)
            for index, item in enumerate(value):
                yield from self._strange(item, items, (*path, index))
        if not isinstance(value, dict) or len(path) > DEEPEST:
            return
        known = self.schemas.members(schema)
        others = not known or self.schemas.takes_others(schema)
        for name, item in value.items():
            if name in known:
                yield from self._member(item, known[name], (*path, name))
            elif not others:
                yield unknown_name((*path, name), known, serious=False)


EVERY = ("string", "integer", "number", "boolean", "object", "array", "null")


def _quoted(path: tuple[str | int, ...]) -> str:
    return f"`{shown(path)}`"
