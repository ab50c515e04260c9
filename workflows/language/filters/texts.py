"""Filters on texts. Each takes time in proportion to the text, and says so before it makes one that is too long."""

from __future__ import annotations

import base64
import html
import re
import urllib.parse
from typing import Any

from workflows.language.filters.contract import Filter, FilterValueError, a_text, a_whole_number, fits, nothing, of_text
from workflows.language.scope import LONGEST_LIST, Scope
from workflows.language.values import compact, shown

MOST_TAGS = 20_000

_LINE_END = re.compile(r"\r?\n")
_HIDDEN = {"<script": "</script>", "<style": "</style>", "<!--": "-->"}
_BARE_AMPERSAND = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]{0,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});)")


def _replace(given: str, old: str, new: str = "", most: int = -1) -> str:
    count = given.count(old) if most < 0 else min(given.count(old), most)
    fits(len(given) + count * (len(new) - len(old)))
    return given.replace(old, new, most)


def _replace_last(given: str, old: str, new: str = "") -> str:
    # Python searches backwards in quadratic time, forwards in linear time: so search the reversed text
    place = given[::-1].find(old[::-1])
    if place < 0:
        return given
    end = len(given) - place
    return given[: end - len(old)] + new + given[end:]


def _split(given: str, separator: str = "") -> list[str]:
    if not given or given == separator:
        return []
    if not separator:
        parts = list(given[: LONGEST_LIST + 1])
    elif separator == " ":
        parts = given.split(None, LONGEST_LIST)
    else:
        parts = given.split(separator, LONGEST_LIST)
    if len(parts) > LONGEST_LIST:
        raise FilterValueError(f"the text has more than {LONGEST_LIST:,} parts")
    return parts


def _truncate(given: str, length: int = 50, end: str = "...") -> str:
    return given if len(given) <= length else given[: max(length - len(end), 0)] + end


def _truncate_words(given: str, count: int = 15, end: str = "...") -> str:
    count = min(max(count, 1), LONGEST_LIST)
    words = given.split(None, count)
    return given if len(words) <= count else " ".join(words[:count]) + end


def _newline_to_br(given: str) -> str:
    fits(len(given) + 6 * given.count("\n"))
    return _LINE_END.sub("<br />\n", given)


def _escape_once(given: str) -> str:
    escaped = _BARE_AMPERSAND.sub("&amp;", given)
    for character, entity in (("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        escaped = escaped.replace(character, entity)
    return escaped


def _strip_html(given: str) -> str:
    if given.count("<") > MOST_TAGS:
        raise FilterValueError(f"the text has more than {MOST_TAGS:,} tags")
    lower = given.lower()
    folded = lower if len(lower) == len(given) else given
    kept: list[str] = []
    at = 0
    unclosed: set[str] = set()
    while (opening := given.find("<", at)) >= 0:
        end = _end_of_tag(folded, opening, unclosed)
        if end < 0:
            break
        kept.append(given[at:opening])
        at = end
    return "".join(kept) + given[at:]


def _end_of_tag(given: str, opening: int, unclosed: set[str]) -> int:
    """Return where a tag ends, for scripts, styles and comments where their content ends; -1 where it never does."""
    for start, closing in _HIDDEN.items():
        if closing not in unclosed and given.startswith(start, opening):
            end = given.find(closing, opening)
            if end >= 0:
                return end + len(closing)
            unclosed.add(closing)
    end = given.find(">", opening)
    return end + 1 if end >= 0 else -1


def _decoded(decode: Any) -> Any:
    return lambda given: decode(given.encode("ascii")).decode()


def _a_flag(value: Any, _scope: Scope) -> bool:
    if not isinstance(value, bool):
        raise FilterValueError(f"`allow_false` is true or false, not {shown(value)}")
    return value


def _default(_scope: Scope, value: Any, other: Any = "", *, allow_false: Any = False) -> Any:
    if value is False and allow_false is True:
        return value
    return other if nothing(value, _scope) else value


def _slice(scope: Scope, value: Any, start: Any, length: Any = 1) -> Any:
    sequence = value if isinstance(value, list) else a_text(value, scope)
    first, count = a_whole_number(start), a_whole_number(length)
    first = first + len(sequence) if first < 0 else first
    if first < 0 or count <= 0:
        return sequence[:0]
    part = sequence[first : first + count]
    scope.spend(16 * len(part))
    return part


def _size(_scope: Scope, value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


TEXTS = {
    "append": of_text(lambda given, more: given + more, a_text),
    "base64_decode": of_text(_decoded(lambda data: base64.b64decode(data, validate=True)), weight=2),
    "base64_encode": of_text(lambda given: base64.b64encode(given.encode()).decode(), weight=2),
    "base64_url_safe_decode": of_text(_decoded(base64.urlsafe_b64decode), weight=2),
    "base64_url_safe_encode": of_text(lambda given: base64.urlsafe_b64encode(given.encode()).decode(), weight=2),
    "capitalize": of_text(str.capitalize, weight=4),
    "default": Filter(_default, 0, 1, ("allow_false",), named={"allow_false": _a_flag}),
    "downcase": of_text(str.lower, weight=4),
    "escape": of_text(html.escape, weight=4),
    "escape_once": of_text(_escape_once, weight=8),
    "json": Filter(lambda scope, value: compact(value, scope)),
    "lstrip": of_text(str.lstrip),
    "newline_to_br": of_text(_newline_to_br, weight=8),
    "prepend": of_text(lambda given, before: before + given, a_text),
    "remove": of_text(_replace, a_text),
    "remove_first": of_text(lambda given, old: _replace(given, old, "", 1), a_text),
    "remove_last": of_text(_replace_last, a_text),
    "replace": of_text(_replace, a_text, a_text, least=1),
    "replace_first": of_text(lambda given, old, new="": _replace(given, old, new, 1), a_text, a_text, least=1),
    "replace_last": of_text(_replace_last, a_text, a_text),
    "rstrip": of_text(str.rstrip),
    "size": Filter(_size),
    "slice": Filter(_slice, 1, 2, readers=(a_whole_number, a_whole_number)),
    "split": of_text(_split, a_text),
    "squish": of_text(lambda given: " ".join(given.split()), weight=8),
    "strip": of_text(str.strip),
    "strip_html": of_text(_strip_html, weight=4),
    "strip_newlines": of_text(lambda given: _LINE_END.sub("", given), weight=8),
    "truncate": of_text(_truncate, a_whole_number, a_text, least=0),
    "truncatewords": of_text(_truncate_words, a_whole_number, a_text, least=0),
    "upcase": of_text(str.upper, weight=4),
    "url_decode": of_text(urllib.parse.unquote_plus, weight=16),
    "url_encode": of_text(urllib.parse.quote_plus, weight=16),
}
