"""Finding test files, and reading each with the automation that it tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from activities.action import Action
from workers.definitions.defaults import DEVELOPMENT
from workers.definitions.environments import Environment, Environments, unfit
from workers.definitions.loading import SUFFIXES, TESTS, Source, UnreadableFileError, read
from workers.definitions.model.steps import escape
from workers.definitions.problems import Problem, nearest
from workers.definitions.runnable import Definition, load
from workers.errors import UsageError

AUTOMATION = "automation"
ENVIRONMENT = "environment"


@dataclass(slots=True, kw_only=True)
class TestFile:
    """A test file and its automation.

    Attributes:
        path: where it is.
        data: what stands in it; empty where it cannot be read.
        source: where its values stand.
        automation: the definition that it tests; None where there is none that can run.
        definition: the definition's file.
        written: the definition as written, and where its values stand.
        environments: the one in which it is tested: that of `dev`, with what the file says besides.
        problems: what is wrong with it, or with its automation.
    """

    __test__ = False

    path: Path
    data: dict[str, Any] = field(default_factory=dict)
    source: Source = field(default_factory=Source)
    automation: Definition | None = None
    definition: Path | None = None
    written: dict[str, Any] = field(default_factory=dict)
    written_source: Source = field(default_factory=Source)
    environments: Environments = field(default_factory=Environments)
    problems: list[Problem] = field(default_factory=list)

    def add(  # a problem is a row of a table
        self, code: str, pointer: str, message: str, hint: str | None = None, *, key: bool = False
    ) -> None:
        """Add a problem at a place (JSON pointer) of the file."""
        line, column = self.source.place(pointer, key=key)
        hint = f"{hint[0].upper()}{hint[1:]}" if hint else None
        self.problems.append(Problem(code, "problem", str(self.path), line, column, None, message, hint))

    @property
    def name(self) -> str:
        """The automation's name, else what the file is called by."""
        return self.automation.name if self.automation else _stem(self.path)


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the test files that paths mean: folders with those below, test files, or automations' own files.

    Raises:
        UsageError: there is no such path, or no test.
    """
    given = list(paths)
    found = list(dict.fromkeys(file for path in given or [Path()] for file in _meant(path)))
    if not found:
        where = ", ".join(map(str, given)) or "the current folder"
        raise UsageError(f"There is no test in {where}: the tests of NAME.yaml stand beside it in NAME.test.yaml.")
    return found


def _meant(path: Path) -> Iterator[Path]:
    if path.is_dir():
        inside = (file for file in path.rglob("*") if is_test(file) and file.is_file())
        yield from sorted(file for file in inside if not _hidden(file.relative_to(path)))
    elif not path.is_file():
        near = nearest(path.name, [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else ())
        raise UsageError(f"There is no file or folder {path}.{f' {near}' if near else ''}")
    elif is_test(path):
        yield path
    else:
        yield from (file for suffix in TESTS if (file := path.with_name(path.stem + suffix)).is_file())


def is_test(path: Path) -> bool:
    """Say whether a file is called as tests are."""
    return path.name.lower().endswith(TESTS) and path.name.lower() not in TESTS


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _stem(path: Path) -> str:
    return path.name.rpartition(".")[0].rpartition(".")[0]


def opened(path: Path, actions: Mapping[str, Action]) -> TestFile:
    """Read a test file and its automation; what is wrong with either stands in its problems."""
    file = TestFile(path=path)
    try:
        file.data, file.source = read(path)
    except UnreadableFileError as unreadable:
        wrong = unreadable.problem
        sentence = "A test file is an object with `cases`; this one is empty, or holds something else."
        file.problems.append(replace(wrong, message=sentence) if wrong.code == "not-an-automation" else wrong)
        return file
    named = file.data.get(AUTOMATION)
    if named is not None and not isinstance(named, str):
        file.add("wrong-type", f"/{AUTOMATION}", "`automation` is the path of a definition, such as `refund.yaml`.")
        return file
    definition = _definition(path, named)
    if definition is None:
        wanted = path.with_name(named or f"{_stem(path)}.yaml")
        near = nearest(wanted.name, [one.name for one in path.parent.glob("*") if _is_definition(one)])
        pointer = f"/{AUTOMATION}" if named else ""
        file.add("missing-automation", pointer, f"There is no automation {wanted}.", near)
        return file
    file.definition = definition
    _load(file, definition, actions)
    return file


def _load(file: TestFile, definition: Path, actions: Mapping[str, Action]) -> None:
    try:
        file.written, file.written_source = read(definition)
    except UnreadableFileError as unreadable:
        file.problems.append(unreadable.problem)
        return
    if not _fit(file, file.data.get(ENVIRONMENT)):
        return
    file.environments = _environments(file, definition)
    file.automation, problems = load(file.written, file.written_source, actions, file.environments)
    if file.automation is None:
        file.problems += [one for one in problems if one.severity == "problem"]


def _fit(file: TestFile, values: Any) -> bool:
    """Say whether values of an environment are such, and add what is wrong with them."""
    wrong = [
        (name, sentence)
        for name, value in (values.items() if isinstance(values, dict) else ())
        if (sentence := unfit(name, value)) is not None
    ]
    for name, sentence in wrong:
        file.add("wrong-type", f"/{ENVIRONMENT}/{escape(name)}", sentence)
    return not wrong


def _environments(file: TestFile, definition: Path) -> Environments:
    """Return the environment of a test, whatever this machine's is called."""
    beside = Environments.read(definition.parent, DEVELOPMENT)
    values = file.data.get(ENVIRONMENT)
    if not isinstance(values, dict):
        return beside
    here = beside.known.get(DEVELOPMENT) or Environment(str(file.path))
    known = {DEVELOPMENT: Environment(here.file, {**here.values, **values}, here.problems)}
    return Environments(beside.folder, DEVELOPMENT, known)


def _definition(path: Path, named: str | None) -> Path | None:
    if named is None:
        choices = [path.with_name(f"{_stem(path)}{suffix}") for suffix in SUFFIXES]
    else:
        choices = [path.parent / named, *(path.parent / f"{named}{suffix}" for suffix in SUFFIXES)]
    return next((choice for choice in choices if choice.is_file()), None)


def _is_definition(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES) and not is_test(path)
