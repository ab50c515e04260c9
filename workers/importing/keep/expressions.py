"""Keep's expressions, read: conditions in Python's or CEL's spelling, references, and calls of `keep.…`.

A reference stands bare (`severity`), between braces (`{{ alert.team }}`), or in quotes around braces
(`'{{ alert.team }}'`); all three are the same reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workers.importing.unsaid import UnsayableError

LONGEST = 4_000
"""Characters of one expression."""

MOST_APPLIED = 50
"""Filters, methods and terms of a sum that follow each other."""

DEEPEST = 30
"""Levels of parentheses, calls and `not` in one expression."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<braced>(['"]?)\{\{\{?\s*(?P<inner>.*?)\s*\}?\}\}\2)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*(?:\.-?[A-Za-z0-9_][A-Za-z0-9_-]*|\[[^\]]*\])*)
    | (?P<sign>==|!=|>=|<=|&&|\|\||[><!()\[\],.|=?:+-])
    )""",
    re.VERBOSE | re.DOTALL,
)
_STEP = re.compile(r"\.?(-?[^.\[\]]+)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\]")
_SAME = {"&&": "and", "||": "or", "!": "not"}
_COMPARED = ("==", "!=", ">", ">=", "<", "<=", "in", "not in")


@dataclass(frozen=True, slots=True)
class KeepReference:
    """A value of the run by its way, such as `("alert", "labels", "team")`; numbers are places in lists."""

    way: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that the expression holds itself."""

    value: Any


@dataclass(frozen=True, slots=True)
class KeepCall:
    """A function with its arguments: of `keep.…`, a filter, or a method whose object is the first argument."""

    name: str
    arguments: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class KeepComparison:
    """Two values and `==`, `!=`, `>`, `>=`, `<`, `<=`, `in` or `not in` between them."""

    left: Expression
    sign: str
    right: Expression


@dataclass(frozen=True, slots=True)
class KeepJunction:
    """`and` or `or` over parts, or `not` over one."""

    word: str
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`test ? one : other`."""

    test: Expression
    one: Expression
    other: Expression


Expression = KeepReference | Literal | KeepCall | KeepComparison | KeepJunction | Choice


def parsed(text: str) -> Expression:
    """Return the expression that a text is.

    Raises:
        UnsayableError: it is none that is known here.
    """
    if len(text) > LONGEST:
        raise UnsayableError(f"The expression `{text[:60].strip()}…` is longer than {LONGEST:,} characters.")
    reader = _Reader(text)
    found = reader.choice(0)
    if reader.kind:
        raise reader.odd()
    return found


def way_of(text: str) -> tuple[str | int, ...]:
    """Return the way that a dotted path describes: `a.b-c.0["d e"]`."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise UnsayableError(f"`{text}` is no path.")
        plain, single, double, place = match.groups()
        if place is not None or (plain is not None and plain.isdigit()):
            steps.append(int(place or plain))
        else:
            steps.append(next(one for one in (plain, single, double) if one is not None).strip())
        at = match.end()
    return tuple(steps)


class _Reader:
    """Reads one expression, a token at a time."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self._tokens = self._split(text)
        self.kind, self.word = "", ""
        self._applied = 0
        self._next()

    def odd(self) -> UnsayableError:
        shown = self.word or "its end"
        return UnsayableError(f"The expression `{self.whole.strip()[:200]}` is not understood at `{shown}`.")

    def _split(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                self.kind, self.word = "sign", text[at:].strip()[:20]
                raise self.odd()
            if match["braced"] is not None:
                yield "braced", match["inner"]
            else:
                kind = next(kind for kind in ("text", "number", "name", "sign") if match[kind] is not None)
                word = _SAME.get(match[kind], match[kind])
                yield ("sign" if word in {"and", "or", "not", "in"} else kind), word
            at = match.end()

    def _next(self) -> str:
        word = self.word
        self.kind, self.word = next(self._tokens, ("", ""))
        return word

    def _takes(self, word: str) -> bool:
        if self.kind == "sign" and self.word == word:
            self._next()
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise self.odd()

    def choice(self, depth: int) -> Expression:
        test = self._joined("or", depth)
        if not self._takes("?"):
            return test
        one = self.choice(depth + 1)
        self._must(":")
        return Choice(test, one, self.choice(depth + 1))

    def _joined(self, word: str, depth: int) -> Expression:
        if depth > DEEPEST:
            raise UnsayableError(f"The expression `{self.whole[:60]}…` is nested more than {DEEPEST} deep.")
        parts = [self._operand(word, depth)]
        while self._takes(word):
            parts.append(self._operand(word, depth))
        return parts[0] if len(parts) == 1 else KeepJunction(word, tuple(parts))

    def _operand(self, word: str, depth: int) -> Expression:
        return self._joined("and", depth) if word == "or" else self._not(depth + 1)

    def _not(self, depth: int) -> Expression:
        if depth > DEEPEST:
            raise UnsayableError(f"The expression `{self.whole[:60]}…` is nested more than {DEEPEST} deep.")
        if self._takes("not"):
            return KeepJunction("not", (self._not(depth + 1),))
        left = self._sum(depth)
        sign = self.word if self.kind == "sign" else ""
        if sign == "not":
            self._next()
            self._must("in")
            return KeepComparison(left, "not in", self._sum(depth))
        if sign in _COMPARED:
            self._next()
            return KeepComparison(left, sign, self._sum(depth))
        return left

    def _sum(self, depth: int) -> Expression:
        found = self._value(depth)
        while self.kind == "sign" and self.word in {"+", "-"}:
            self._apply()
            name = "minus" if self._next() == "-" else "plus"
            found = KeepCall(name, (found, self._value(depth)))
        return found

    def _value(self, depth: int) -> Expression:
        found = self._first(depth)
        while True:
            self._apply()
            if self._takes("|"):
                name = self._next()
                found = KeepCall(name, (found, *(self._arguments(depth)[0] if self._takes("(") else ())))
            elif self._takes("."):
                name = self._next()
                self._must("(")
                found = KeepCall(name, (found, *self._arguments(depth)[0]))
            else:
                return found

    def _apply(self) -> None:
        self._applied += 1
        if self._applied > MOST_APPLIED:
            raise UnsayableError(f"The expression `{self.whole[:60]}…` applies too much to its values.")

    def _first(self, depth: int) -> Expression:  # noqa: PLR0911 # one for each form
        kind = self.kind
        if kind == "braced":
            inner = self._next()
            return parsed(inner) if inner else Literal("")
        if kind == "text":
            return _quoted(self._next())
        if kind == "number":
            word = self._next()
            return Literal(float(word) if "." in word else int(word))
        if kind == "name":
            return self._named(depth)
        if self._takes("-"):
            if self.kind != "number":
                raise self.odd()
            word = self._next()
            return Literal(-float(word) if "." in word else -int(word))
        if self._takes("("):
            found = self.choice(depth + 1)
            self._must(")")
            return found
        if self._takes("["):
            return Literal([one.value for one in self._arguments(depth, "]")[0] if isinstance(one, Literal)])
        raise self.odd()

    def _named(self, depth: int) -> Expression:
        name = self._next()
        if name in {"true", "True", "false", "False"}:
            return Literal(name.lower() == "true")
        if name in {"null", "None"}:
            return Literal(None)
        if not self._takes("("):
            return KeepReference(way_of(name))
        arguments, named = self._arguments(depth)
        of, _, method = name.rpartition(".")
        if of and of != "keep":
            return KeepCall(method, (KeepReference(way_of(of)), *arguments), named)
        return KeepCall(method, arguments, named)

    def _arguments(
        self, depth: int, end: str = ")"
    ) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
        found: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while not self._takes(end):
            one = self.choice(depth + 1)
            if self._takes("=") and isinstance(one, KeepReference):
                named.append((str(one.way[0]), self.choice(depth + 1)))
            else:
                found.append(one)
            if not self._takes(",") and not (self.kind == "sign" and self.word == end):
                raise self.odd()
        return tuple(found), tuple(named)


def _quoted(word: str) -> Expression:
    text = re.sub(r"\\(.)", r"\1", word[1:-1])
    return Literal(text)
