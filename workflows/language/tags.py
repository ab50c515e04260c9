"""Turns Liquid's tags into steps that are called in order, each with the scope and the text being written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from workflows.language.errors import TemplateSyntaxError
from workflows.language.expression import Value, equality, filtered, test
from workflows.language.loops import forloop, items
from workflows.language.names import Names
from workflows.language.scope import Missing, Scope
from workflows.language.secrets import secret_in
from workflows.language.syntax import Plain, Writer

Signal = Literal["break", "continue"] | None
Step = Callable[[Scope, Writer], Signal]


class TagCompiler:
    """Compiles the nodes of one text.

    Args:
        names: what is known about the text.
        writer: the kind of writer that its steps will be called with.
    """

    def __init__(self, names: Names, writer: type[Writer]) -> None:
        self.names = names
        self.writer = writer
        self.kinds: dict[type[Node], Callable[[Any], Step]] = {
            AssignNode: self.assign,
            BreakNode: lambda node: self.jump(node, "break"),
            CaptureNode: self.capture,
            CaseNode: self.case,
            ContentNode: self.literal,
            ContinueNode: lambda node: self.jump(node, "continue"),
            ForNode: self.loop,
            IfNode: lambda node: self.branches(node, wanted=True),
            UnlessNode: lambda node: self.branches(node, wanted=False),
        }

    def steps(self, nodes: Sequence[Node]) -> tuple[Step, ...]:
        """Compile nodes in their order."""
        return tuple(self.step(node) for node in nodes)

    def step(self, node: Node) -> Step:
        """Compile one node."""
        if isinstance(node, OutputNode):
            return self.output(node)
        compile_ = self.kinds.get(type(node))
        if compile_ is None:
            raise TemplateSyntaxError("This cannot stand in a template.", offset=node.token.start_index)
        return compile_(node)

    def block(self, node: BlockNode) -> Step:
        """Compile what stands inside a tag; a block that is nothing but white space writes none, as in Liquid."""
        self.names.depth += 1
        kept = [inner for inner in node.nodes if not (node.blank and isinstance(inner, ContentNode))]
        steps = self.steps(kept)
        self.names.depth -= 1

        def run(scope: Scope, writer: Writer) -> Signal:
            for step in steps:
                if signal := step(scope, writer):
                    return signal
            return None

        return run

    def literal(self, node: ContentNode) -> Step:
        """Compile the author's own text."""
        prepared, cost = self.writer.prepare(node.text), len(node.text) + 32

        def run(scope: Scope, writer: Writer) -> Signal:
            scope.spend(cost)
            writer.literal(prepared)
            return None

        return run

    def output(self, node: OutputNode) -> Step:
        """Compile `{{ }}` and `echo`."""
        secret = secret_in(node, self.names)
        if secret:
            place = secret

            def fill(_scope: Scope, writer: Writer) -> Signal:
                writer.secret(place)
                return None

            return fill
        expression, as_json = node.expression, False
        if self.writer.encodes_json and isinstance(expression, FilteredExpression) and expression.filters:
            last = expression.filters[-1]
            as_json = last.name == "json" and not last.args
            if as_json:
                expression = FilteredExpression(expression.token, expression.left, expression.filters[:-1])
        value = filtered(expression, self.names)

        def run(scope: Scope, writer: Writer) -> Signal:
            scope.spend(96)
            result = value(scope)
            writer.value(scope.given(result) if result.__class__ is Missing else result, as_json=as_json)
            return None

        return run

    def assign(self, node: AssignNode) -> Step:
        """Compile `assign`."""
        value, name = filtered(node.expression, self.names), str(node.name)
        self.names.assign(name, node.token.start_index)

        def run(scope: Scope, _writer: Writer) -> Signal:
            scope.spend(64)
            scope.made[name] = value(scope)
            return None

        return run

    def capture(self, node: CaptureNode) -> Step:
        """Compile `capture`: what it keeps is a value, so it is escaped where it is used and not before."""
        block, name = TagCompiler(self.names, Plain).block(node.block), str(node.name)
        self.names.assign(name, node.token.start_index)

        def run(scope: Scope, _writer: Writer) -> Signal:
            scope.spend(64)
            inner = Plain(scope)
            signal = block(scope, inner)
            scope.made[name] = inner.written()
            return signal

        return run

    def jump(self, node: Node, signal: Signal) -> Step:
        """Compile `break` and `continue`."""
        if not self.names.loops:
            raise TemplateSyntaxError(f"`{signal}` stands only inside `for`.", offset=node.token.start_index)
        return lambda _scope, _writer: signal

    def branches(self, node: Any, *, wanted: bool) -> Step:
        """Compile `if` and `unless` with their `elsif` and `else`."""
        ways = [(self.test(node.condition, wanted=wanted), self.block(node.consequence))]
        ways += [(self.test(way.expression, wanted=True), self.block(way.block)) for way in node.alternatives]
        otherwise = self.block(node.default) if node.default else None

        def run(scope: Scope, writer: Writer) -> Signal:
            for holds, block in ways:
                scope.spend(64)
                if holds(scope):
                    return block(scope, writer)
            return otherwise(scope, writer) if otherwise else None

        return run

    def test(self, node: Expression, *, wanted: bool) -> Value:
        """Compile a test, or its opposite."""
        holds = test(node, self.names)
        return holds if wanted else lambda scope: not holds(scope)

    def case(self, node: CaseNode) -> Step:
        """Compile `case`: every `when` that fits is written, and `else` where none before it did."""
        ways: list[tuple[list[Value], Step]] = []
        for block in node.blocks:
            if isinstance(block, MultiExpressionBlockNode):
                choices = block.expression.expressions
                tests = [equality(node.expression, choice, self.names, wanted=True) for choice in choices]
                ways.append((tests, self.block(block.block)))
            else:
                ways.append(([], self.block(block)))

        def run(scope: Scope, writer: Writer) -> Signal:
            fitted = False
            for tests, block in ways:
                scope.spend(64 * len(tests) + 32)
                fits = any(holds(scope) for holds in tests) if tests else not fitted
                fitted = fitted or (bool(tests) and fits)
                if fits and (signal := block(scope, writer)):
                    return signal
            return None

        return run

    def loop(self, node: ForNode) -> Step:
        """Compile `for`; its names are gone after it."""
        sequence_of, name = items(node.expression, self.names), str(node.expression.identifier)
        with self.names.loop(name, node.token.start_index):
            block = self.block(node.block)
        otherwise = self.block(node.default) if node.default else None

        def run(scope: Scope, writer: Writer) -> Signal:
            sequence, order = sequence_of(scope)
            if not order:
                return otherwise(scope, writer) if otherwise else None
            length, outer = len(order), scope.loops[-1]["forloop"] if scope.loops else None
            names: dict[str, Any] = {}
            scope.loops.append(names)
            try:
                for index, place in enumerate(order):
                    scope.iterate()
                    names["forloop"] = forloop(index, length, outer)
                    names[name] = sequence[place]
                    if block(scope, writer) == "break":
                        break
            finally:
                scope.loops.pop()
            return None

        return run
