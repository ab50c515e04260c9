"""Has python-liquid parse a text: with the tags that are deterministic and load nothing, and within bounds."""

from __future__ import annotations

from collections.abc import Iterable

from liquid import Environment
from liquid.ast import Node
from liquid.builtin.content import Literal
from liquid.builtin.expressions import FilteredExpression, tokenize
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.capture_tag import CaptureTag
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.builtin.tags.for_tag import BreakTag, ContinueTag, ForTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError
from liquid.mode import Mode
from liquid.parser import Parser
from liquid.stream import TokenStream
from liquid.token import TOKEN_DOT, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_WORD, Token

from workflows.language.errors import TemplateSyntaxError

LONGEST_EXPRESSION = 2_000
MOST_WORDS = 400
MOST_BRACKETS = 32
DEEPEST_BLOCK = 20


class _Output(Output):
    """`{{ }}`, with its expression bounded before it is parsed."""

    def parse(self, stream: TokenStream) -> OutputNode:
        token = stream.eat(TOKEN_OUTPUT)
        return OutputNode(token, FilteredExpression.parse(self.env, stream.into_inner(eat=False)))


class _If(IfTag):
    mode = Mode.STRICT


class _Unless(UnlessTag):
    mode = Mode.STRICT


class _Liquid(Environment):
    """python-liquid with the tags that are deterministic and load nothing; filters are our own."""

    block_nesting_limit = DEEPEST_BLOCK

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002  # the library's signature
        blocks = (AssignTag, CaptureTag, CaseTag, EchoTag, ForTag, BreakTag, ContinueTag, _If, _Unless)
        for tag in (Literal, _Output, Illegal, *blocks):
            self.add_tag(tag)


class _Stream(TokenStream):
    """A text's tokens; each expression is bounded before the library reads it."""

    def into_inner(self, *, tag: Token | None = None, eat: bool = True) -> TokenStream:
        token = self.current
        if token.kind != TOKEN_EXPRESSION:
            where = (tag or token).start_index
            raise TemplateSyntaxError("Something is missing after the tag's name.", offset=max(where, 0))
        if eat:
            next(self)
        return TokenStream(iter(_words(token)))


def _words(token: Token) -> list[Token]:
    value, offset = token.value, token.start_index
    if len(value) > LONGEST_EXPRESSION:
        raise TemplateSyntaxError(
            f"An expression has at most {LONGEST_EXPRESSION:,} characters; this one has {len(value):,}.", offset=offset
        )
    if value.count("(") + value.count("[") > MOST_BRACKETS:
        raise TemplateSyntaxError(f"An expression has at most {MOST_BRACKETS} brackets.", offset=offset)
    words = _keys_are_words(tokenize(value, token))
    if len(words) > MOST_WORDS:
        raise TemplateSyntaxError(f"An expression has at most {MOST_WORDS} words.", offset=offset)
    if sum(word.kind in {"and", "or"} for word in words) > MOST_BRACKETS:
        raise TemplateSyntaxError(f"A test has at most {MOST_BRACKETS} `and` and `or`.", offset=offset)
    return words


def _keys_are_words(words: Iterable[Token]) -> list[Token]:
    """Let any word be a key after a dot: `order.limit`, `answer.empty`; the library would read some as its own."""
    kept: list[Token] = []
    for word in words:
        is_key = kept and kept[-1].kind == TOKEN_DOT and word.kind == word.value
        kept.append(word._replace(kind=TOKEN_WORD) if is_key else word)
    return kept


_ENVIRONMENT = _Liquid()
_PARSER = Parser(_ENVIRONMENT)


def parse(text: str, tokens: Iterable[Token]) -> list[Node]:
    """Parse the tokens of a text into Liquid's nodes.

    Raises:
        TemplateSyntaxError: it is no valid template; its offset is set where it is known.
    """
    try:
        return _PARSER.parse(_Stream(iter(tokens)))
    except LiquidError as error:
        offset = error.token.start_index if error.token and error.token.start_index >= 0 else None
        raise TemplateSyntaxError(
            _sentence(error, text, offset), offset=offset, hint=_hint(str(error.message))
        ) from None
    except RecursionError:
        raise TemplateSyntaxError("This template is nested too deeply.") from None


def _sentence(error: LiquidError, text: str, offset: int | None) -> str:
    near = "" if offset is None else f" (near `{text[offset : offset + 30].partition(chr(10))[0]}`)"
    return f"This is no valid Liquid: {error.message}{near}."


def _hint(message: str) -> str | None:
    if "nesting limit" in message:
        return f"Blocks are nested at most {DEEPEST_BLOCK} deep."
    if any(f"found '{operator}'" in message for operator in ("==", "!=", "<", ">", "<=", ">=")):
        return "Compare in `{% if … %}` or in the step's `conditions`."
    if "expected an identifier, found" in message:
        return "Write an index in brackets: `contact.emails[0]`."
    return None
