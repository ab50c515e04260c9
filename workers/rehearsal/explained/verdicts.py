"""Verdicts: what each part of a condition comes to, with both sides of each test; some of it may be unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workers.rehearsal.explained.unknown import names
from workflows.language.condition import Condition, compile_condition
from workflows.language.errors import TemplateError
from workflows.language.names import Reference
from workflows.language.scope import Missing
from workflows.language.template import Template, compile_field, compile_template

Uses = Callable[[Iterable[Reference], Mapping[str, Any]], list[Reference]]
"""Says which uses of roots need what nobody knows."""

NOTHING: Uses = lambda _references, _roots: []  # noqa: E731 # where all is known


@dataclass(slots=True)
class Tree:
    """A condition as a tree; a test has its parts compiled, a group its members.

    Attributes:
        source: as its author wrote it.
        kind: `all`, `any`, `not` or `test`.
        parts: members of a group.
        test: the test, compiled.
        field: what it looks at.
        value: what it compares with; None where it compares with nothing, or with hours.
    """

    source: Mapping[str, Any]
    kind: str
    parts: list[Tree] = field(default_factory=list)
    test: Condition | None = None
    field: Template | None = None
    value: Template | None = None

    @classmethod
    def of(cls, source: Mapping[str, Any], hours: Mapping[str, Any] | None) -> Tree:
        """Return the tree of a condition that compiles."""
        for kind in ("all", "any"):
            if kind in source:
                return cls(source, kind, [cls.of(part, hours) for part in source[kind]])
        if "not" in source:
            return cls(source, "not", [cls.of(source["not"], hours)])
        value = compile_template(source["value"]) if "value" in source and source["operator"] != "during" else None
        return cls(
            source, "test", test=compile_condition(source, hours), field=compile_field(source["field"]), value=value
        )

    def judge(self, roots: Mapping[str, Any], now: datetime, unknown: Uses = NOTHING) -> dict[str, Any]:
        """Return what it comes to, in the shape of `trunkline explain --json`; `holds` is null where nobody knows."""
        if self.test is not None and self.field is not None:
            return self._test(self.test, self.field, roots, now, unknown)
        parts = [part.judge(roots, now, unknown) for part in self.parts]
        if self.kind == "not":
            holds = parts[0]["holds"]
            return {"not": parts[0], "holds": None if holds is None else not holds}
        decides = self.kind == "any"
        found = [part["holds"] for part in parts]
        return {self.kind: parts, "holds": decides if decides in found else None if None in found else not decides}

    def _test(
        self, test: Condition, looked_at: Template, roots: Mapping[str, Any], now: datetime, unknown: Uses
    ) -> dict[str, Any]:
        shown = {key: self.source[key] for key in ("field", "operator", "value") if key in self.source}
        uses = unknown(test.references, roots)
        if uses:
            found = looked_at.references if not unknown(looked_at.references, roots) else ()
            seen = _seen(looked_at, roots, now) if found else None
            return {**shown, "seen": seen, "holds": None, "unknown": names(uses)}
        try:
            if self.value is not None:
                shown["value"] = self.value.render(roots, now).value
            return {**shown, "seen": _seen(looked_at, roots, now), "holds": test.holds(roots, now)}
        except TemplateError as error:
            return {**shown, "seen": None, "holds": False, "error": str(error)}


def _seen(looked_at: Template, roots: Mapping[str, Any], now: datetime) -> Any:
    value = looked_at.render(roots, now).value
    return None if isinstance(value, Missing) else value


def undecided(verdict: Mapping[str, Any]) -> list[str]:
    """Return what a verdict hangs on that nobody knows, each once."""
    return list(dict.fromkeys(_undecided(verdict)))


def _undecided(verdict: Mapping[str, Any]) -> Iterator[str]:
    if verdict["holds"] is not None:
        return
    yield from verdict.get("unknown", ())
    for part in (*verdict.get("all", ()), *verdict.get("any", ()), *([verdict["not"]] if "not" in verdict else ())):
        yield from _undecided(part)
