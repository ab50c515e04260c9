"""What stands in brackets in JavaScript's regular expressions."""

from __future__ import annotations

from trunkline.regex.bounded import PatternError
from trunkline.regex.javascript_escape import Character, Set, literal, read_escape, written

ANY = "(?s:.)"
NOTHING = r"[^\x{0}-\x{10FFFF}]"
LINE_ENDS = r"\x{A}\x{D}\x{2028}\x{2029}"


class CharacterClass:
    """One class of characters.

    Args:
        text: the pattern.
        at: where the class begins, behind its bracket.
        unicode: whether the flag `u` is given.
        lines: whether line feed and carriage return are one.

    Attributes:
        written: the class as RE2 has it.
        end: where it ends in the pattern, behind its bracket.

    Raises:
        PatternError: it is none, or RE2 cannot express it.
    """

    def __init__(self, text: str, at: int, *, unicode: bool, lines: bool) -> None:
        self.text = text
        self.end = at
        self.unicode = unicode
        self.lines = lines
        negated = text.startswith("^", at)
        self.end += negated
        inside = "".join(self._items())
        if inside:
            self.written = f"[{'^' * negated}{inside}]"
        else:
            self.written = ANY if negated else NOTHING

    def _items(self) -> list[str]:
        found: list[str] = []
        while not self.text.startswith("]", self.end):
            first = self._item()
            dash = self.text.startswith("-", self.end) and not self.text.startswith("-]", self.end)
            if not dash:
                found.append(self._alone(first))
                continue
            self.end += 1
            last = self._item()
            if isinstance(first, Character) and isinstance(last, Character):
                found.append(self._range(first.code, last.code))
            elif self.unicode:
                raise PatternError("with the flag `u`, a range in brackets begins and ends with one character")
            else:
                found += [self._alone(first), self._alone(Character(ord("-"))), self._alone(last)]
        self.end += 1
        return found

    def _item(self) -> Character | Set:
        if self.end >= len(self.text):
            raise PatternError("a `[` is never closed")
        character = self.text[self.end]
        self.end += 1
        if character != "\\":
            return Character(ord(character))
        found, self.end = read_escape(self.text, self.end, unicode=self.unicode, in_class=True)
        return found

    def _alone(self, item: Character | Set) -> str:
        return item.inside if isinstance(item, Set) else literal(item.code, lines=self.lines)

    def _range(self, first: int, last: int) -> str:
        if last < first:
            raise PatternError(f"the range `{chr(first)}-{chr(last)}` is out of order")
        for end in (first, last):
            literal(end, lines=False)
        return written(((first, last),), lines=self.lines)
