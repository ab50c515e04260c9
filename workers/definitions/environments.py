"""The environments of a folder: files with the values by which one definition runs in each of them.

A value counts as the author's own text: where a text names one, `{{env.shop}}` and nothing else between the braces, it
stands there before anything is read, so that an address may begin with it and still take a secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from workers.definitions.loading import SUFFIXES, Source, UnreadableFileError, read
from workers.definitions.model.steps import escape
from workers.definitions.problems import Problem, problem
from workflows.event import what
from workflows.language.template import is_template
from workflows.plan import ENVIRONMENT

DEVELOPMENT = "dev"
"""The environment where none is named."""

FOLDER = "environments"
"""The folder of their files, in the folder of the automations."""

AS_WRITTEN = ("name", ENVIRONMENT, "environment")
"""Keys of a definition in which nothing is filled in."""

_USE = re.compile(
    r"(?:\s*\{\{-|\{\{)\s*"
    rf"""{ENVIRONMENT}\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*["']([A-Za-z_][A-Za-z0-9_]*)["']\s*\])"""
    r"\s*(?:-\}\}\s*|\}\})"
)
"""A value and nothing else between the braces, with the blanks around them that a dash takes away."""

_OWN = re.compile(rf"\{{%-?\s*(?:raw|comment|liquid|(?:assign|capture|for)\s+{ENVIRONMENT}\b)")
"""What makes such braces in a text mean something else."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment.

    Attributes:
        file: where it is.
        values: its values by name.
        problems: what is wrong with its file.
    """

    file: str
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read one from its file."""
        try:
            data, source = read(path)
        except UnreadableFileError as unreadable:
            found = unreadable.problem
            if found.code != "not-an-automation":
                return cls(str(path), problems=(found,))
            sentence = "An environment is an object of names with values, such as `shop: https://shop.example.com`."
            return cls(str(path), problems=(problem("wrong-type", sentence, file=str(path), line=found.line),))
        return cls(str(path), data, tuple(_wrong(data, source)))


@dataclass(frozen=True, slots=True)
class Environments:
    """The environments of a folder.

    Attributes:
        folder: where their files are.
        chosen: the name of the one that counts here.
        known: all of them by name.
    """

    folder: Path | None = None
    chosen: str = DEVELOPMENT
    known: Mapping[str, Environment] = field(default_factory=dict)

    @classmethod
    def read(cls, automations: Path, chosen: str) -> Self:
        """Read those beside automations; there may be none."""
        folder = automations / FOLDER
        files = sorted(folder.iterdir()) if folder.is_dir() else ()
        return cls(folder, chosen, {path.stem: Environment.read(path) for path in files if is_environment(path.name)})

    @property
    def file(self) -> str:
        """Where the one that counts is, or would be."""
        here = self.known.get(self.chosen)
        return here.file if here is not None else str((self.folder or Path(FOLDER)) / f"{self.chosen}.yaml")

    def values(self, names: Any) -> dict[str, Any]:
        """Return the values that count for the names of a definition, as far as there are such."""
        here = self.known.get(self.chosen)
        if here is None or here.problems:
            return {}
        return {name: here.values[name] for name in declared(names) if name in here.values}

    def lacking(self, names: Any) -> frozenset[str]:
        """Return the names of a definition for which the one that counts has no value."""
        return frozenset(declared(names)) - self.values(names).keys()

    def filled(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a definition with the values in place of the templates that are nothing else."""
        values = self.values(data.get("environment"))
        if not values:
            return dict(data)
        return {key: value if key in AS_WRITTEN else _filled(value, values) for key, value in data.items()}


def unfilled(value: Any, names: Collection[str]) -> bool:
    """Say whether a text names a value that no environment has given, so that nobody can say what is there."""
    return isinstance(value, str) and bool(names) and any(_name(use) in names for use in _USE.finditer(value))


def begins_unfilled(value: Any) -> bool:
    """Say whether a text begins with a value of an environment that nothing has given."""
    return isinstance(value, str) and _USE.match(value.lstrip()) is not None


def is_environment(name: str) -> bool:
    """Say whether a file of the folder of environments is one."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _wrong(data: Mapping[str, Any], source: Source) -> list[Problem]:
    found = []
    for name, value in data.items():
        line, column = source.place(f"/{escape(name)}")
        sentence = None
        if isinstance(value, list | dict) or value is None:
            sentence = f"A value of an environment is a text, a number, true or false; {name!r:.80} is {what(value)}."
        elif isinstance(value, str) and is_template(value):
            sentence = f"A value of an environment is plain; {name!r:.80} is a template."
        if sentence is not None:
            found.append(problem("wrong-type", sentence, file=source.file, line=line, column=column))
    return found


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, values) for one in value]
    return _filled_text(value, values) if isinstance(value, str) else value


def _filled_text(text: str, values: Mapping[str, Any]) -> Any:
    if _USE.search(text) is None or _OWN.search(text) is not None:
        return text
    whole = _USE.fullmatch(text)
    if whole is not None:
        return values.get(_name(whole), text)
    return _USE.sub(lambda use: _text(values[_name(use)]) if _name(use) in values else use[0], text)


def _name(use: re.Match[str]) -> str:
    return use[1] or use[2]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def declared(names: Any) -> Collection[str]:
    """Return the names of values that a definition declares, as far as it has the shape of one."""
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else ()
