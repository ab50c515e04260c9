"""Finds secrets in whatever leaves an activity, however somebody encoded them, and replaces them."""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import accumulate, islice
from typing import Any, Protocol
from urllib.parse import unquote

from activities.attempt.readings import LONGEST_ESCAPE, UNESCAPES, UNFINISHED, Reading, readings, unescape
from activities.bounds import CUT

SHORTEST = 8
"""Characters below which a value is looked for exactly as it is, standing alone."""

SHORTEST_EXACT = 4
"""Characters below which it is not looked for at all: it would be found in ordinary text."""

SHORTEST_LEFT = 4
"""Characters of a value's beginning or ending that are scrubbed where a text was cut right beside them."""

CUTS = (CUT, "...")
"""What stands where a text was cut."""

MOST_CUTS = 2_000
"""Cuts in one text beside which what is left of a value is looked for."""

BLOCK = 4
"""Bytes by which texts are searched for all values at once; those that may be there are then searched for by name."""

KEPT_RENEWALS = 4
"""How many of the values that replace each other are scrubbed; what came before them is accepted nowhere any more."""

SCRUBBED = "[secret]"

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<authority>[^/?#\s]*)(?P<target>[^#\s]*)")
TOKEN = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{16,}")
"""A part of a secret address that is a secret by itself: long, and of letters and digits."""

BEGINNING_OF_PEM = re.compile(r"-----(BEGIN|END) ")
BETWEEN = "\0\x01\0"
"""Stands between the texts of a JSON value, so that nothing is read across them."""


class SecretSource(Protocol):
    """Where secrets are read anew."""

    def current(self) -> Mapping[str, str]:
        """Return the value of every secret, by name."""


class Scrubber:
    """Removes values from texts, also where they were encoded on the way.

    Args:
        values: what must never be seen.
        source: is asked for secrets before every use, because they change while the worker runs.
    """

    def __init__(self, values: Iterable[str] = (), source: SecretSource | None = None) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._values = {value for value in values if value}
        self._renewed: dict[object, deque[frozenset[str]]] = {}
        self._needles = Needles(self._values)

    def renew(self, owner: object, values: Collection[str]) -> None:
        """Scrub these values of an owner too, such as its token, and the few that it gave before them."""
        self._renew([(owner, values)])

    def learn(self, secrets: Mapping[str, str]) -> None:
        """Scrub what these secrets are now too, and the few values that each had before."""
        self._renew([(("secret", name), [value]) for name, value in secrets.items()])

    def reread(self) -> None:
        """Scrub what the source's secrets are now too."""
        if self._source is not None:
            self.learn(self._source.current())

    def _renew(self, renewed: Iterable[tuple[object, Collection[str]]]) -> None:
        with self._lock:
            changed = False
            for owner, values in renewed:
                given = self._renewed.setdefault(owner, deque(maxlen=KEPT_RENEWALS))
                new = frozenset(filter(None, values))
                if new and new not in given:
                    given.append(new)
                    changed = True
            if changed:
                self._needles = Needles(
                    self._values.union(*(values for given in self._renewed.values() for values in given))
                )

    @property
    def too_short(self) -> list[str]:
        """Values that are looked for only as they are, or not at all, because ordinary text may have them."""
        self.reread()
        return sorted(value for value in self._needles.values if len(value) < SHORTEST)

    def scrub(self, text: str) -> str:
        """Return the text with every value replaced, however it is written, and its beginning where it was cut."""
        self.reread()
        return _masked(text, self._needles.regions(text))

    def scrub_json(self, value: Any) -> Any:
        """Return a JSON value with every text and number in it scrubbed, keys included."""
        self.reread()
        leaves = list(_leaves(value))
        joined = BETWEEN.join(map(str, leaves))
        regions = self._needles.regions(joined)
        if not regions:
            return value
        starts = [0, *accumulate(len(str(leaf)) + len(BETWEEN) for leaf in leaves)]
        within: dict[int, list[tuple[int, int]]] = {}
        for start, end in regions:
            leaf = bisect_right(starts, start) - 1
            if isinstance(leaves[leaf], str) or end - start >= SHORTEST:
                within.setdefault(leaf, []).append((start - starts[leaf], end - starts[leaf]))
        masked = {
            leaf: _masked(leaves[leaf], found) if isinstance(leaves[leaf], str) else SCRUBBED
            for leaf, found in within.items()
        }
        return _with_leaves(value, (masked.get(number, leaf) for number, leaf in enumerate(leaves)))


class Needles:
    """What is looked for in texts.

    Args:
        values: secrets.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self.values = frozenset(values)
        long = {part for value in self.values if len(value) >= SHORTEST for part in _parts(value)}
        self._long = sorted({form for part in long for form in _forms(part)}, key=lambda form: (-len(form), form))
        self._short = sorted(value for value in self.values if SHORTEST_EXACT <= len(value) < SHORTEST)
        self._longest = len(self._long[0]) if self._long else 0
        self._by_block: dict[int, set[str]] = {}
        for form in self._long:
            written = form.encode("utf-8", "surrogatepass")
            for shift in range(BLOCK):
                self._by_block.setdefault(_blocks(written[shift : shift + BLOCK])[0], set()).add(form)

    def __contains__(self, text: str) -> bool:
        """Say whether one of them stands in a text, however it is written."""
        folded = map(_folded, readings(text))
        return any(form in written for written in folded for form in self._likely(written))

    def regions(self, text: str) -> list[tuple[int, int]]:
        """Return the parts of a text that are a value, in order and apart from each other."""
        found = [*self._standing_alone(text)]
        for reading in readings(text) if self._long else ():
            found += self._within(reading)
        merged: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if start and text[start - 1 : end + 1] == SCRUBBED:
                continue
            if merged and start < merged[-1][1]:
                merged[-1] = merged[-1][0], max(end, merged[-1][1])
            else:
                merged.append((start, end))
        return merged

    def _likely(self, folded: str) -> list[str]:
        """Return what a text may contain: each has one of the blocks in it into which the text can be cut."""
        blocks = self._by_block.keys() & _blocks(folded.encode("utf-8", "surrogatepass"))
        return sorted({form for block in blocks for form in self._by_block[block]})

    def _standing_alone(self, text: str) -> Iterator[tuple[int, int]]:
        for value in self._short:
            for start in _found(text, value):
                end = start + len(value)
                if not text[max(start - 1, 0) : start].isalnum() and not text[end : end + 1].isalnum():
                    yield start, end

    def _within(self, reading: Reading) -> Iterator[tuple[int, int]]:
        folded = _folded(reading)
        for form in self._likely(folded):
            for start in _found(folded, form):
                yield reading.span(start, start + len(form))
        for mark in CUTS:
            for cut in islice(_found(folded, mark), MOST_CUTS):
                for start, end in (*self._begun(folded, cut), *self._continued(folded, cut + len(mark))):
                    yield reading.span(start, end)

    def _begun(self, folded: str, cut: int) -> Iterator[tuple[int, int]]:
        """Yield the beginnings of values that a text was cut in."""
        before = folded[max(cut - self._longest - LONGEST_ESCAPE, 0) : cut]
        for form in self._long:
            for start in _found(before, form[:SHORTEST_LEFT]):
                if form.startswith(UNFINISHED.sub("", before[start:])):
                    yield cut - len(before) + start, cut

    def _continued(self, folded: str, cut: int) -> Iterator[tuple[int, int]]:
        """Yield the endings of values in which a text goes on."""
        after = folded[cut : cut + self._longest]
        for form in self._long:
            for start in _found(after, form[-SHORTEST_LEFT:]):
                if form.endswith(after[: start + SHORTEST_LEFT]):
                    yield cut, cut + start + SHORTEST_LEFT


def _found(text: str, part: str) -> Iterator[int]:
    """Yield where a part stands in a text."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))


def _blocks(written: bytes) -> memoryview[int]:
    """Return bytes as numbers, each made of so many that whatever is twice as long has one of them in it."""
    return memoryview(written[: len(written) // BLOCK * BLOCK]).cast("I")


def _folded(reading: Reading) -> str:
    return fold(reading.text)


def fold(text: str) -> str:
    """Return a text in lower case, of the same length."""
    return text.lower() if text.isascii() else text.replace("\u0130", "i").lower().replace("\u03c2", "\u03c3")


def _parts(value: str) -> Iterator[str]:
    """Yield a secret and what of it is one too: its lines, and the path, query and tokens of an address."""
    for written in dict.fromkeys((value, value.strip(), unescape(value))):
        yield written
        lines = written.splitlines()
        if len(lines) > 1:
            yield from (line.strip() for line in lines if not BEGINNING_OF_PEM.match(line.strip()))
        for address in ADDRESS.finditer(written):
            yield from _parts_of_address(address["authority"], address["target"])


def _parts_of_address(authority: str, target: str) -> Iterator[str]:
    path, _, query = target.partition("?")
    yield from (target, path.rstrip("/"), path.strip("/"), query)
    values = [pair.partition("=")[2] for pair in query.split("&")]
    for part in (*path.split("/"), *values, *map(unquote, values)):
        if TOKEN.fullmatch(part):
            yield part
    user, _, password = authority.rpartition("@")[0].partition(":")
    yield password
    if TOKEN.fullmatch(user):
        yield user


def _forms(part: str) -> Iterator[str]:
    """Yield what is looked for where a value is meant: its characters or bytes, and its escapes undone."""
    written = part
    for _ in range(UNESCAPES + 1):
        for form in (written, written.replace(" ", "+")):
            for spelled in (form, form.encode("utf-8", "surrogatepass").decode("latin-1")):
                if len(spelled) >= SHORTEST:
                    yield fold(spelled)
        written = unescape(written)
    if part.isdecimal() and len(part.lstrip("0")) >= SHORTEST:
        yield part.lstrip("0")  # as a number has it


def _masked(text: str, regions: Iterable[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in regions:
        pieces += [text[at:start], SCRUBBED]
        at = end
    return "".join([*pieces, text[at:]])


def _leaves(value: Any) -> Iterator[Any]:
    """Yield every key, text and number of a JSON value, in order."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from _leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from _leaves(child)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield value


def _with_leaves(value: Any, leaves: Iterator[Any]) -> Any:
    """Return a JSON value with other keys, texts and numbers."""
    if isinstance(value, dict):
        return {next(leaves): _with_leaves(child, leaves) for child in value.values()}
    if isinstance(value, list):
        return [_with_leaves(child, leaves) for child in value]
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return next(leaves)
    return value
