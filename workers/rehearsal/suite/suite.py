"""A suite: test files played together, measured where that is asked for, and told to people and machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activities.action import Action
from workers.rehearsal.suite.checking import check_file
from workers.rehearsal.suite.coverage import Coverage
from workers.rehearsal.suite.files import TestFile, opened
from workers.rehearsal.suite.mutants import Mutants, try_mutants
from workers.rehearsal.suite.playing import FileResult, play_file

Player = Callable[[FileResult], None]
"""Plays a file's cases once more elsewhere, and adds to their faults what is different there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteOptions:
    """What is asked of a suite.

    Attributes:
        coverage: whether coverage is measured.
        mutants: whether mutants are tried.
        least_coverage: percentage that it must reach.
        least_mutants: percentage of mutants that must be killed or excused.
        real: plays the files a second time, where that is asked for.
    """

    coverage: bool = False
    mutants: bool = False
    least_coverage: float | None = None
    least_mutants: float | None = None
    real: Player | None = None


@dataclass(slots=True, kw_only=True)
class MeasuredFile:
    """A test file, what came of it, and what it covers."""

    result: FileResult
    coverage: Coverage | None = None
    mutants: Mutants | None = None

    @property
    def file(self) -> TestFile:
        """The test file."""
        return self.result.file


@dataclass(slots=True, kw_only=True)
class SuiteResult:
    """What came of a suite.

    Attributes:
        wanted: what was asked.
        files: its files.
    """

    wanted: SuiteOptions
    files: list[MeasuredFile] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many cases have faults."""
        return sum(len(one.result.failed) for one in self.files)

    @property
    def passed(self) -> int:
        """How many cases have none."""
        return sum(len(one.result.results) for one in self.files) - self.failed

    @property
    def wrong(self) -> list[TestFile]:
        """The files that could not be played."""
        return [one.file for one in self.files if one.file.problems]

    @property
    def coverage(self) -> float | None:
        """Percentage of all items that are covered; None where none was measured."""
        found = [one.coverage for one in self.files if one.coverage is not None]
        if not found:
            return None
        return percent(sum(one.covered for one in found), sum(one.of for one in found))

    @property
    def mutants(self) -> float | None:
        """Percentage of all mutants that were killed or excused; None where none were tried."""
        found = [one.mutants for one in self.files if one.mutants is not None]
        if not found:
            return None
        return percent(sum(one.killed + one.excused for one in found), sum(one.of for one in found))

    @property
    def below(self) -> list[str]:
        """What is not reached, in sentences."""
        wanted, found = self.wanted, []
        if wanted.least_coverage is not None and self.coverage is not None and self.coverage < wanted.least_coverage:
            found.append(f"coverage {self.coverage:g} % is below {wanted.least_coverage:g} %")
        if wanted.least_mutants is not None:
            if self.mutants is None:
                found.append(f"no mutants were tried, and {wanted.least_mutants:g} % must be killed")
            elif self.mutants < wanted.least_mutants:
                found.append(f"mutants {self.mutants:g} % is below {wanted.least_mutants:g} %")
        for one in self.files:
            if one.mutants is not None:
                found += [f"{one.file.path}: {sentence}" for sentence in one.mutants.idle]
        return found

    @property
    def exit_code(self) -> int:
        """0, 1 where a case fails or a bound is missed, 2 for a file that is wrong."""
        if self.wrong:
            return 2
        return 1 if self.failed or self.below else 0

    def to_json(self) -> dict[str, Any]:
        """Return what `trunkline test --json` prints."""
        return {
            "passed": self.passed,
            "failed": self.failed,
            "real": self.wanted.real is not None,
            "coverage": self.coverage,
            "mutants": self.mutants,
            "below": self.below,
            "files": [_file_json(one) for one in self.files],
        }


def play_suite(paths: Sequence[Path], actions: Mapping[str, Action], wanted: SuiteOptions) -> SuiteResult:
    """Play test files.

    Args:
        paths: the test files.
        actions: every action by name.
        wanted: what is asked besides.
    """
    suite = SuiteResult(wanted=wanted)
    for path in paths:
        file = opened(path, actions)
        if not file.problems:
            check_file(file, actions)
        suite.files.append(_measured(file, actions, wanted))
    return suite


def _measured(file: TestFile, actions: Mapping[str, Action], wanted: SuiteOptions) -> MeasuredFile:
    if file.automation is None or file.problems:
        return MeasuredFile(result=FileResult(file=file, actions=actions))
    coverage = Coverage(file.automation.plan, file.written, actions) if wanted.coverage else None
    result = play_file(file, actions, None if coverage is None else coverage.watch)
    measured = MeasuredFile(result=result, coverage=coverage)
    if coverage is not None:
        for one in result.results:
            coverage.see(one.seen)
    if wanted.real is not None:
        wanted.real(result)
    if wanted.mutants and not result.failed:
        measured.mutants = try_mutants(file, actions)
    return measured


def percent(part: int, whole: int) -> float:
    """Return a percentage to one place; of nothing all is there."""
    return round(100 * part / whole, 1) if whole else 100.0


def _file_json(one: MeasuredFile) -> dict[str, Any]:
    file = one.file
    return {
        "file": str(file.path),
        "automation": file.name,
        "definition": None if file.definition is None else str(file.definition),
        "problems": [found.to_json() for found in file.problems],
        "cases": [result.to_json() for result in one.result.results],
        "coverage": None if one.coverage is None else one.coverage.to_json(file.written_source),
        "mutants": None if one.mutants is None else one.mutants.to_json(),
    }
