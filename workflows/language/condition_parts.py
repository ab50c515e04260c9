"""The parts of a compiled condition: tests, and `all`, `any` and `not` over them, as functions of a scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflows.language.comparison import Operator
from workflows.language.explanation import Mismatch, Observation, undecided, unjudgeable, why, why_not
from workflows.language.names import written
from workflows.language.scope import Missing, Scope
from workflows.language.template import Template

NOT = "not_"
"""What the operators begin with that hold wherever their opposites do not."""

Failures = Callable[[Scope], list[Mismatch]]
Holds = Callable[[Scope], bool]
Possible = Callable[[Scope, bool], bool]


@dataclass(frozen=True, slots=True)
class CompiledPart:
    """A part of a condition as functions of a scope."""

    holds: Holds
    failures: Failures
    contrary: Failures
    """Why it holds although it must not."""
    possible: Possible
    """Whether it holds (or does not, as asked), or nobody can tell."""


def looked_at(data: dict[str, Any], name: str, value: Template | None, *, negated: bool) -> Observation:
    """Return what a test says it looks at, where what it looks for is not there."""
    paths = value.references if value is not None else ()
    base = name.removeprefix(NOT)
    return Observation(
        field=data["field"].strip(),
        value=written(paths[0].path) if len(paths) == 1 else None,
        name=base,
        phrase=f"`not` over `{name}`" if negated else f"`{name}`",
        negative=negated != (base != name),
    )


@dataclass(frozen=True, slots=True)
class Test:
    """One `{field, operator, value}`."""

    field: str
    name: str
    operator: Operator
    path: Template
    template: Template | None
    looked: Observation

    def compiled(self) -> CompiledPart:
        """Return the test as functions of a scope."""
        return CompiledPart(
            holds=self.holds,
            failures=lambda scope: self.mismatches(scope, wanted=True),
            contrary=lambda scope: self.mismatches(scope, wanted=False),
            possible=self.possible,
        )

    def sides(self, scope: Scope) -> tuple[Any, Any]:
        """Return the field's value and the value that it is compared with."""
        actual, expected = self.found(scope)
        return None if actual.__class__ is Missing else actual, expected

    def found(self, scope: Scope) -> tuple[Any, Any]:
        """Return what `sides` does, a field that is not there as `Missing`."""
        scope.spend(64)
        return self.path.render_in(scope), None if self.template is None else self.template.render_in(scope)

    def holds(self, scope: Scope) -> bool:
        """Say whether the test holds, and note where it decides although there is nothing to compare."""
        actual, expected = self.found(scope)
        side = None if actual.__class__ is Missing else actual
        result = self.operator.holds(side, expected, scope)
        is_so = result is (self.looked.name == self.name)
        if not is_so and self.operator.takes_value and (note := undecided(self.looked, actual, expected)):
            scope.notes[note] = None
        return result

    def possible(self, scope: Scope, wanted: bool) -> bool:
        """Say whether the test comes to what is wanted, or cannot be judged."""
        actual, expected = self.sides(scope)
        return unjudgeable(self.name, actual, expected) or self.operator.holds(actual, expected, scope) is wanted

    def mismatches(self, scope: Scope, *, wanted: bool) -> list[Mismatch]:
        """Say what is wrong where the test is not what it must be."""
        actual, expected = self.sides(scope)
        if self.operator.holds(actual, expected, scope) is wanted:
            return []
        sentence = (
            why_not(self.field, self.name, actual, expected) if wanted else why(self.field, self.name, actual, expected)
        )
        return [Mismatch(self.field, self.name, expected, actual, sentence)]


def all_of(parts: list[CompiledPart]) -> CompiledPart:
    """Return what holds where every part does."""

    def contrary(scope: Scope) -> list[Mismatch]:
        if not all(part.holds(scope) for part in parts):
            return []
        return [found for part in parts for found in part.contrary(scope)] or _empty("all", "An empty `all` holds.")

    return CompiledPart(
        holds=lambda scope: all(part.holds(scope) for part in parts),
        failures=lambda scope: [failure for part in parts for failure in part.failures(scope)],
        contrary=contrary,
        possible=lambda scope, wanted: (all if wanted else any)(part.possible(scope, wanted) for part in parts),
    )


def any_of(parts: list[CompiledPart]) -> CompiledPart:
    """Return what holds where one part does."""

    def failures(scope: Scope) -> list[Mismatch]:
        if any(part.holds(scope) for part in parts):
            return []
        return [found for part in parts for found in part.failures(scope)] or _empty(
            "any", "An empty `any` never holds."
        )

    return CompiledPart(
        holds=lambda scope: any(part.holds(scope) for part in parts),
        failures=failures,
        contrary=lambda scope: [found for part in parts for found in part.contrary(scope)],
        possible=lambda scope, wanted: (any if wanted else all)(part.possible(scope, wanted) for part in parts),
    )


def opposite(part: CompiledPart) -> CompiledPart:
    """Return what holds where a part does not."""
    return CompiledPart(
        holds=lambda scope: not part.holds(scope),
        failures=part.contrary,
        contrary=part.failures,
        possible=lambda scope, wanted: part.possible(scope, not wanted),
    )


def _empty(group: str, sentence: str) -> list[Mismatch]:
    return [Mismatch("", group, None, None, sentence)]
