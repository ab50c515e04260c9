"""Secrets: known to workers only, filled in at the last moment, and scrubbed from whatever leaves an activity."""

from __future__ import annotations

import base64
import json
import os
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from activities.bounds import CUT, regular
from activities.errors import Refused
from activities.http_client.bindings import Bindings, BoundSecret
from trunkline.wire import Place, placeholder

PREFIX = "TRUNKLINE_SECRET_"
LARGEST = 64 * 1024
"""Bytes that the file of a secret may have."""

SHORTEST = 8
"""Characters below which a value is not scrubbed: it would be found in ordinary text."""

SHORTEST_BEGINNING = 4
"""Characters of a value's beginning that are scrubbed where a text was cut right after them."""

KEPT_RENEWALS = 4
"""How many of the values that replace each other are scrubbed; what came before them is accepted nowhere any more."""

SCRUBBED = "[secret]"


class Secrets:
    """The secrets of one worker: one file each in a folder, or `TRUNKLINE_SECRET_SHOP_TOKEN` in the environment.

    Args:
        folder: where the files are; their names are the secrets' names.
        environment: the process environment.
        bindings: the hosts of those that may not go to any.
    """

    def __init__(
        self,
        folder: Path | None = None,
        environment: Mapping[str, str] = os.environ,
        bindings: Bindings | None = None,
    ) -> None:
        self.folder = folder
        self.environment = environment
        self.bindings = bindings or Bindings()

    def names(self) -> list[str]:
        """Return the names of all secrets that this worker has."""
        files = [f.name for f in self.folder.iterdir() if f.is_file()] if self.folder and self.folder.is_dir() else []
        variables = [name.removeprefix(PREFIX).lower() for name in self.environment if name.startswith(PREFIX)]
        return sorted({*files, *variables})

    def get(self, name: str) -> str:
        """Return a secret's value, without the line end that files tend to have.

        Raises:
            Refused: this worker does not have it; the sentence says where it would be looked for.
        """
        path = self.folder / name if self.folder and re.fullmatch(r"[\w-]+", name) else None
        if path is not None and path.is_file():
            return _value(name, path)
        variable = PREFIX + name.upper()
        if variable in self.environment:
            return self.environment[variable]
        raise Refused(
            f"The secret {name!r} is not set: give the worker the environment variable {variable}, "
            f"or a file named {name} in the folder that TRUNKLINE_SECRETS names."
        )

    def values(self, places: Iterable[Place]) -> set[str]:
        """Return the values that these places need.

        Raises:
            Refused: one is missing.
        """
        return {self.get(name) for name in _named(places)}

    def bound(self, places: Iterable[Place]) -> list[BoundSecret]:
        """Return those of the secrets that these places need that may not go to any host.

        Raises:
            Refused: one is missing.
        """
        hosts = [(name, self.bindings.hosts(name)) for name in sorted(_named(places))]
        return [BoundSecret(name, bound, _recognised(self.get(name))) for name, bound in hosts if bound is not None]

    def fill(self, config: Any, places: Iterable[Place]) -> Any:
        """Return the config with the secrets at their places.

        Args:
            config: rendered, with a placeholder text at each place.
            places: `{"path", "name", "start", "filter"?, "password"?, "escape"?}`.

        Raises:
            Refused: a secret is missing, or a place does not hold its placeholder.
        """
        ordered = sorted(places, key=lambda place: (place["path"], -place.get("start", 0)))
        for place in ordered:
            config = _replace(config, _segments(place["path"]), partial(self._at, place))
        return config

    def _at(self, place: Place, text: Any) -> str:
        basic = place.get("filter") == "basic"
        written = placeholder(place["name"], place["password"] if basic else None)
        start = place.get("start", 0)
        if not isinstance(text, str) or text[start : start + len(written)] != written:
            raise Refused(f"The request has no {written} where it says so ({place['path']}).")
        value = self.get(place["name"])
        if basic:
            value = base64.b64encode(f"{value}:{self.get(place['password'])}".encode()).decode()
        value = ESCAPES[place.get("escape", "")](value)
        return text[:start] + value + text[start + len(written) :]


def _value(name: str, path: Path) -> str:
    try:
        with regular(path) as file:
            content = file.read(LARGEST + 1)
        if len(content) <= LARGEST:
            return content.decode().rstrip("\r\n")
        why = f"it has more than {LARGEST // 1024} KiB"
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError:
        why = "it is no UTF-8 text"
    raise Refused(f"The file of the secret {name!r} in the folder that TRUNKLINE_SECRETS names cannot be read: {why}.")


def _named(places: Iterable[Place]) -> set[str]:
    return {name for place in places for name in (place["name"], place.get("password")) if name}


def _recognised(value: str) -> frozenset[str]:
    """Return the forms by which a value is recognised; none where it would be found in ordinary text."""
    if len(value) < SHORTEST:
        return frozenset()
    return frozenset(form for read in (str, unquote, unquote_plus) for form in _forms(read(value)))


def _slack(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


ESCAPES: Mapping[str, Callable[[str], str]] = {
    "": str,
    "json": lambda value: json.dumps(value)[1:-1],
    "json-value": json.dumps,
    "url": lambda value: quote(value, safe=""),
    "slack": _slack,
    "markdown": _slack,
}


def _segments(pointer: str) -> list[str]:
    return [segment.replace("~1", "/").replace("~0", "~") for segment in pointer.split("/")[1:]]


def _replace(tree: Any, segments: list[str], change: Callable[[Any], str]) -> Any:
    if not segments:
        return change(tree)
    head, *rest = segments
    if isinstance(tree, dict) and head in tree:
        return {**tree, head: _replace(tree[head], rest, change)}
    if isinstance(tree, list) and head.isdigit() and int(head) < len(tree):
        return [*tree[: int(head)], _replace(tree[int(head)], rest, change), *tree[int(head) + 1 :]]
    raise Refused(f"The request has no place {head!r} for a secret.")


class Scrubber:
    """Removes values from text, also where they were encoded on the way.

    Args:
        values: what must never be seen.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values: set[str] = set()
        self._renewed: dict[object, deque[set[str]]] = {}
        self._forms: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._beginning = re.compile("(?!)")
        self.learn(values)

    def learn(self, values: Iterable[str]) -> None:
        """Scrub these values too, such as those of a secret that was rotated while the worker ran."""
        new = {value for value in values if value} - self._values
        if not new:
            return
        self._values |= new
        self._look_for()

    def renew(self, owner: object, values: Collection[str]) -> None:
        """Scrub these values of an owner too, such as its token, and the few that it gave before them."""
        given = self._renewed.setdefault(owner, deque(maxlen=KEPT_RENEWALS))
        if values and (not given or given[-1] != {*values}):
            given.append({*values})
            self._look_for()

    def _look_for(self) -> None:
        values = self._values.union(*(replaced for given in self._renewed.values() for replaced in given))
        forms = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        if forms:
            self._pattern = re.compile("|".join(map(re.escape, self._forms)))
            beginnings = {re.escape(form[:SHORTEST_BEGINNING]) for form in forms}
            self._beginning = re.compile(f"(?={'|'.join(sorted(beginnings))})")

    @property
    def too_short(self) -> list[str]:
        """Values that are not scrubbed, because they would be found in ordinary text."""
        return sorted(value for value in self._values if len(value) < SHORTEST)

    def scrub(self, text: str) -> str:
        """Return the text with every form of every value replaced, and with their beginnings where it was cut."""
        if self._pattern is None:
            return text
        *cut, rest = self._pattern.sub(SCRUBBED, text).split(CUT)
        return CUT.join([*map(self._without_beginning, cut), rest])

    def _without_beginning(self, text: str) -> str:
        """Return a text without the beginning of a value that it ends with."""
        tail = text[-len(self._forms[0]) :]
        for found in self._beginning.finditer(tail):
            beginning = tail[found.start() :]
            if any(form.startswith(beginning) for form in self._forms):
                return text[: len(text) - len(beginning)] + SCRUBBED
        return text

    def scrub_json(self, value: Any) -> Any:
        """Return a JSON value with every text in it scrubbed, keys included."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, dict):
            return {self.scrub(key): self.scrub_json(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self.scrub_json(child) for child in value]
        return value

    def found_in(self, text: str) -> bool:
        """Say whether some form of some value may stand in a JSON text."""
        if self._pattern is None:
            return False
        return CUT in text or json.dumps(CUT)[1:-1] in text or self._pattern.search(text) is not None


def _forms(value: str) -> Iterable[str]:
    """Yield the value as it is, URL-encoded, JSON-escaped, and in base64 wherever it stands in the encoded text."""
    yield value
    for encoded in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    raw = value.encode("utf-8", "surrogatepass")
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = encode(b"\0" * offset + raw).decode().rstrip("=")
            first = (0, 2, 3)[offset]
            last = len(inner) - (1 if (offset + len(raw)) % 3 else 0)
            if last - first >= SHORTEST:
                yield inner[first:last]
