"""What a step of Keep gives its provider, and what is made of it: requests, and where their result is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.importing.keep.scope import KeepScope, Way, variable_of
from workers.importing.keep.texts import text_of, value_of
from workers.importing.unsaid import UnsayableError

_CONNECTION = re.compile(r"\{\{\s*providers\.([A-Za-z0-9_.-]+)\s*\}\}")


@dataclass(slots=True)
class ProviderKeys:
    """The keys that a step gives its provider, as they are taken one by one.

    Attributes:
        provider: the provider's type, such as `slack`.
        connection: the name that the step gives the provider's account; the type where it gives none.
        scope: what the names in its texts mean.
        variable: where the step's result is saved.
        reading: the step before, whose results templates without a root are about.
        values: what stands under `with`.
        taken: the keys that were taken; what is left over is told.
        fill: sentences on what to fill in: addresses, secrets, connections.
    """

    provider: str
    connection: str
    scope: KeepScope
    variable: str
    values: Mapping[str, Any]
    reading: str | None = None
    taken: dict[str, None] = field(default_factory=dict)
    fill: dict[str, None] = field(default_factory=dict)

    def take(self, key: str, default: Any = None) -> Any:
        """Return the value of a key with its texts as templates; the default where there is none or an empty text."""
        self.taken[key] = None
        value = self.values.get(key)
        return default if value is None or value == "" else value_of(value, self.scope)

    def need(self, key: str) -> Any:
        """Return the value of a key without which there is no request.

        Raises:
            UnsayableError: it is not given.
        """
        value = self.take(key)
        if value is None:
            raise UnsayableError(f"`{self.provider}` needs `{key}`, which is not given.")
        return value

    def plain(self, key: str, default: str = "") -> str:
        """Return a key that chooses what is done, so that it has to be a text without templates."""
        self.taken[key] = None
        value = str(self.values.get(key, default) or default)
        if "{{" in value:
            raise UnsayableError(f"`{key}` chooses what is done and is a template.")
        return value

    def document(self, key: str) -> Any:
        """Return the JSON that a key is, or that its text holds; the text itself where it is none."""
        self.taken[key] = None
        value = self.values.get(key)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return text_of(value, self.scope)
        return value_of(value, self.scope)

    def some(self, **keys: str) -> dict[str, Any]:
        """Return those of some keys that are given: our name for each, and Keep's."""
        found = {ours: self.take(key) for ours, key in keys.items()}
        return {ours: value for ours, value in found.items() if value is not None}

    def rest(self) -> dict[str, Any]:
        """Return every key that is not taken yet."""
        return {key: self.take(key) for key in self.values if key not in self.taken}

    def skip(self, *keys: str) -> None:
        """Pass over keys that change nothing here."""
        self.taken.update(dict.fromkeys(keys))

    def secret(self, what: str) -> str:
        """Return the template of a secret of the account, and tell that it is to be filled in."""
        name = variable_of(f"{self.connection}_{what}").lower()
        self.fill[f"Give the workers the secret {name!r}: the {what.replace('_', ' ')} of `{self.connection}`."] = None
        return f"{{{{secrets.{name}}}}}"

    def basic(self, user: str, password: str) -> dict[str, str]:
        """Return the header of a sign-in by name and password."""
        name, word = self.secret(user)[2:-2], self.secret(password)[2:-2]
        return {"Authorization": f"{{{{{name} | basic: {word}}}}}"}

    def bearer(self, what: str = "token") -> dict[str, str]:
        """Return the header of a sign-in by token."""
        return {"Authorization": f"Bearer {self.secret(what)}"}

    def host(self) -> str:
        """Return an address to be filled in: Keep has it with the account, not in the file."""
        name = re.sub(r"[^a-z0-9]+", "-", self.connection.lower()).strip("-") or "service"
        address = f"https://{name}.example.com"
        self.fill[f"Write the address of `{self.connection}` in place of {address}."] = None
        return address

    def account(self, kind: str) -> str:
        """Return the name of a connection, and tell that it is to be set up."""
        self.fill[f"Add the connection {self.connection!r} of kind {kind} to connections.yaml."] = None
        return self.connection


@dataclass(slots=True)
class ImportedStep:
    """What is done for one step of Keep.

    Attributes:
        steps: the steps, in order; the last one's result is the step's.
        results: the way from its variable to what Keep calls `results`.
        fields: see `Saved`.
        items: where in the variable the list is that `keep` makes an alert of each.
        itself: whether the last step saves its variable by itself, as `set` does.
    """

    steps: list[dict[str, Any]]
    results: Way = ("body",)
    fields: Mapping[str, Way] = field(default_factory=dict)
    items: Way = ()
    itself: bool = False


Maker = Callable[[ProviderKeys], ImportedStep]


def request(method: str, url: str, **config: Any) -> dict[str, Any]:
    """Return the step that sends an HTTP request; what is None or empty is left out."""
    given = {key: value for key, value in config.items() if value not in (None, {}, [])}
    return {"actionType": "http_request", "config": {"method": method, "url": url, **given}}


def connection_of(config: Any) -> str | None:
    """Return the name of the account that a step's `config` names."""
    found = _CONNECTION.search(str(config or ""))
    return found[1] if found else None
