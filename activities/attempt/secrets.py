"""Secrets: known to workers only, and filled in at the last moment."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from activities.attempt.scrubber import SHORTEST, Needles
from activities.bounds import regular
from activities.errors import Refused
from activities.http_client.bindings import Bindings, BoundSecret
from trunkline.wire import Place, placeholder

PREFIX = "TRUNKLINE_SECRET_"
NAME = re.compile(r"[\w-]+")
LARGEST = 64 * 1024
"""Bytes that the file of a secret may have."""


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
        self._read: dict[str, tuple[tuple[int, int, int], str]] = {}

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
        path = self.folder / name if self.folder and NAME.fullmatch(name) else None
        if path is not None and path.is_file():
            return _value(name, path)
        variable = PREFIX + name.upper()
        if variable in self.environment:
            return self.environment[variable]
        raise Refused(
            f"The secret {name!r} is not set: give the worker the environment variable {variable}, "
            f"or a file named {name} in the folder that TRUNKLINE_SECRETS names."
        )

    def current(self) -> dict[str, str]:
        """Return the value of every secret of this worker; files that changed are read anew."""
        found = {n.removeprefix(PREFIX).lower(): v for n, v in self.environment.items() if n.startswith(PREFIX)}
        with suppress(OSError):  # a folder that is away has nothing new
            for entry in os.scandir(self.folder) if self.folder else ():
                with suppress(OSError, UnicodeDecodeError):
                    if NAME.fullmatch(entry.name) and entry.is_file():
                        found[entry.name] = self._reread(entry)
        return found

    def _reread(self, entry: os.DirEntry[str]) -> str:
        seen = os.stat(entry.path)  # noqa: PTH116 # `entry.stat` may be what it was when the folder was read
        version = seen.st_mtime_ns, seen.st_size, seen.st_ino
        if entry.name not in self._read or self._read[entry.name][0] != version:
            self._read[entry.name] = version, Path(entry.path).read_text(encoding="utf-8").rstrip("\r\n")
        return self._read[entry.name][1]

    def values(self, places: Iterable[Place]) -> dict[str, str]:
        """Return the secrets that these places need, by name.

        Raises:
            Refused: one is missing.
        """
        return {name: self.get(name) for name in sorted(_named(places))}

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


def _recognised(value: str) -> Callable[[str], bool] | None:
    """Return what finds a value in a text, also where a server has undone its escapes; None where it is too short."""
    forms = {value, unquote(value), unquote_plus(value)}
    return Needles(sorted(forms)).__contains__ if min(map(len, forms)) >= SHORTEST else None


def _slack(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


ESCAPES: Mapping[str, Callable[[str], str]] = {
    "": str,
    "json": lambda value: json.dumps(value)[1:-1],
    "json-value": json.dumps,
    "url": lambda value: quote(value, safe=""),
    "html": html.escape,
    "slack": _slack,
    "markdown": _slack,
    "prompt": str,
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
