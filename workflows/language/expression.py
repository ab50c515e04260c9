"""Turns Liquid's expressions into plain functions of a scope, once, so that a render only calls them."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.expressions.filtered import Filter as FilterNode
from liquid.builtin.expressions.logical import (
    BooleanExpression,
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.path import Path
from liquid.builtin.expressions.primitive import (
    Blank,
    Empty,
    FalseLiteral,
    FloatLiteral,
    IntegerLiteral,
    Nil,
    RangeLiteral,
    StringLiteral,
    TrueLiteral,
)
from liquid.expression import Expression

from workflows.language.comparison import ordered
from workflows.language.errors import TemplateError, TemplateSyntaxError
from workflows.language.filters import applied
from workflows.language.filters.contract import Constant, is_nothing
from workflows.language.names import CLOCK, HOW_TO_USE_SECRETS, SECRETS, Names, Segment, written
from workflows.language.scope import ABSENT, Missing, Scope
from workflows.language.values import equal, item, shown, text

Value = Callable[[Scope], Any]

LARGEST_LITERAL = 10**30


class EmptyWord:
    """The word `empty` or `blank` on one side of a comparison."""

    def __init__(self, *, blank: bool) -> None:
        self.blank = blank

    def matches(self, value: Any) -> bool:
        """Say whether a value is empty, or blank where this is `blank`."""
        if self.blank and (value is None or value is False):
            return True
        if self.blank and isinstance(value, str):
            return not value.strip()
        return isinstance(value, str | list | dict) and not value


_EMPTY, _BLANK = EmptyWord(blank=False), EmptyWord(blank=True)


def filtered(node: Expression, names: Names) -> Value:
    """Compile what stands in `{{ }}`: a value and the filters after it."""
    if not isinstance(node, FilteredExpression):
        raise TemplateSyntaxError("Only a value and filters can stand here.", offset=node.token.start_index)
    value = primitive(node.left, names)
    if not node.filters:
        return value
    source = _source(node.left)
    return applied(value, source, [_filter(step, names) for step in node.filters])


def _source(node: Expression) -> str:
    """Return what is called missing where a filter finds nothing in a value: its path as far as it is fixed."""
    if not isinstance(node, Path):
        return shown(_literal(node))
    fixed = itertools.takewhile(lambda segment: not isinstance(segment, Path), node.path)
    return written(list(fixed))


def _filter(node: FilterNode, names: Names) -> tuple[str, int, list[tuple[str | None, Value]]]:
    arguments = [(getattr(argument, "name", None), primitive(argument.value, names)) for argument in node.args]
    return node.name, node.token.start_index, arguments


def primitive(node: Expression, names: Names) -> Value:
    """Compile a literal or a path."""
    if isinstance(node, Path):
        return path(node, names)
    if isinstance(node, RangeLiteral):
        raise TemplateSyntaxError("A range stands only in `{% for … in (1..5) %}`.", offset=node.token.start_index)
    return Constant(_literal(node))


def _literal(node: Expression) -> Any:
    if isinstance(node, StringLiteral | TrueLiteral | FalseLiteral):
        return node.value
    if isinstance(node, IntegerLiteral | FloatLiteral):
        if not -LARGEST_LITERAL <= node.value <= LARGEST_LITERAL:
            raise TemplateSyntaxError("This number is too large.", offset=node.token.start_index)
        return node.value
    if isinstance(node, Nil):
        return None
    if isinstance(node, Empty | Blank):
        return ""
    raise TemplateSyntaxError("Only a value can stand here.", offset=node.token.start_index)


def path(node: Path, names: Names) -> Value:
    """Compile a path; `now` and `today` are the run's clock whatever the data says."""
    root, offset = node.path[0], node.token.start_index
    if not isinstance(root, str):
        raise TemplateSyntaxError("A path begins with a name: `contact.email`.", offset=offset)
    if root == SECRETS:
        raise TemplateSyntaxError("A secret cannot be used like this.", offset=offset, hint=HOW_TO_USE_SECRETS)
    fixed: list[Segment] = []
    for segment in node.path:
        if isinstance(segment, Path):
            break
        fixed.append(segment)
    names.refer(tuple(fixed), offset)
    start = _start(root, names)
    if len(fixed) < len(node.path):
        return _dynamic(start, root, [_segment(segment, names) for segment in node.path[1:]])
    return _static(start, fixed)


def _segment(segment: Segment | Path, names: Names) -> Value:
    return path(segment, names) if isinstance(segment, Path) else lambda _scope: segment


def _start(root: str, names: Names) -> Value:
    if root in CLOCK:
        return (lambda scope: scope.now_text) if root == "now" else (lambda scope: scope.now_text[:10])
    if root in names.made:
        return lambda scope: scope.name(root)
    return lambda scope: scope.roots.get(root, ABSENT)


def _static(start: Value, path: list[Segment]) -> Value:
    missing = Missing(written(path))
    keys = [(key, str(key)) for key in path[1:]]

    def run(scope: Scope) -> Any:
        value = start(scope)
        for key, name in keys:
            if value.__class__ is dict and name in value:
                value = value[name]
            elif value.__class__ is Missing:
                return value
            else:
                value = item(value, key)
        return missing if value is ABSENT else value

    return run


def _dynamic(start: Value, root: str, segments: list[Value]) -> Value:
    def run(scope: Scope) -> Any:
        value = start(scope)
        found: list[Segment] = [root]
        for segment in segments:
            key = segment(scope)
            if key.__class__ is Missing or value.__class__ is Missing:
                return key if key.__class__ is Missing else value
            found.append(key if isinstance(key, str | int) else shown(key))
            value = item(value, key)
        return Missing(written(found)[:300]) if value is ABSENT else value

    return run


def test(node: Expression, names: Names) -> Value:
    """Compile what stands in `{% if %}` into a function that says whether it holds."""
    if isinstance(node, BooleanExpression):
        return test(node.expression, names)
    if isinstance(node, LogicalAndExpression | LogicalOrExpression):
        return _both(test(node.left, names), test(node.right, names), every=isinstance(node, LogicalAndExpression))
    if isinstance(node, EqExpression | NeExpression):
        return equality(node.left, node.right, names, wanted=isinstance(node, EqExpression))
    if isinstance(node, ContainsExpression):
        left, right = primitive(node.left, names), primitive(node.right, names)
        return lambda scope: _contains(left(scope), right(scope), scope)
    if isinstance(node, LtExpression | LeExpression | GtExpression | GeExpression):
        sign, holds = _ORDERS[type(node)]
        if isinstance(node.left, TrueLiteral | FalseLiteral) or isinstance(node.right, TrueLiteral | FalseLiteral):
            raise TemplateSyntaxError(f"`{sign}` needs two numbers or two texts.", offset=node.token.start_index)
        return _order(primitive(node.left, names), primitive(node.right, names), sign, holds)
    value = primitive(node, names)

    def run(scope: Scope) -> bool:
        scope.spend(32)
        return _true(value(scope))

    return run


def _both(left: Value, right: Value, *, every: bool) -> Value:
    if every:
        return lambda scope: left(scope) and right(scope)
    return lambda scope: left(scope) or right(scope)


def _true(value: Any) -> bool:
    return not (value is None or value is False or value.__class__ is Missing)


def _tested(value: Any) -> Any:
    return None if value.__class__ is Missing else value


def equality(left: Expression, right: Expression, names: Names, *, wanted: bool) -> Value:
    """Compile `==` and `!=`; types must match, and `empty` and `blank` are what Liquid says."""
    for side, other in ((left, right), (right, left)):
        if isinstance(side, Empty | Blank):
            emptiness = _EMPTY if isinstance(side, Empty) else _BLANK
            value = primitive(other, names)
            return lambda scope: emptiness.matches(_tested(value(scope))) is wanted
    first, second = primitive(left, names), primitive(right, names)
    return lambda scope: equal(_tested(first(scope)), _tested(second(scope)), scope) is wanted


_ORDERS: dict[type[Expression], tuple[str, Callable[[Any, Any], bool]]] = {
    LtExpression: ("<", operator.lt),
    LeExpression: ("<=", operator.le),
    GtExpression: (">", operator.gt),
    GeExpression: (">=", operator.ge),
}


def _order(left: Value, right: Value, sign: str, holds: Callable[[Any, Any], bool]) -> Value:
    def run(scope: Scope) -> bool:
        scope.spend(48)
        first, second = _tested(left(scope)), _tested(right(scope))
        if first is None or second is None:
            return False
        if isinstance(first, str) and isinstance(second, str):
            scope.spend(min(len(first), len(second)) >> 4)
        if pair := ordered(first, second):
            return holds(*pair)
        if is_nothing(first) or is_nothing(second):
            return False
        raise TemplateError(f"`{sign}` needs two numbers or two texts, not {shown(first)} and {shown(second)}.")

    return run


def _contains(whole: Any, part: Any, scope: Scope) -> bool:
    scope.spend(48)
    if not _true(whole) or not _true(part):
        return False
    if isinstance(whole, str):
        part = text(part, scope)
        scope.spend(len(whole) >> 2)
        return part in whole
    if isinstance(whole, list):
        return any(equal(element, part, scope) for element in whole)
    if isinstance(whole, dict):
        return isinstance(part, str) and part in whole
    raise TemplateError(f"`contains` needs a text, a list or an object on its left, not {shown(whole)}.")
