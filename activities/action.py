"""What an action is: a contract (config, result, defaults, docs, example) beside the one function that fulfils it."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, PrivateAttr
from pydantic.alias_generators import to_camel

from activities.connections import Connection, Connections
from activities.context import Context
from activities.descriptions.store import Store
from activities.operations.contract import DescribedOperation

Repeat = Literal["safe", "keyed", "never"]
"""May an attempt whose outcome is unknown be repeated?

`safe`: the action is idempotent. `keyed`: the receiver dedupes our idempotency key. `never`: no, somebody would notice.
"""

Raw = Mapping[str, Any]
"""A step's `config` as its author wrote it, templates unrendered."""

SyntaxName = Literal["json", "slack", "markdown", "html", "url", "prompt", "slack-blocks", "adaptive-card"]
"""How what data fills in is escaped: into a text of that kind, or, for the last two, in the texts of whole lists and
objects."""

ANY_CASE = "x-any-case"
"""Marks the JSON Schema of words that may be written in upper or lower case."""

M = TypeVar("M")

NAME = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Syntax:
    """Marks a text field (`Annotated[str, Syntax("url")]`) whose values are escaped while they are filled in."""

    name: SyntaxName


@dataclass(frozen=True, slots=True)
class Credential:
    """Marks a field that is a credential by contract: written literally in a definition it is a problem."""


@dataclass(frozen=True, slots=True)
class Static:
    """Marks a field that decides the plan (`parseResponse`, `connection`): a template there is a problem.

    Attributes:
        problem: the code of that problem.
    """

    problem: Literal["static-field", "dynamic-operation"] = "static-field"


CONNECTION = "connection"
"""The field of a config that names the step's connection."""

CONNECTOR_ID = "connectorId"
"""Another key for the same field, in every action."""


def _keys(field_name: str) -> str | AliasChoices:
    return AliasChoices(CONNECTION, CONNECTOR_ID) if field_name == CONNECTION else to_camel(field_name)


class Config(BaseModel):
    """What an action takes. Field names are camelCase in definitions; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(alias=to_camel, validation_alias=_keys, serialization_alias=to_camel),
        defer_build=True,  # most actions are not used by the definition at hand
        coerce_numbers_to_str=True,  # `text: "{{order.total}}"` is a number, and meant as the text that it looks like
    )

    defaults: ClassVar[Mapping[str, Any]] = {}
    """Keys that planning fills in where the author wrote none: defaults that are templates, and so need rendering."""

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Return the syntax of each text field that `raw` fills, by JSON pointer (`{"/url": "url"}`)."""
        return {f"/{key}": mark.name for key, mark in marked(cls, raw, Syntax) if isinstance(raw[key], str)}


class Result(BaseModel):
    """What an action gives; stored in `variables` under the names of its fields' aliases (camelCase)."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, alias_generator=to_camel, defer_build=True)

    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd about what the action did, in sentences: it stands in the report and in no variable."""
        return self._warnings

    def warn(self, *sentences: str) -> Self:
        """Add warnings to the step's entry in the report, and return this result."""
        self._warnings = (*self._warnings, *sentences)
        return self

    def identity(self) -> str | None:
        """Return what tells this result from any other of the vendor's, where a look-up by content needs it."""
        return None


def names(model: type[BaseModel], field_name: str) -> list[str]:
    """Return the keys under which a definition may write a field, the documented one first."""
    info = model.model_fields[field_name]
    found = [info.alias] if info.alias else []
    choices = getattr(info.validation_alias, "choices", [info.validation_alias])
    found += [choice for choice in choices if isinstance(choice, str)]
    return list(dict.fromkeys([*found, field_name]))


def marked(model: type[BaseModel], raw: Raw, mark: type[M]) -> Iterable[tuple[str, M]]:
    """Yield (key in `raw`, mark) for every field of `model` that carries such a mark and that `raw` fills."""
    for field_name, info in model.model_fields.items():
        for meta in info.metadata:
            if isinstance(meta, mark):
                yield from ((key, meta) for key in names(model, field_name) if key in raw)


Function = Callable[[Any, Context], Awaitable[Any]]

Look = Callable[[Any, Context, datetime], Awaitable[Sequence[Result]]]
"""Looks at the vendor for what a step may have done since an instant, and returns every result that would be its.

The instant is when the step was first sent, by Temporal's clock; how far the vendor's may be behind, the look knows.
"""


Locate = Callable[[Raw, Connections, Store], DescribedOperation]
"""Finds the operation that a step's config names, without any credential.

It raises `Refused` where there is none, and `NotAtHandError` where its description has to be fetched first.
"""

Asks = Callable[[Raw, Connections], bool]
"""Says whether people are asked about a step that does not say whether they are; it needs no credential.

It raises `Refused` where the connection is not known.
"""

PARAMS = "params"
"""The field of a config that holds the params of a described operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action: the contract that a definition is held to, and the function that fulfils it."""

    name: str
    function: Function
    config: type[Config]
    result: type[Result] | None
    repeat: Repeat | Callable[[Raw], Repeat]
    summary: str
    description: str
    example: Mapping[str, Any]
    timeout: timedelta = timedelta(seconds=30)
    attempts: int | None = None
    triggers: tuple[str, ...] = ()
    connections: tuple[type[Connection], ...] = ()
    background: Callable[[Raw], bool] = field(default=lambda _raw: False)
    look: Look | None = None
    addresses: Callable[[Any], Iterable[str]] = field(default=lambda _connection: ())
    """Returns the addresses that it reaches with a connection, where it knows more of them than the connection does."""
    local: bool = False
    operation: Locate | None = None
    """Finds the described operation that a step names, which then decides about repeats; its config has `params`."""
    asks: Asks | None = None
    """Says whether a step that has no `requireApproval` waits for people; None where none does."""

    def __post_init__(self) -> None:
        if self.local and (self.connections or self.look is not None):
            raise ValueError(f"{self.name} is local: it sends nothing, so it has no connections and no look-up.")

    def repeats(self, raw: Raw) -> Repeat:
        """Say whether an unknown outcome of this step may be repeated."""
        return self.repeat(raw) if callable(self.repeat) else self.repeat


def action(  # noqa: PLR0913 # a contract says all of this, by name
    name: str,
    *,
    repeat: Repeat | Callable[[Raw], Repeat],
    example: Mapping[str, Any],
    timeout: timedelta = timedelta(seconds=30),
    attempts: int | None = None,
    triggers: tuple[str, ...] = (),
    connections: tuple[type[Connection], ...] = (),
    background: Callable[[Raw], bool] | None = None,
    look: Look | None = None,
    local: bool = False,
    operation: Locate | None = None,
    asks: Asks | None = None,
) -> Callable[[Function], Action]:
    """Turn an async function `(config, context) -> result` into an action whose contract its annotations are.

    Args:
        name: what definitions call it (`actionType`), and Temporal's activity type.
        repeat: what an unknown outcome allows, or a function of the step's unrendered config.
        example: a whole `config` that is valid and sensible.
        timeout: bound of one attempt (start-to-close) where the step gives none.
        attempts: most attempts where the step gives none; by default only the time (`within`) bounds them.
        triggers: event types under which the action makes sense; empty means any.
        connections: kinds of connection that it can use, one of which it needs; empty means none.
        background: says from the unrendered config whether the path goes on without waiting for the result.
        look: finds out after an unknown outcome what became of it, without sending anything.
        local: it sends nothing to anybody, so that it can neither be unavailable nor have an unknown outcome.
        operation: finds the operation of a described service that the step's config names.
        asks: says whether a step that has no `requireApproval` waits for people.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"An action's name is lower case, words joined by '_' or '.'; {name!r} is not.")

    def wrap(function: Function) -> Action:
        hints = typing.get_type_hints(function)
        first = next(iter(inspect.signature(function).parameters))
        result = hints.get("return")
        text = inspect.getdoc(function) or ""
        return Action(
            name=name,
            function=function,
            config=hints[first],
            result=result if isinstance(result, type) and issubclass(result, Result) else None,
            repeat=repeat,
            summary=text.partition("\n")[0],
            description=text,
            example=example,
            timeout=timeout,
            attempts=attempts,
            triggers=triggers,
            connections=connections,
            background=background or (lambda _raw: False),
            look=look,
            local=local,
            operation=operation,
            asks=asks,
        )

    return wrap
