"""Compiles one text: a constant, one whole `{{ expression }}`, or text around tags and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.expressions.path import Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.token import Token

from workflows.language.errors import TemplateError, TemplateSyntaxError
from workflows.language.expression import filtered, path
from workflows.language.grammar import parse
from workflows.language.markup import split
from workflows.language.names import Names, inside, names_made
from workflows.language.scope import Missing, Scope
from workflows.language.secrets import secret_in
from workflows.language.structures import STRUCTURES, Walk
from workflows.language.syntax import (
    BACKSLASH,
    INSIDE,
    OUTSIDE,
    CheckedJson,
    JsonSyntax,
    KeyedJson,
    Markdown,
    MembersJson,
    Plain,
    SlackText,
    Writer,
    json_fault,
    json_keys,
    json_state,
)
from workflows.language.syntax_html import HtmlText
from workflows.language.syntax_prompt import PromptText
from workflows.language.syntax_url import TEMPLATED, Url, host_is_templated
from workflows.language.tags import TagCompiler
from workflows.language.values import measure

_WRITERS: dict[str, type[Writer]] = {
    "slack": SlackText,
    "markdown": Markdown,
    "html": HtmlText,
    "url": Url,
    "prompt": PromptText,
}

Render = Callable[[Scope], Any]

SYNTAXES = ("json", "json-members", "slack", "markdown", "html", "url", "prompt", *STRUCTURES)
MARKUP = ("slack", "markdown", "html", "prompt")
"""Syntaxes that only text can have: one whole value in them is text too, escaped like any other."""

KEY_STAND_IN = "\ue000"
"""Stands for a value where it is only asked whether one is part of a key."""

_BEGINS_LIKE_JSON = re.compile(r"\s*(?:\{\s*(?:[\"}]|\Z)|\[\s*(?:[\"{\[\]\-0-9]|true|false|null|\Z))")


@dataclass(frozen=True, slots=True)
class Text:
    """A compiled text.

    Attributes:
        render: gives its value in a scope.
        whole: it is exactly one `{{ expression }}`, whose value keeps its type.
        templated_host: it is an address whose host is decided by data.
    """

    render: Render
    whole: bool
    templated_host: bool


def compile_text(names: Names, tokens: Sequence[Token], syntax: str | None, *, keeps_missing: bool = False) -> Text:
    """Compile a text that has markup in it; one that is a whole expression may give what is not there as `Missing`.

    Raises:
        TemplateSyntaxError: it is no valid template.
    """
    nodes = parse(names.text, tokens)
    names.made = names_made(nodes)
    whole = _is_whole(names.text, nodes)
    if whole and syntax not in MARKUP:
        render = _whole(nodes[0], names, STRUCTURES.get(syntax or ""), keeps_missing=keeps_missing)
    else:
        render = _around(nodes, names, syntax)
    return Text(render, whole, templated_host=syntax == "url" and _host_is_templated(nodes, whole=whole))


def compile_path_text(names: Names) -> Render:
    """Compile a text that is a bare path, as conditions write one; what is not there it gives as `Missing`.

    Raises:
        TemplateSyntaxError: it is no plain path.
    """
    wrapped = f"{{{{{names.text}}}}}"
    nodes = parse(wrapped, list(split(wrapped)))
    expression = nodes[0].expression if len(nodes) == 1 and isinstance(nodes[0], OutputNode) else None
    if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path) or expression.filters:
        raise TemplateSyntaxError("A path is names and keys, without filters.", hint='`contact.custom_fields["MRR"]`')
    return path(expression.left, names)


def _around(nodes: Sequence[Node], names: Names, syntax: str | None) -> Render:
    writer = _writer(nodes, syntax)
    steps = TagCompiler(names, writer).steps(nodes)
    pointer = names.pointer

    def run(scope: Scope) -> str:
        scope.begin_text()
        written = writer(scope)
        try:
            for step in steps:
                step(scope, written)
            return written.finish(pointer)
        except TemplateError as error:
            error.place(pointer)
            raise

    return run


def _is_whole(text: str, nodes: Sequence[Node]) -> bool:
    one = len(nodes) == 1 and type(nodes[0]) is OutputNode
    return one and text.startswith("{{") and text.endswith("}}")


def _whole(node: Any, names: Names, structure: Walk | None, *, keeps_missing: bool) -> Render:
    pointer = names.pointer
    secret = secret_in(node, names)
    if secret:
        place = secret.place(pointer, 0, None)

        def fill(scope: Scope) -> str:
            scope.places.append(place.copy())
            return secret.placeholder

        return fill
    value = filtered(node.expression, names)

    def run(scope: Scope) -> Any:
        try:
            scope.spend(96)
            result = value(scope)
            if result.__class__ is Missing:
                return result if keeps_missing else scope.given(result)
            scope.keep(measure(result, scope))
            return result if structure is None else structure(result, scope)
        except TemplateError as error:
            error.place(pointer)
            raise

    return run


def _writer(nodes: Sequence[Node], syntax: str | None) -> type[Writer]:
    if syntax == "json":
        return _json_writer(nodes)
    if syntax == "json-members":
        return _members_writer(nodes)
    return _WRITERS.get(syntax or "", Plain)


def _json_writer(nodes: Sequence[Node]) -> type[Writer]:
    """Decide whether a text is JSON around its variables; where it only begins like JSON, that is a mistake."""
    begins = _begins_like_json(nodes)
    if any(not isinstance(node, ContentNode) and type(node) is not OutputNode for node in nodes):
        return CheckedJson if begins else Plain
    if not any(isinstance(node, ContentNode) and not node.blank for node in nodes):
        return Plain
    fault = json_fault("".join(_stand_ins(nodes)))
    if fault is None:
        keys = json_keys("".join(_stand_ins(nodes, KEY_STAND_IN)))
        return KeyedJson if any(KEY_STAND_IN in key for key in keys) else JsonSyntax
    if begins:
        raise TemplateSyntaxError(
            f"This text begins like JSON but is none: {fault}.",
            hint='A value goes bare (`{{x}}`) or inside quotes (`"{{x}}"`); everything else must be JSON.',
        )
    return Plain


def _members_writer(nodes: Sequence[Node]) -> type[Writer]:
    """Refuse a text that cannot be the members of an object, as far as its tags leave that open."""
    tags = any(not isinstance(node, ContentNode) and type(node) is not OutputNode for node in nodes)
    if not tags and (fault := json_fault(f"{{{''.join(_stand_ins(nodes))}}}")):
        raise TemplateSyntaxError(
            f"This text begins like the members of an object but is none: {fault}.",
            hint='Write `"name": "{{x}}", "other": {{y}}`.',
        )
    return MembersJson


def _stand_ins(nodes: Sequence[Node], inside: str = "") -> Iterator[str]:
    """Yield the author's text, and for each value something that can stand in its place, or inside quotes."""
    state = OUTSIDE
    for node in nodes:
        if isinstance(node, ContentNode):
            state = json_state(node.text, state)
            yield node.text
        else:
            if state == BACKSLASH:
                raise TemplateSyntaxError(
                    "A backslash stands right before `{{`: it would change what the value means.",
                    offset=node.token.start_index,
                )
            yield inside if state == INSIDE else "null"


def _begins_like_json(nodes: Sequence[Node]) -> bool:
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ContentNode) and not node.blank:
            return bool(_BEGINS_LIKE_JSON.match(node.text))
        if isinstance(node, OutputNode):
            return False
        if not isinstance(node, CaptureNode):  # it writes nothing where it stands
            waiting.extend(reversed(list(inside(node))))
    return False


def _host_is_templated(nodes: Sequence[Node], *, whole: bool) -> bool:
    if whole:
        return not _is_secret_output(nodes[0])
    return host_is_templated([_address_piece(node) for node in nodes])


def _address_piece(node: Node) -> str:
    if isinstance(node, ContentNode):
        return node.text.replace(TEMPLATED, "")
    return "secret" if _is_secret_output(node) else TEMPLATED


def _is_secret_output(node: Node) -> bool:
    if type(node) is not OutputNode:
        return False
    left = getattr(node.expression, "left", None)
    return bool(getattr(left, "path", [None])[0] == "secrets")
