"""Conditions as trees of tests, each with its place in the definition, and what each test has come to in the cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from workers.rehearsal.suite.paths import Place
from workflows.language.condition import Condition, compile_condition
from workflows.language.errors import TemplateError

MARKS = ("true", "false", "deciding")

Result = bool | None
"""What a part has come to; None where it could not be judged."""


@dataclass(slots=True, kw_only=True)
class Node:
    """One part of a condition.

    Attributes:
        kind: a test, or a group.
        place: where it stands.
        text: a test in words.
        condition: the test, compiled.
        parts: the parts of a group.
        marks: which of `MARKS` the test had.
    """

    kind: Literal["test", "all", "any", "not"]
    place: Place
    text: str = ""
    condition: Condition | None = None
    parts: list[Node] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)

    def tests(self) -> Iterator[Node]:
        """Yield every test in it."""
        if self.kind == "test":
            yield self
        for part in self.parts:
            yield from part.tests()

    def judge(self, roots: Mapping[str, Any], now: datetime) -> Result:
        """Judge every test, mark what it came to, and return what the whole came to."""
        result = self._judge(roots, now)
        alone = self
        while alone.kind == "not":
            alone = alone.parts[0]
        if alone.kind == "test" and result is not None:
            alone.marks.add("deciding")
        return result

    def _judge(self, roots: Mapping[str, Any], now: datetime) -> Result:
        if self.condition is not None:
            try:
                holds = self.condition.holds(roots, now)
            except TemplateError:
                return None
            self.marks.add("true" if holds else "false")
            return holds
        results = [part._judge(roots, now) for part in self.parts]  # noqa: SLF001 # of its own kind
        if self.kind == "not":
            return None if results[0] is None else not results[0]
        decides = self.kind == "any"
        deciding = [part for part, result in zip(self.parts, results, strict=True) if result is decides]
        if len(deciding) == 1:
            _alone(deciding[0]).marks.add("deciding")
        return decides if deciding else not decides


def _alone(part: Node) -> Node:
    """Return the test that a part is, also under `not`; a group has marks that nobody looks at."""
    while part.kind == "not":
        part = part.parts[0]
    return part


def tree(raw: Mapping[str, Any], place: Place) -> Node:
    """Return the tree of a condition without problems."""
    for kind in ("all", "any"):
        if kind in raw:
            parts = [tree(part, (*place, kind, number)) for number, part in enumerate(raw[kind])]
            return Node(kind=kind, place=place, parts=parts)
    if "not" in raw:
        return Node(kind="not", place=place, parts=[tree(raw["not"], (*place, "not"))])
    return Node(kind="test", place=place, text=_text(raw), condition=compile_condition(dict(raw)))


def words(raw: Mapping[str, Any]) -> str:
    """Return a condition in words."""
    for kind, between in (("all", " and "), ("any", " or ")):
        if kind in raw:
            return between.join(map(words, raw[kind]))
    return f"not ({words(raw['not'])})" if "not" in raw else _text(raw)


def _text(test: Mapping[str, Any]) -> str:
    value = f" {json.dumps(test['value'], ensure_ascii=False)}" if "value" in test else ""
    return f"{test['field']} {test['operator']}{value}"
