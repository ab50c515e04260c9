"""Whether conditions compare known fields with values that these have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.statuses import EQUAL, ONE_OF
from workers.definitions.problems import nearest
from workflows.event import MISSED, UNANSWERED, VALUES, known_roots
from workflows.language.comparison import loosely_equal
from workflows.language.names import Reference, written
from workflows.language.template import is_template
from workflows.language.values import shown

Uses = Iterable[tuple[Any, Reference]]
"""Tests, each with what it asks about."""


class KnownValues:
    """Checks what one definition says of fields whose values are known.

    Args:
        findings: where warnings go.
        event: type of the events that start it, if it is known.
        declared: the trigger's `data`; what its schema lists is known too.
    """

    def __init__(self, findings: Findings, event: str | None, declared: Any) -> None:
        self.findings = findings
        self.roots = (known_roots(event) if event else None) or {}
        self.always = dict.fromkeys(UNANSWERED, (None,)) if event == MISSED else {}
        self.schema = declared if isinstance(declared, Mapping) else {}

    def check(self, tests: Uses, pointer: str, hidden: Collection[str]) -> None:
        """Find tests that compare a known field with a value that it never has.

        Args:
            tests: the tests of conditions.
            pointer: where these stand.
            hidden: names that are something else here.
        """
        for test, reference in tests:
            if not isinstance(test, Mapping) or not reference.pointer.endswith("/field"):
                continue
            path = reference.path[2:] if reference.path[:2] == ("event", "data") else reference.path
            plain = "|" not in str(test.get("field"))
            known = self.values(path) if path and plain and path[0] not in hidden else None
            if known is None:
                continue
            place = pointer + reference.pointer.removesuffix("/field")
            for value, at in _compared(test, f"{place}/value"):
                if not any(loosely_equal(value, one) for one in known):
                    sentence = f"`{written(path)}` is never {shown(value)}."
                    words = ", ".join(map(_word, known))
                    hint = _nearest(value, known) or f"it is {'one of ' if len(known) > 1 else ''}{words}"
                    self.findings.add("unknown-value", at, sentence, hint)

    def values(self, path: tuple[Any, ...]) -> Collection[Any] | None:
        """Return the values that a field may have, None where any may be there."""
        if path[0] in self.roots:
            return self.always.get(path) or VALUES.get(path)
        schema: Any = self.schema
        for key in path:
            inner = schema.get("properties") if isinstance(schema, Mapping) and "$ref" not in schema else None
            schema = inner.get(key) if isinstance(inner, Mapping) else None
        if not isinstance(schema, Mapping):
            return None
        if isinstance(schema.get("enum"), list):
            return [*schema["enum"]]
        return (True, False) if schema.get("type") == "boolean" else None


def _compared(test: Mapping[str, Any], pointer: str) -> Iterator[tuple[Any, str]]:
    """Yield the constant single values that a test compares with for equality, each with its place."""
    operator, value = test.get("operator"), test.get("value")
    found = [(value, pointer)] if operator in EQUAL else []
    if operator in ONE_OF and isinstance(value, list):
        found = [(one, f"{pointer}/{index}") for index, one in enumerate(value)]
    for one, place in found:
        if isinstance(one, bool | int | float) or (isinstance(one, str) and not is_template(one)):
            yield one, place


def _nearest(value: Any, known: Collection[Any]) -> str | None:
    return nearest(value, [one for one in known if isinstance(one, str)])


def _word(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)
