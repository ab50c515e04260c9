"""Conditions: data that says when an automation, a step or a way of a branch is taken.

`all`, `any` and `not` over `{field, operator, value}`. Numbers compare as numbers, ISO 8601 texts as instants, and what
has no order is never greater or less. Texts are compared exactly: by code point, upper and lower case apart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from trunkline.durations import duration
from workflows.language.comparison import (
    AGES,
    DURING,
    OPERATORS,
    ORDERS,
    TEXT_ONLY,
    Operator,
    instant_of,
    pattern_fault,
)
from workflows.language.condition_parts import CompiledPart, Test, all_of, any_of, looked_at, opposite
from workflows.language.explanation import Mismatch
from workflows.language.hours import BusinessHoursError, Hours
from workflows.language.names import Reference
from workflows.language.scope import Scope, Spent
from workflows.language.synonyms import key_hint, operator_hint
from workflows.language.template import (
    Template,
    TemplateError,
    TemplateSyntaxError,
    compile_field,
    compile_template,
    constant,
)
from workflows.language.values import shown

__all__ = ["Condition", "ConditionError", "Mismatch", "Verdict", "compile_condition"]

DEEPEST = 20
MOST_TESTS = 1_000

HOW_TO_NAME_HOURS = "Name `hours` of the automation, or write {timeZone: Europe/Berlin, start: 08:30}."

GROUPS = ("all", "any", "not")
TEST_KEYS = ("field", "operator", "value")


class ConditionError(Exception):
    """A condition is wrong whatever the data; the message is a sentence.

    Attributes:
        message: the sentence.
        pointer: JSON pointer of what is wrong, in the condition.
        hint: what would be right, if known.
        code: the kind of problem that it is.
    """

    def __init__(self, message: str, pointer: str, hint: str | None = None, *, code: str = "bad-condition") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.hint = hint
        self.code = code


class Verdict(NamedTuple):
    """What came of a condition.

    Attributes:
        holds: whether it holds.
        why: why it does not, in sentences.
        missing: what it could not compare and yet decided by: the path and why, each as a clause.
    """

    holds: bool
    why: str
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition.

    Attributes:
        references: every use of a root, in fields and values.
        source: the condition as its author wrote it.
    """

    references: tuple[Reference, ...]
    source: Mapping[str, Any]
    _compiled: CompiledPart

    def holds(self, roots: Mapping[str, Any], now: datetime, spent: Spent | None = None) -> bool:
        """Say whether it holds for the data of a run; `spent` is told how much work it was.

        Raises:
            TemplateError: a value cannot be rendered, or a limit is reached.
        """
        scope = Scope(roots, now)
        try:
            return self._compiled.holds(scope)
        finally:
            if spent is not None:
                spent(scope.spent)

    def judge(self, roots: Mapping[str, Any], now: datetime, spent: Spent | None = None) -> Verdict:
        """Say whether it holds, why not, and what it could not compare; `spent` is told how much work it was.

        Raises:
            TemplateError: see `holds`.
        """
        scope, again = Scope(roots, now), Scope(roots, now)
        sentences: list[str] = []
        try:
            holds = self._compiled.holds(scope)
            if not holds:
                with contextlib.suppress(TemplateError):  # what is decided stands, also where saying why is too much
                    sentences = [failure.sentence for failure in self._compiled.failures(again)]
        finally:
            if spent is not None:
                spent(scope.spent + again.spent)
        why_not_ = "" if holds else " ".join(sentences) or "Its conditions do not hold."
        return Verdict(holds, why_not_, list(scope.notes))

    def may_hold(self, roots: Mapping[str, Any], now: datetime) -> bool:
        """Say whether it holds, or cannot be judged: a side is missing or has no order, a value cannot be rendered."""
        try:
            return self._compiled.possible(Scope(roots, now), True)
        except TemplateError:
            return True

    def explain(self, roots: Mapping[str, Any], now: datetime) -> list[Mismatch]:
        """Say why it does not hold; the list is empty where it does.

        Raises:
            TemplateError: a value cannot be rendered, or a limit is reached.
        """
        return self._compiled.failures(Scope(roots, now))


def compile_condition(data: Any, hours: Mapping[str, Any] | None = None) -> Condition:
    """Compile a condition.

    Args:
        data: the condition as its author wrote it.
        hours: the automation's hours by name, in a plan's words.

    Raises:
        ConditionError: it is no valid condition.
    """
    compiler = _ConditionCompiler(hours or {})
    compiled = compiler.compile(data, "", 0)
    return Condition(tuple(compiler.references), data, compiled)


class _ConditionCompiler:
    def __init__(self, hours: Mapping[str, Any]) -> None:
        self.hours = hours
        self.references: list[Reference] = []
        self.tests = 0

    def compile(self, data: Any, pointer: str, depth: int, *, negated: bool = False) -> CompiledPart:
        """Compile a group or a test; `negated`: it stands under an odd number of `not`."""
        if not isinstance(data, dict):
            hint = "Put the list under `all` or `any`." if isinstance(data, list) else None
            raise ConditionError("A condition is an object with `all`, `any`, `not`, or a `field`.", pointer, hint)
        if depth > DEEPEST:
            raise ConditionError(f"Conditions are nested at most {DEEPEST} deep.", pointer)
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise ConditionError(f"There are at most {MOST_TESTS:,} conditions in one place.", pointer)
        groups = [group for group in GROUPS if group in data]
        if not groups:
            return self.test(data, pointer, negated=negated)
        group = groups[0]
        if len(data) > 1:
            other = next(key for key in data if key != group)
            raise ConditionError(
                f"`{group}` stands alone, and here `{other}` stands beside it.", pointer, "Nest one in the other."
            )
        inside = f"{pointer}/{group}"
        if group == "not":
            return opposite(self.compile(data["not"], inside, depth + 1, negated=not negated))
        if not isinstance(data[group], list):
            raise ConditionError(f"`{group}` is a list of conditions.", inside, "Begin each with `- `.")
        parts = [self.compile(part, f"{inside}/{n}", depth + 1, negated=negated) for n, part in enumerate(data[group])]
        return all_of(parts) if group == "all" else any_of(parts)

    def test(self, data: dict[str, Any], pointer: str, *, negated: bool) -> CompiledPart:
        """Compile `{field, operator, value}`."""
        for key in data:
            if key not in TEST_KEYS:
                raise ConditionError(f"A condition has no key `{key}`.", f"{pointer}/{key}", key_hint(key))
        for key in ("field", "operator"):
            if key not in data:
                raise ConditionError(f"A condition needs `{key}`.", pointer)
        operator, name = self.operator(data, pointer)
        field = self.field(data["field"], f"{pointer}/field")
        value = self.value(data, name, operator, pointer)
        return Test(
            data["field"], name, operator, field, value, looked_at(data, name, value, negated=negated)
        ).compiled()

    def operator(self, data: dict[str, Any], pointer: str) -> tuple[Operator, str]:
        """Return the operator that a test names."""
        name = data["operator"]
        if not isinstance(name, str) or name not in OPERATORS:
            raise ConditionError(f"There is no operator `{name}`.", f"{pointer}/operator", operator_hint(name))
        operator = OPERATORS[name]
        if name == DURING and "value" in data:
            operator = replace(operator, holds=self.during(data["value"], f"{pointer}/value"))
        if operator.takes_value and "value" not in data:
            raise ConditionError(f"`{name}` needs a `value`.", pointer)
        if not operator.takes_value and "value" in data:
            raise ConditionError(f"`{name}` takes no `value`.", f"{pointer}/value")
        return operator, name

    def during(self, value: Any, pointer: str) -> Callable[[Any, Any, Scope], bool]:
        """Return what says whether an instant lies in hours: those of a name, or written out."""
        if not isinstance(value, str | dict):
            sentence = f"`{DURING}` compares with hours, not with {shown(value)}."
            raise ConditionError(sentence, pointer, HOW_TO_NAME_HOURS)
        if isinstance(value, str) and value not in self.hours:
            sentence = f"There are no hours {value!r:.80}."
            raise ConditionError(sentence, pointer, HOW_TO_NAME_HOURS, code="unknown-hours")
        try:
            hours = Hours.read(self.hours[value] if isinstance(value, str) else value)
        except BusinessHoursError as error:
            raise ConditionError(str(error), pointer) from None

        def holds(left: Any, _right: Any, scope: Scope) -> bool:
            scope.spend(512)
            instant = instant_of(left)
            return instant is not None and hours.open_at(instant)

        return holds

    def field(self, field: Any, pointer: str) -> Template:
        """Compile the path that a test looks at."""
        if not isinstance(field, str) or not field.strip():
            raise ConditionError("A `field` is a path: `call.waiting_time`.", pointer)
        try:
            return self.known(compile_field(field), pointer)
        except TemplateSyntaxError as error:
            raise ConditionError(f"`{field}` is no path: {error}", pointer, error.hint) from None

    def value(self, data: dict[str, Any], name: str, operator: Operator, pointer: str) -> Template | None:
        """Compile the value that a test compares with, and refuse one with which it could never hold."""
        if not operator.takes_value:
            return None
        pointer = f"{pointer}/value"
        if name == DURING:
            return constant(data["value"])
        try:
            template = compile_template(data["value"])
        except TemplateSyntaxError as error:
            raise ConditionError(str(error), pointer + error.pointer, error.hint) from None
        if template.constant:
            _check_constant(name, data["value"], pointer)
        return self.known(template, pointer)

    def known(self, template: Template, pointer: str) -> Template:
        """Keep a template's references under their place in the condition."""
        self.references += [replace(found, pointer=pointer + found.pointer) for found in template.references]
        return template


def _check_constant(name: str, value: Any, pointer: str) -> None:
    if name in TEXT_ONLY and not isinstance(value, str):
        raise ConditionError(f"`{name}` compares with a text, not with {shown(value)}.", pointer, "Put it in quotes.")
    if name in {"in", "not_in"} and not isinstance(value, list):
        raise ConditionError(f"`{name}` looks into a list, not into {shown(value)}.", pointer, "Write `[a, b]`.")
    if name in ORDERS and (isinstance(value, bool | list | dict) or value is None):
        raise ConditionError(f"`{name}` needs a number, an instant or a text, not {shown(value)}.", pointer)
    if name in AGES:
        try:
            duration(value)
        except ValueError as error:
            raise ConditionError(str(error), pointer, code="bad-duration") from None
    if name == "matches" and (fault := pattern_fault(value)):
        raise ConditionError(
            f"{shown(value)} is no pattern: {fault}.", pointer, "Patterns are RE2: no look-around, no back-references."
        )
