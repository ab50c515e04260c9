r"""JavaScript's regular expressions as RE2 patterns, where RE2 can express them.

A pattern is read by whole characters, with or without the flag `u`, and without it as browsers do: `\-` is a `-`, a
brace that repeats nothing is a brace. With the flag `i`, upper and lower case are what Unicode's simple folding says.
What differs: a group that stands inside of a repeated group keeps what it captured last.
"""

from __future__ import annotations

import re
from typing import Literal

from trunkline.regex.bounded import PatternError
from trunkline.regex.javascript_class import ANY, LINE_ENDS, NOTHING, CharacterClass
from trunkline.regex.javascript_escape import Character, Set, literal, read_escape

FLAGS = "gimsuyd"
"""Flags that are taken; `g` and `d` change nothing in what one search finds."""

MOST_REPEATS = 1_000

QUANTIFIER = re.compile(r"(?:[*+?]|\{([0-9]+)(?:(,)([0-9]*))?\})\??")
GROUP = re.compile(r"\(\?(?:(?P<look><?[=!])|<(?P<name>[^>]*)>|(?P<on>[ims]*)(?:-(?P<off>[ims]*))?:)")
NAME = re.compile(r"(?:[^\W\d]|[$])[\w$]*")
LOOKS = {"=": "look-ahead", "!": "look-ahead", "<=": "look-behind", "<!": "look-behind"}

Kind = Literal["nothing", "atom", "assertion", "quantifier"]


def translated(pattern: str, flags: str = "") -> str:
    """Return the RE2 pattern that finds what JavaScript's `new RegExp(pattern, flags)` finds first.

    Where the flag `m` is given, it searches a text in which each carriage return is a line feed.

    Raises:
        PatternError: it is no such pattern, or RE2 cannot express it.
    """
    check_flags(flags)
    found = _Translation(pattern, flags).whole()
    if "i" in flags:
        found = f"(?i:{found})"
    return rf"\A(?:{found})" if "y" in flags else found


def check_flags(flags: str) -> None:
    """Refuse flags that JavaScript does not have, or that cannot be kept.

    Raises:
        PatternError: one is none, or is given twice.
    """
    for flag in flags:
        if flag == "v":
            raise PatternError("the flag `v` cannot be kept, and `u` can")
        if flag not in FLAGS:
            raise PatternError(f"there is no flag {flag!r}: there are {', '.join(FLAGS)}")
        if flags.count(flag) > 1:
            raise PatternError(f"the flag {flag!r} is given twice")


class _Translation:
    """Walks a pattern once, from left to right."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.text = pattern
        self.at = 0
        self.unicode = "u" in flags
        self.lines = "m" in flags
        self.all_characters = ["s" in flags]
        self.names: set[str] = set()
        self.before: Kind = "nothing"

    def whole(self) -> str:
        """Return the whole pattern."""
        parts: list[str] = []
        while self.at < len(self.text):
            parts.append(self.part())
        if len(self.all_characters) > 1:
            raise PatternError("a `(` is never closed")
        return "".join(parts)

    def part(self) -> str:  # noqa: PLR0911 # one for each kind
        """Translate what stands here, and step behind it."""
        character = self.text[self.at]
        if character == "(":
            return self.opened()
        if character == ")":
            return self.closed()
        if repeats := QUANTIFIER.match(self.text, self.at):
            return self.quantifier(repeats)
        self.at += 1
        if character == "|":
            self.before = "nothing"
            return "|"
        if character in "^$":
            self.before = "assertion"
            return f"(?m:{character})" if self.lines else r"\A" if character == "^" else r"\z"
        self.before = "atom"
        if character == ".":
            return ANY if self.all_characters[-1] else f"[^{LINE_ENDS}]"
        if character == "[":
            return self.character_class()
        if character == "\\":
            return self.escape()
        if character in "{}]" and self.unicode:
            raise PatternError(f"with the flag `u`, a `{character}` that is meant as such is written `\\{character}`")
        return literal(ord(character), lines=self.lines)

    def quantifier(self, repeats: re.Match[str]) -> str:
        """Translate how often what stands before it is repeated."""
        written, least, most = repeats[0], repeats[1], repeats[3]
        if self.before != "atom":
            raise PatternError(f"there is nothing that {written!r} could repeat")
        if least is not None:
            if max(int(least), int(most or 0)) > MOST_REPEATS:
                raise PatternError(f"{written!r} repeats more than {MOST_REPEATS:,} times, which RE2 does not do")
            if most and int(most) < int(least):
                raise PatternError(f"the numbers of {written!r} are out of order")
        self.at = repeats.end()
        self.before = "quantifier"
        return written

    def opened(self) -> str:
        """Translate the beginning of a group."""
        self.before = "nothing"
        if not self.text.startswith("(?", self.at):
            self.at += 1
            self.all_characters.append(self.all_characters[-1])
            return "("
        group = GROUP.match(self.text, self.at)
        if group is None:
            written = self.text[self.at : self.at + 4]
            hint = " (`(?i)` of other languages is the flag `i`)" if re.match(r"\(\?[a-z]+\)", written) else ""
            raise PatternError(f"JavaScript has no group that begins with {written!r}{hint}")
        if group["look"]:
            raise PatternError(f"it has a {LOOKS[group['look']]} (`{group[0]}`), which RE2 cannot express")
        self.at = group.end()
        self.all_characters.append(self.all_characters[-1])
        if group["name"] is not None:
            self.name(group["name"])
            return "("
        return self.modified(group["on"], group["off"])

    def name(self, name: str) -> None:
        """Check the name of a group; captures are told apart by their order."""
        if not NAME.fullmatch(name):
            raise PatternError(f"{name!r} is no name of a group")
        if name in self.names:
            raise PatternError(f"two groups are called {name!r}")
        self.names.add(name)

    def modified(self, on: str, off: str | None) -> str:
        """Translate a group that changes flags inside."""
        changed = on + (off or "")
        if len(set(changed)) < len(changed) or (off is not None and not changed):
            raise PatternError(f"the flags of `(?{on}-{off or ''}:` do not fit together")
        if "m" in changed:
            raise PatternError("a group cannot change the flag `m` for itself: give it to the whole")
        if "s" in changed:
            self.all_characters[-1] = "s" in on
        return "(?i:" if "i" in on else "(?-i:" if "i" in changed else "(?:"

    def closed(self) -> str:
        """Translate the end of a group."""
        if len(self.all_characters) == 1:
            raise PatternError("a `)` closes nothing")
        self.all_characters.pop()
        self.at += 1
        self.before = "atom"
        return ")"

    def character_class(self) -> str:
        """Translate what stands in brackets."""
        found = CharacterClass(self.text, self.at, unicode=self.unicode, lines=self.lines)
        self.at = found.end
        return found.written

    def escape(self) -> str:
        """Translate what begins with a backslash."""
        following = self.text[self.at : self.at + 1]
        if following in ("b", "B"):
            self.at += 1
            self.before = "assertion"
            return f"\\{following}"
        if following.isdecimal() and following != "0":
            raise PatternError(f"it has a back reference (`\\{following}`), which RE2 cannot express")
        if self.text.startswith("k<", self.at):
            raise PatternError("it has a back reference (`\\k<…>`), which RE2 cannot express")
        found, self.at = read_escape(self.text, self.at, unicode=self.unicode)
        match found:
            case Character(code):
                return literal(code, lines=self.lines)
            case Set(inside):
                return f"[{inside}]" if inside else NOTHING
