"""Whether a variable's emptiness decides what runs, although it is empty too where nobody knows what has happened."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.policies import goes_on_after_unknown
from workers.definitions.checking.saved import BlockEnd, SavedVariable, VisibleNames, canonical, saved_by
from workers.definitions.model.steps import steps

VARIABLE = re.compile(r"""\s*(?:\{\{-?\s*)?variables\s*(?:\.\s*|\[\s*["'])([A-Za-z_][A-Za-z0-9_]*)""")

MISSING_HOLDS = ("is_empty", "not_equals", "not_in", "not_contains")
"""Operators that hold for a value that is missing."""

HARMLESS = "GET"
"""The HTTP method that leaves everything as it is."""


class EmptinessTest(NamedTuple):
    """A test that holds where a variable is empty."""

    pointer: str
    variable: str


def emptied(conditions: Any, pointer: str, *, negated: bool = False) -> Iterator[EmptinessTest]:
    """Yield the tests of conditions that speak for their holding where a variable is empty; `negated`: for not."""
    if not isinstance(conditions, Mapping):
        return
    for group in ("all", "any"):
        parts = conditions.get(group)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            yield from emptied(part, f"{pointer}/{group}/{index}", negated=negated)
    if "not" in conditions:
        yield from emptied(conditions["not"], f"{pointer}/not", negated=not negated)
    field = conditions.get("field")
    named = VARIABLE.match(field) if isinstance(field, str) else None
    if named is None:
        return
    operator = conditions.get("operator")
    holds = operator in MISSING_HOLDS or (operator == "equals" and conditions.get("value") is None)
    if holds is not negated:
        yield EmptinessTest(pointer, named[1])


class Emptiness:
    """Knows of one definition where an empty variable says nothing about what has happened.

    Args:
        findings: where warnings go.
        effects: pointers of the steps of which nobody may know whether they were carried out.
    """

    def __init__(self, findings: Findings, effects: Collection[str]) -> None:
        self.findings = findings
        self.effects = effects

    def perhaps(self, variables: Mapping[str, str], why: str) -> dict[str, SavedVariable]:
        """Return variables, each with the place of its `saveAs`, as what may have been saved, and may be unknown."""
        return {
            name: SavedVariable(certain=False, why=why, unknown=self._saver(pointer))
            for name, pointer in variables.items()
        }

    def after(self, step: Mapping[str, Any], place: str, end: BlockEnd) -> BlockEnd:
        """Return what is known after a step, with what may be empty although the step that saves it had its effect."""
        if not goes_on_after_unknown(step):
            return end
        own = {name: self._saver(pointer) for name, pointer in saved_by(step, place).items()}
        ends = {name: end.saved[name]._replace(unknown=saver) for name, saver in own.items() if name in end.saved}
        return BlockEnd({**end.saved, **ends}, end.stops)

    def _saver(self, pointer: str) -> str:
        """Return the step whose `saveAs` stands at a pointer, where nobody may know what became of it; else nothing."""
        place = pointer.removesuffix("/saveAs")
        step = self.findings.at(place)
        retry = step.get("retry") if isinstance(step, Mapping) else None
        asks = isinstance(retry, Mapping) and retry.get("onUnknown") == "hold"
        return place if place in self.effects and not asks else ""

    def check(
        self,
        conditions: Any,
        pointer: str,
        scope: VisibleNames,
        decided: Iterable[tuple[str, Any]],
        *,
        negated: bool = False,
    ) -> None:
        """Warn where conditions take the emptiness of a variable for a failure, and something is done then.

        Args:
            conditions: what decides.
            pointer: where it stands.
            scope: what is known of variables there.
            decided: the steps that run where the conditions hold, each with its place.
            negated: whether they run where the conditions do not hold.
        """
        doubtful = [one for one in emptied(conditions, pointer, negated=negated) if _unknown(scope, one.variable)]
        doing = next((place for top, step in decided for place in _doing(top, step)), None) if doubtful else None
        if doing is None:
            return
        texts = [re.sub(r"""[\\"'\[\]]""", ".", text) for text in (canonical(conditions), *scope.guards)]
        for test in doubtful:
            place = _unknown(scope, test.variable)
            name = self.findings.step(place)
            if any(re.search(rf"steps\.+{re.escape(str(name))}\.", text) for text in texts):
                continue
            sentence = (
                f"`variables.{test.variable}` is also empty where nobody knows whether {self.findings.name(place)!r} "
                f"was carried out, and {self.findings.name(doing)!r} runs then as well."
            )
            hint = f"ask how it has ended: {{field: steps.{name}.status, operator: equals, value: failed}}"
            self.findings.add("unknown-as-empty", test.pointer, sentence, hint)


def _unknown(scope: VisibleNames, variable: str) -> str:
    """Return the step that saves a variable and may have had its effect where it is empty; empty: there is none."""
    saved = scope.saved.get(variable)
    return "" if saved is None else saved.unknown


def _doing(place: str, step: Any) -> Iterator[str]:
    """Yield the actions of a step, and of those inside of it, that do something to the world."""
    inside = steps(step, place) if isinstance(step, Mapping) else ()
    for pointer, one in [(place, step), *((pointer, one) for pointer, one, _ in inside)]:
        config = one.get("config") if isinstance(one, Mapping) else None
        method = config.get("method") if isinstance(config, Mapping) else None
        if isinstance(one, Mapping) and "actionType" in one and str(method).upper() != HARMLESS:
            yield pointer
