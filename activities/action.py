"""What an action is: a contract (config, result, defaults, docs, example) beside the one function that fulfils it."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar

from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, PrivateAttr
from pydantic.alias_generators import to_camel

from activities.connections import FIRST, Connection, Connections
from activities.context import Context
from activities.descriptions.store import Store
from activities.operations.contract import DescribedOperation

Repeat = Literal["safe", "keyed", "never"]
"""May an attempt whose outcome is unknown be repeated?

`safe`: the action is idempotent. `keyed`: the receiver dedupes our idempotency key. `never`: no, somebody would notice.
"""

Raw = Mapping[str, Any]
"""A step's `config` as its author wrote it, templates unrendered."""

SyntaxName = Literal[
    "json", "json-members", "slack", "markdown", "html", "url", "prompt", "slack-blocks", "adaptive-card"
]
"""How what data fills in is escaped: into a text of that kind, or, for the last two, in the texts of whole lists and
objects."""

ANY_CASE = "x-any-case"
"""Marks the JSON Schema of words that may be written in upper or lower case."""

M = TypeVar("M")

NAME = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")

RECORD = re.compile(r"([a-z][a-z0-9_]*):([a-z][a-z0-9_]*)")
"""What an action writes: a kind of record, and the field of the config that holds its id."""

MOST_REQUESTS = 100
"""Requests that one attempt may reserve; a step that sends more belongs into a loop."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """Marks a text field (`Annotated[str, Syntax("url")]`) whose values are escaped while they are filled in."""

    name: SyntaxName


@dataclass(frozen=True, slots=True)
class Credential:
    """Marks a field that is a credential by contract: written literally in a definition it is a problem."""


@dataclass(frozen=True, slots=True)
class WithoutConnection:
    """Marks a field that says where to send: a step that has it and names no connection needs none."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Marks a field that is a JSON Schema: one that is none, or too much to judge values by, is a problem."""


@dataclass(frozen=True, slots=True)
class Static:
    """Marks a field that decides the plan (`parseResponse`, `connection`): a template there is a problem.

    Attributes:
        problem: the code of that problem.
    """

    problem: Literal["static-field", "dynamic-operation"] = "static-field"


CONNECTION = FIRST
"""The field of a config that names the step's connection."""

CONNECTOR_ID = "connectorId"
"""Another key for the same field, in every action."""


def keys(field_name: str) -> str | AliasChoices:
    """Return the key of a field of a config, or its keys, the documented one first."""
    return AliasChoices(CONNECTION, CONNECTOR_ID) if field_name == CONNECTION else to_camel(field_name)


class Doubt(NamedTuple):
    """Something in a config that is likely not meant: its key, a problem's code, and sentences."""

    key: str
    code: str
    sentence: str
    hint: str


class Config(BaseModel):
    """What an action takes. Field names are camelCase in definitions; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(alias=to_camel, validation_alias=keys, serialization_alias=to_camel),
        defer_build=True,  # most actions are not used by the definition at hand
        coerce_numbers_to_str=True,  # `text: "{{order.total}}"` is a number, and meant as the text that it looks like
    )

    defaults: ClassVar[Mapping[str, Any]] = {}
    """Keys that planning fills in where the author wrote none: defaults that are templates, and so need rendering."""

    languages: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Languages that it knows, as BCP-47 codes, each with the vendor's models for it."""

    @classmethod
    def doubts(cls, raw: Raw) -> Iterable[Doubt]:  # noqa: ARG003 # most configs leave no doubt
        """Return what is likely not meant as it is written, although the action takes it."""
        return ()

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


@functools.cache
def names(model: type[BaseModel], field_name: str) -> tuple[str, ...]:
    """Return the keys under which a definition may write a field, the documented one first."""
    info = model.model_fields[field_name]
    found = [info.alias] if info.alias else []
    choices = getattr(info.validation_alias, "choices", [info.validation_alias])
    found += [choice for choice in choices if isinstance(choice, str)]
    return tuple(dict.fromkeys([*found, field_name]))


def spellings(model: type[BaseModel], key: str) -> tuple[str, ...]:
    """Return the keys under which a definition may write the field that has this one; none where no field has it."""
    return next((found for name in model.model_fields if key in (found := names(model, name))), ())


def marked(model: type[BaseModel], raw: Raw, mark: type[M]) -> Iterable[tuple[str, M]]:
    """Return (key in `raw`, mark) for every field of `model` that carries such a mark and that `raw` fills."""
    return ((key, meta) for key, meta in _metadata(model) if isinstance(meta, mark) and key in raw)


@functools.cache
def _metadata(model: type[BaseModel]) -> tuple[tuple[str, Any], ...]:
    fields = model.model_fields.items()
    return tuple((key, meta) for name, info in fields for meta in info.metadata for key in names(model, name))


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
    beside: Mapping[str, tuple[type[Connection], ...]] = field(default_factory=dict)
    """Kinds of connection besides those, by the field that names one: of a second connection that it needs; under
    `connection`, kinds that a step may name there, and that are not chosen where it names none."""
    background: Callable[[Raw], bool] = field(default=lambda _raw: False)
    look: Look | None = None
    addresses: Callable[[Any], Iterable[str]] = field(default=lambda _connection: ())
    """Returns the addresses that it reaches with a connection, where it knows more of them than the connection does."""
    local: bool = False
    calls: bool = False
    takes_secrets: bool = True
    requests: int | Callable[[Raw], int] = 1
    writes: tuple[str, ...] = ()
    operation: Locate | None = None
    """Finds the described operation that a step names, which then decides about repeats; its config has `params`."""
    asks: Asks | None = None
    """Says whether a step that has no `requireApproval` waits for people; None where none does."""
    notice: bool = False
    """Whether it stands only in `notify`: it is given the hold, and what it gave once more when the hold is closed."""

    def __post_init__(self) -> None:
        if self.local and (self.connections or self.look is not None):
            raise ValueError(f"{self.name} is local: it sends nothing, so it has no connections and no look-up.")
        if not callable(self.requests):
            self.most_requests({})
        for written in self.writes:
            record = RECORD.fullmatch(written)
            if record is None or record[2] not in self.config.model_fields or not self.connections:
                raise ValueError(
                    f"{self.name} cannot write {written!r}: it takes a connection, and `writes` names a kind of record "
                    f"and a field of {self.config.__name__}, as in 'ticket:ticket_id'."
                )

    def kinds(self) -> tuple[type[Connection], ...]:
        """Return every kind of connection that it can use, as its first or its second one, once each."""
        return tuple(dict.fromkeys((*self.connections, *(kind for kinds in self.beside.values() for kind in kinds))))

    def shown(self) -> Any:
        """Return the example as a part of a definition: a step, or for a notice the policy that it stands in."""
        if self.notice:
            return {"approvals": {"notify": [{"actionType": self.name, "config": dict(self.example)}]}}
        return [{"label": self.summary.rstrip("."), "actionType": self.name, "config": dict(self.example)}]

    def repeats(self, raw: Raw) -> Repeat:
        """Say whether an unknown outcome of this step may be repeated."""
        return self.repeat(raw) if callable(self.repeat) else self.repeat

    def most_requests(self, raw: Raw) -> int:
        """Return how many requests one attempt of this step may send where nothing goes wrong.

        Raises:
            ValueError: it is none, or too many to be reserved.
        """
        most = self.requests(raw) if callable(self.requests) else self.requests
        if not 1 <= most <= MOST_REQUESTS:
            raise ValueError(f"{self.name} must send 1 to {MOST_REQUESTS} requests in an attempt; it says {most}.")
        return most

    def records(self, raw: Raw) -> dict[str, str]:
        """Return the kind of each record that a step writes, by JSON pointer to its id: `{"/ticketId": "ticket"}`."""
        pairs = (written.split(":") for written in self.writes)
        return {f"/{key}": kind for kind, field in pairs for key in names(self.config, field) if key in raw}


def action(  # noqa: PLR0913 # a contract says all of this, by name
    name: str,
    *,
    repeat: Repeat | Callable[[Raw], Repeat],
    example: Mapping[str, Any],
    timeout: timedelta = timedelta(seconds=30),
    attempts: int | None = None,
    triggers: tuple[str, ...] = (),
    connections: tuple[type[Connection], ...] = (),
    beside: Mapping[str, tuple[type[Connection], ...]] | None = None,
    background: Callable[[Raw], bool] | None = None,
    look: Look | None = None,
    local: bool = False,
    calls: bool = False,
    takes_secrets: bool = True,
    requests: int | Callable[[Raw], int] = 1,
    writes: tuple[str, ...] = (),
    operation: Locate | None = None,
    asks: Asks | None = None,
    notice: bool = False,
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
        beside: kinds of a second connection, by the field that names it (see `Action.beside`).
        background: says from the unrendered config whether the path goes on without waiting for the result.
        look: finds out after an unknown outcome what became of it, without sending anything.
        local: it sends nothing to anybody but Temporal, so that it has no vendor that could be unavailable or leave
            an outcome unknown.
        calls: its run carries it out by running the automation that `automation` names; the function only asks how that
            ended.
        takes_secrets: whether secrets may stand in its config; not where another run's history keeps it.
        requests: most requests that one attempt sends where nothing goes wrong, or a function of the step's unrendered
            config: so many does a connection's `rateLimit` count.
        writes: the records that it writes, each as `kind:field` (`ticket:ticket_id`); the field holds an id or a list
            of ids. Steps of one run that write the same record at the same connection send one after the other.
        operation: finds the operation of a described service that the step's config names.
        asks: says whether a step that has no `requireApproval` waits for people.
        notice: it asks people about a hold, and stands only in `notify` (see `Action.notice`).
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
            beside=beside or {},
            background=background or (lambda _raw: False),
            look=look,
            local=local,
            calls=calls,
            takes_secrets=takes_secrets,
            requests=requests,
            writes=writes,
            operation=operation,
            asks=asks,
            notice=notice,
        )

    return wrap
