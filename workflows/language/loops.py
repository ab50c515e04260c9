"""What a `for` goes over: a list, the pairs of an object, a text, or a range; with `limit`, `offset` and `reversed`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from liquid.builtin.expressions import LoopExpression
from liquid.builtin.expressions.primitive import RangeLiteral, StringLiteral
from liquid.expression import Expression

from workflows.language.errors import TemplateError, TemplateSyntaxError
from workflows.language.expression import Value, primitive
from workflows.language.filters.contract import Constant, FilterValueError, a_whole_number, is_nothing
from workflows.language.names import Names
from workflows.language.scope import LONGEST_LIST, Scope
from workflows.language.values import shown


def items(node: LoopExpression, names: Names) -> Callable[[Scope], tuple[Sequence[Any], range]]:
    """Compile what a loop goes over: the sequence, and the places in it in the order of the loop."""
    source = (
        _range(node.iterable, names) if isinstance(node.iterable, RangeLiteral) else _sequence(node.iterable, names)
    )
    limit = _argument(node.limit, names, "limit") if node.limit else None
    resumes = isinstance(node.offset, StringLiteral) and node.offset.value == "continue"
    offset = _argument(node.offset, names, "offset") if node.offset and not resumes else None
    if node.cols:
        raise TemplateSyntaxError("`cols` is no argument of `for`.", offset=node.token.start_index)
    key, backwards = f"{node.identifier}-{node.iterable}", node.reversed

    def run(scope: Scope) -> tuple[Sequence[Any], range]:
        sequence = source(scope)
        start = scope.resume.get(key, 0) if resumes else _whole(offset, scope, "offset", 0)
        most = _whole(limit, scope, "limit", len(sequence))
        places = range(len(sequence))[max(start, 0) :][: max(most, 0)]
        scope.resume[key] = places.stop
        return sequence, places[::-1] if backwards else places

    return run


def _sequence(node: Expression, names: Names) -> Callable[[Scope], Sequence[Any]]:
    """Compile a value to loop over: a list, the pairs of an object, a text once, nothing not at all."""
    value = primitive(node, names)

    def run(scope: Scope) -> Sequence[Any]:
        found = scope.given(value(scope))
        if isinstance(found, list):
            return found
        if isinstance(found, dict):
            scope.spend(24 * len(found))
            return [[key, found[key]] for key in found]
        return [found] if isinstance(found, str) and found else []

    return run


def _range(node: RangeLiteral, names: Names) -> Callable[[Scope], Sequence[Any]]:
    """Compile `(1..5)`."""
    first, last = _argument(node.start, names, "range"), _argument(node.stop, names, "range")

    def run(scope: Scope) -> Sequence[Any]:
        start, stop = _whole(first, scope, "range", 0), _whole(last, scope, "range", 0)
        if stop - start >= LONGEST_LIST:
            raise TemplateError(f"A range has at most {LONGEST_LIST:,} numbers.")
        return range(start, max(stop + 1, start))

    return run


def _argument(node: Expression, names: Names, what: str) -> Value:
    """Compile a number of a loop; a constant that is none is refused at once."""
    value = primitive(node, names)
    if isinstance(value, Constant):
        try:
            _whole_number(value.value, what, 0)
        except TemplateError as error:
            raise TemplateSyntaxError(str(error), offset=node.token.start_index) from None
    return value


def _whole(value: Value | None, scope: Scope, what: str, otherwise: int) -> int:
    return _whole_number(None if value is None else scope.given(value(scope)), what, otherwise)


def _whole_number(found: Any, what: str, otherwise: int) -> int:
    try:
        return otherwise if is_nothing(found) else a_whole_number(found)
    except FilterValueError:
        raise TemplateError(f"The `{what}` of a `for` is a whole number, not {shown(found)}.") from None


def forloop(index: int, length: int, outer: Any) -> dict[str, Any]:
    """Return what a loop says about its pass; `outer` is the same of the loop around it."""
    return {
        "first": index == 0,
        "index": index + 1,
        "index0": index,
        "last": index == length - 1,
        "length": length,
        "rindex": length - index,
        "rindex0": length - index - 1,
        "parentloop": outer,
    }
