"""Connections: named credentials and addresses, known to workers only and resolved inside an activity."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from activities.errors import Refused
from activities.http_client.addresses import Target, parse_host
from activities.http_client.bindings import SECTION, Bindings, StandIn
from activities.observing import using
from activities.violations import sentence_of

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


ADDRESSES = frozenset(("base_url", "description", "stands_for"))
FIRST = "connection"
"""The field of a config that names its first connection, or its only one."""


class RateLimit(BaseModel):
    """How often a connection may be used, by all workers together."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, alias_generator=to_camel, defer_build=True
    )

    requests_per_second: float = Field(
        ge=1, le=100_000, description="Requests in a second, on average over some seconds; at least 1."
    )


class Connection(BaseModel):
    """What every connection has; each kind is a subclass beside the actions that use it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, alias_generator=to_camel, defer_build=True
    )

    kind: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]] = ()
    """The vendor's own hosts, which are reached where `base_url` names no other address."""

    base_url: str | None = Field(default=None, description="Address to use instead of the vendor's own.")
    stands_for: str | None = Field(
        default=None,
        description="The vendor's host, where `baseUrl` is a test server that stands in for it: secrets bound to that "
        "host may go to `baseUrl`.",
    )
    rate_limit: RateLimit | None = Field(
        default=None, description="How many requests all workers together may send with it; more waits in Temporal."
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=1_000, description="How many actions one worker process may carry out with it at a time."
    )

    @model_validator(mode="after")
    def _stands_for_a_host(self) -> Self:
        try:
            self.stand_in()
        except Refused as refused:
            raise ValueError(f"`standsFor` names a host, beside an absolute `baseUrl`. {refused}") from None
        return self

    def stand_in(self) -> StandIn | None:
        """Return which vendor `base_url` stands in for, if it does."""
        if self.stands_for is None:
            return None
        return StandIn(Target.parse(self.base_url or ""), parse_host(self.stands_for)[0])

    def addresses(self) -> Iterable[str]:
        """Return every host, or address, that this connection says it reaches, the vendor's own included."""
        named = [value for _, value in self if isinstance(value, str) and value.startswith(("https://", "http://"))]
        return [*named, *([self.base_url] if self.base_url else self.hosts)]

    _remembered: dict[Any, Any] = PrivateAttr(default_factory=dict)

    @property
    def remembered(self) -> dict[Any, Any]:
        """What this process knows about the connection while it runs, such as its token, by what knows it."""
        return self._remembered

    def credentials(self) -> Iterable[str]:
        """Return the values of this connection that must never be seen: by default every text but addresses."""
        return [value for name, value in self if name not in ADDRESSES and isinstance(value, str)]


C = TypeVar("C", bound=Connection)


class Connections:
    """The connections of one worker, as `connections.yaml` names them.

    Args:
        entries: the file's content; values may be `${ENVIRONMENT_VARIABLE}`; the key `defaults` maps actions to names,
            and `secrets` binds secrets to hosts.
        kinds: every kind that the catalog's actions use.
        environment: where `${…}` is looked up.

    Raises:
        BindingError: `secrets` is not what it should be.
    """

    def __init__(
        self,
        entries: Mapping[str, Any],
        kinds: Iterable[type[Connection]],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.kinds = {kind.kind: kind for kind in kinds}
        self.defaults: dict[str, str] = dict(entries.get("defaults") or {})
        self.entries = {name: dict(entry) for name, entry in entries.items() if name not in {"defaults", SECTION}}
        self.environment = environment
        self.bindings = Bindings(entries.get(SECTION), self._filled)
        self._made: dict[str, Connection] = {}

    def pick(self, kinds: tuple[type[C], ...], *, action: str, name: str | None, field: str = FIRST) -> C:
        """Return the connection a step uses: the one it names, else the action's default, else the only one that fits.

        Args:
            kinds: those that fit.
            action: the action's name.
            name: the connection that the step names, if it does.
            field: the field that names it; the default of a second one is that of `<action>.<field>`.

        Raises:
            Refused: none fits, several do, or the one meant is incomplete; the sentence says which and what to do.
        """
        chosen = self.choose(kinds, action=action, name=name, field=field)
        made = self.get(chosen)
        for kind in kinds:
            if isinstance(made, kind):
                if field == FIRST:
                    using(chosen, made.kind)
                return made
        fitting = " or ".join(kind.kind for kind in kinds)
        raise Refused(f"Connection {chosen!r} is of kind {made.kind}; {action} needs {fitting}.")

    def choose(self, kinds: Iterable[type[Connection]], *, action: str, name: str | None, field: str = FIRST) -> str:
        """Return the name of the connection a step uses; see `pick`.

        Raises:
            Refused: none fits, several do, or there is none of that name.
        """
        fitting = [kind.kind for kind in kinds]
        candidates = [n for n, entry in self.entries.items() if entry.get("kind") in fitting]
        usual = action if field == FIRST else f"{action}.{field}"
        chosen = name or self.defaults.get(usual)
        if chosen is None and len(candidates) == 1:
            chosen = candidates[0]
        if chosen is None:
            known = " or ".join(fitting)
            if not candidates:
                raise Refused(f"{action} needs a connection of kind {known}; connections.yaml has none: add one.")
            raise Refused(
                f"{action} can use several connections ({', '.join(sorted(candidates))}): name one with `{field}:` "
                f"in the step's config, or set `defaults: {{{usual}: …}}` in connections.yaml."
            )
        if chosen not in self.entries:
            known = ", ".join(sorted(self.entries)) or "none"
            raise Refused(f"There is no connection {chosen!r}; connections.yaml has {known}.")
        return chosen

    def get(self, name: str) -> Connection:
        """Make the connection of that name.

        Raises:
            Refused: its kind is unknown, an environment variable is unset, or a field is missing or misspelt.
        """
        if name in self._made:
            return self._made[name]
        unset = [variable for variable in _variables(self.entries[name]) if variable not in self.environment]
        if unset:
            named = (
                f"variable{'s' if len(unset) > 1 else ''} {', '.join(unset)}: set {'them' if len(unset) > 1 else 'it'}"
            )
            raise Refused(f"Connection {name!r} needs the environment {named} on this worker.")
        entry = {key: self._expand(value) for key, value in self.entries[name].items()}
        kind = self.kinds.get(str(entry.pop("kind", "")))
        if kind is None:
            raise Refused(f"Connection {name!r} must have a `kind`: one of {', '.join(sorted(self.kinds))}.")
        try:
            made = kind.model_validate(entry)
        except ValidationError as error:
            wrong = sentence_of(error)
            raise Refused(f"Connection {name!r} of kind {kind.kind} is not right: {wrong}.") from None
        self._made[name] = made
        return made

    def entry(self, name: str) -> dict[str, Any]:
        """Return what the file says of a connection, for what needs no credential; variables may be unset."""
        return {key: self._filled_where_set(value) for key, value in self.entries[name].items()}

    def problems(self) -> list[str]:
        """Return a sentence for every connection that cannot be used as it stands."""
        found = []
        for name in self.entries:
            try:
                self.get(name)
            except Refused as refused:
                found.append(str(refused))
        for action, name in self.defaults.items():
            if name not in self.entries:
                known = ", ".join(sorted(self.entries)) or "none"
                found.append(f"`defaults` gives {action} the connection {name!r}; connections.yaml has {known}.")
        return found

    def stand_ins(self) -> list[StandIn]:
        """Return the addresses of usable connections that stand in for vendors."""
        return [found for made in self.usable().values() if (found := made.stand_in()) is not None]

    def limited(self) -> dict[str, Connection]:
        """Return every usable connection that has a limit, by name."""
        usable = self.usable()
        return {n: made for n, made in usable.items() if made.rate_limit is not None or made.concurrency is not None}

    def credentials(self) -> set[str]:
        """Return every credential of every usable connection, for scrubbing."""
        return {value for made in self.usable().values() for value in made.credentials()}

    def usable(self) -> dict[str, Connection]:
        """Return every connection that can be used as it stands, by name."""
        found = {}
        for name in self.entries:
            with suppress(Refused):
                found[name] = self.get(name)
        return found

    def _expand(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._expand(inner) for key, inner in value.items()}
        return self._filled(value) if isinstance(value, str) else value

    def _filled_where_set(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return VARIABLE.sub(lambda match: self.environment.get(match[1], match[0]), value)

    def _filled(self, value: str) -> str:
        return VARIABLE.sub(lambda match: self.environment[match[1]], value)


def _variables(value: Any) -> list[str]:
    """Return the environment variables that a value names, once each, in their order."""
    if isinstance(value, Mapping):
        return list(dict.fromkeys(name for inner in value.values() for name in _variables(inner)))
    return list(dict.fromkeys(VARIABLE.findall(value))) if isinstance(value, str) else []
