"""Finds `{{ }}` and `{% %}` in a text, and gives python-liquid's parser the tokens it wants.

The library's own splitter is not used: a few thousand characters keep it busy for minutes, and it cannot tell the
author's quotes from typographic ones. Everything here takes time in proportion to the text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from liquid.token import TOKEN_CONTENT, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_TAG, Token

from workflows.language.errors import TemplateSyntaxError

BARE_TAGS = ("break", "continue", "else", "endcapture", "endcase", "endfor", "endif", "endunless")
TAGS = (*BARE_TAGS, "assign", "capture", "case", "echo", "elsif", "for", "if", "unless", "when")
SPLIT_TAGS = ("comment", "endcomment", "raw", "endraw", "liquid", "#")
LEFT_OUT = {
    "include": "a template is one text and loads no other",
    "render": "a template is one text and loads no other",
    "increment": "use `forloop.index` or `plus: 1`",
    "decrement": "use `forloop.rindex` or `minus: 1`",
    "cycle": "use `forloop.index | modulo: 2`",
    "tablerow": "use `for`",
    "ifchanged": "use `if`",
    "doc": "use `comment`",
}

_OPENING = re.compile(r"\{[{%]")
_TAG = re.compile(r"\s*(#|\w+)\s*")
_END_RAW = re.compile(r"\{%-?\s*endraw\s*(-?)%\}")
_COMMENT = re.compile(r"\{%-?\s*(end)?comment\b")
_LINE = re.compile(r"[^\n]+")
_DOUBLE = '"\u201c\u201d\u201e\u201f\u00ab\u00bb'
_SINGLE = "'\u2018\u2019\u201a\u201b\u2039\u203a"
_TYPOGRAPHIC = re.compile(f"[{_DOUBLE[1:]}{_SINGLE[1:]}]")
_QUOTES = {**dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_SINGLE, "'")}


def split(text: str) -> Iterator[Token]:
    """Yield the tokens of a text as the library's parser wants them; comments are left out, raw text is text."""
    at, strip = 0, False
    while found := _OPENING.search(text, at):
        opening, begin = found.start(), found.end()
        tight = text.startswith("-", begin)
        yield from _literal(text, at, opening, strip=strip, strip_end=tight)
        begin += tight
        closing = "}}" if text[opening + 1] == "{" else "%}"
        end = text.find(closing, begin)
        if end < 0:
            raise TemplateSyntaxError(
                f"`{text[opening:begin]}` is never closed with `{closing}`.",
                offset=opening,
                hint="Text that shall stay as it is stands between `{% raw %}` and `{% endraw %}`.",
            )
        strip = text.startswith("-", end - 1) and end > begin
        inside = text[begin : end - strip]
        at = end + 2
        if closing == "}}":
            yield Token(TOKEN_OUTPUT, text[opening:at], opening, text)
            yield _expression(inside, begin, text, "`{{ }}` is empty.")
            continue
        name, tokens = _tag(inside, begin, text)
        if name == "raw":
            ending = _END_RAW.search(text, at)
            if not ending:
                raise TemplateSyntaxError("`raw` is never closed with `{% endraw %}`.", offset=opening)
            yield from _literal(text, at, ending.start())
            at, strip = ending.end(), bool(ending[1])
        elif name == "comment":
            at, strip = _end_of_comment(text, at, opening)
        else:
            yield from tokens
    yield from _literal(text, at, len(text), strip=strip)


def _literal(text: str, start: int, end: int, *, strip: bool = False, strip_end: bool = False) -> Iterator[Token]:
    value = text[start:end]
    if strip:
        value = value.lstrip()
    if strip_end:
        value = value.rstrip()
    if value:
        yield Token(TOKEN_CONTENT, value, start, text)


def _expression(inside: str, begin: int, text: str, empty: str) -> Token:
    stripped = inside.strip()
    if not stripped:
        raise TemplateSyntaxError(empty, offset=begin)
    return Token(TOKEN_EXPRESSION, plain_quotes(stripped), begin + len(inside) - len(inside.lstrip()), text)


def _tag(inside: str, begin: int, text: str) -> tuple[str, list[Token]]:
    found = _TAG.match(inside)
    if not found:
        raise TemplateSyntaxError("A tag's name is missing after `{%`.", offset=begin)
    name, rest, offset = found[1], inside[found.end() :], begin + found.end()
    if name == "liquid":
        return name, list(_lines(rest, offset, text))
    if name in {"#", "comment", "raw"}:
        return name, []
    return name, list(_tokens(name, rest, begin + found.start(1), offset, text))


def _lines(rest: str, offset: int, text: str) -> Iterator[Token]:
    for line in _LINE.finditer(rest):
        found = _TAG.match(line[0])
        if found and found[1] != "#":
            start = offset + line.start()
            yield from _tokens(found[1], line[0][found.end() :], start + found.start(1), start + found.end(), text)
        elif not found and line[0].strip():
            raise TemplateSyntaxError("Each line of `liquid` begins with a tag's name.", offset=offset + line.start())


def _tokens(name: str, rest: str, at: int, offset: int, text: str) -> Iterator[Token]:
    if name not in TAGS:
        raise _unknown(name, at)
    yield Token(TOKEN_TAG, name, at, text)
    if not rest.strip():
        return
    if name in BARE_TAGS:
        hint = "Write `elsif`." if name == "else" else None
        raise TemplateSyntaxError(f"`{name}` stands alone; `{rest.strip()[:30]}` follows.", offset=offset, hint=hint)
    yield _expression(rest, offset, text, "")


def _unknown(name: str, offset: int) -> TemplateSyntaxError:
    if name in LEFT_OUT:
        return TemplateSyntaxError(f"There is no tag `{name}` here: {LEFT_OUT[name]}.", offset=offset)
    nearest = difflib.get_close_matches(name, (*TAGS, *SPLIT_TAGS), 1)
    return TemplateSyntaxError(
        f"There is no tag `{name}`.", offset=offset, hint=f"Did you mean `{nearest[0]}`?" if nearest else None
    )


def _end_of_comment(text: str, at: int, opening: int) -> tuple[int, bool]:
    depth = 1
    for found in _COMMENT.finditer(text, at):
        depth += -1 if found[1] else 1
        end = text.find("%}", found.end())
        if not depth and end >= 0:
            return end + 2, text[end - 1] == "-"
    raise TemplateSyntaxError("`comment` is never closed with `{% endcomment %}`.", offset=opening)


def plain_quotes(expression: str) -> str:
    """Return an expression with the quotes that word processors make turned into plain ones.

    What a plain or a converted quote opens is kept as it is up to its closing, so an apostrophe in it stays one.
    """
    if not _TYPOGRAPHIC.search(expression):
        return expression
    written = list(expression)
    opened = ""
    for place, character in enumerate(expression):
        quote = _QUOTES.get(character, "")
        if not quote:
            continue
        if not opened:
            opened = character
            written[place] = quote
        elif character == opened or (_QUOTES[opened] == quote and opened not in "\"'"):
            written[place] = quote
            opened = ""
    return "".join(written)
