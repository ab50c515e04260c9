"""Files to data: YAML and JSON, read safely, with the line and column of every value kept.

Values are what JSON has. YAML's plain scalars are what JSON would read (`true`, `null`, `12`, `1.5`), otherwise texts:
`on`, `no`, `2026-01-31`, `0123` and `+15550100` stay as they are written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from activities.bounds import regular
from workers.definitions.model.automation import MAX_DEPTH
from workers.definitions.model.steps import escape
from workers.definitions.problems import Problem, problem

MAX_FILE_BYTES = 1024 * 1024
MAX_VALUES = 200_000
"""Most values of a document once its aliases are expanded."""

SUFFIXES = (".yaml", ".yml", ".json")

TESTS = tuple(f".test{suffix}" for suffix in SUFFIXES)
"""What the names of files end with that test an automation (`docs/testing.md`)."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_TOKEN = re.compile(r'[\s,:]*("(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s,:\[\]{}"]+)')
_COMMENT = re.compile(r"[ \t]+(#[^\r\n]*)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class UnreadableFileError(Exception):
    """A file holds no definition; `problem` says why and where."""

    def __init__(self, found: Problem) -> None:
        super().__init__(str(found))
        self.problem = found


@dataclass(slots=True)
class Source:
    """Where the values of a definition stand.

    Attributes:
        file: name of the file as messages show it; None for a definition that came over the wire.
        values: (line, column) of each value by JSON pointer, counted from 1.
        keys: (line, column) of the key before each value of an object.
        blocks: pointers of the texts that are YAML block scalars, whose content begins on the next line.
        comments: what stands behind a value without quotes and is a comment, by the value's pointer.
        numbers: how a number is written, by its pointer, where it would be written otherwise as a text.
    """

    file: str | None = None
    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    blocks: set[str] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)

    def note_number(self, pointer: str, value: Any, written: str) -> None:
        """Keep how a number is written, where that is not what it is as a text."""
        if isinstance(value, int | float) and not isinstance(value, bool) and str(value) != written:
            self.numbers[pointer] = written

    def place(self, pointer: str, *, key: bool = False, line: int = 1) -> tuple[int | None, int | None]:
        """Return line and column of the value (or of its key) at a pointer, else of the nearest value around it.

        Args:
            pointer: JSON pointer into the definition.
            key: whether the key is meant.
            line: which line of a text that has several.
        """
        exact = pointer in self.values
        table = self.keys if key and pointer in self.keys else self.values
        while pointer not in table and pointer:
            pointer, table = pointer.rpartition("/")[0], self.values
        first, column = table.get(pointer, (None, None))
        if first is None or not exact or key:
            return first, column
        if pointer in self.blocks:
            return first + line, 1
        return (first, column) if line == 1 else (first + line - 1, 1)


def read(path: Path, *, shown: str | None = None) -> tuple[Any, Source]:
    """Return a definition file's data and where its values stand.

    Raises:
        UnreadableFileError: the file cannot be read or is no such file.
    """
    name = shown or str(path)
    try:
        with regular(path) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnreadableFileError(
            problem("unreadable-file", f"The file cannot be read: {error.strerror or error}.", file=name)
        ) from None
    return parse(content, name)


def parse(content: bytes, name: str) -> tuple[Any, Source]:
    """Return the data of a YAML or JSON document (JSON where `name` ends so) and where its values stand.

    Raises:
        UnreadableFileError: see `read`.
    """
    source = Source(name)
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableFileError(
            problem("too-large", f"A definition file has at most {MAX_FILE_BYTES // 1024} KiB.", file=name)
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise UnreadableFileError(
            problem(
                "unreadable-file",
                f"The file is no UTF-8 text: byte {error.start + 1} is not.",
                file=name,
                line=row,
                column=1,
            )
        ) from None
    if not text.strip():
        raise UnreadableFileError(
            problem(
                "not-an-automation",
                "The file is empty: a definition is an object with `name`, `trigger` and `actions`.",
                file=name,
            )
        )
    data = _Json(text, source).read() if name.lower().endswith(".json") else _Yaml(text, source).read()
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "nothing" if data is None else "a single value"
        line, column = source.place("")
        raise UnreadableFileError(
            problem(
                "not-an-automation",
                f"A definition is an object with `name`, `trigger` and `actions`; this file holds {kind}.",
                file=name,
                line=line,
                column=column,
            )
        )
    return data, source


class _Reader:
    """What reading YAML and reading JSON share: counting, and reporting where something is wrong."""

    def __init__(self, text: str, source: Source) -> None:
        self.text = text
        self.source = source
        self.count = 0

    def fail(self, code: str, message: str, line: int | None, column: int | None, hint: str | None = None) -> NoReturn:
        raise UnreadableFileError(problem(code, message, hint=hint, file=self.source.file, line=line, column=column))

    def enter(self, depth: int, place: tuple[int, int]) -> None:
        self.count += 1
        if depth > MAX_DEPTH:
            self.fail("too-large", f"Values may be nested {MAX_DEPTH} deep; here it gets deeper.", *place)
        if self.count > MAX_VALUES:
            self.fail(
                "too-large", f"A definition has at most {MAX_VALUES:,} values, aliases expanded; here are more.", *place
            )

    def keep(self, value: Any, place: tuple[int, int]) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            self.fail("bad-value", "This number is too large to be kept.", *place)
        if isinstance(value, str) and _SURROGATE.search(value):
            self.fail("bad-value", "This text holds half of a surrogate pair, which is no Unicode.", *place)
        return value

    def note_key(self, members: dict[str, Any], key: str, pointer: str, place: tuple[int, int]) -> str:
        child = f"{pointer}/{escape(key)}"
        if key in members:
            first = self.source.keys[child][0]
            self.fail(
                "duplicate-key",
                f"The key {key!r} stands twice in one object: on lines {first} and {place[0]}.",
                *place,
                "keep one of them",
            )
        self.source.keys[child] = place
        return child


class _Yaml(_Reader):
    """Builds data from the parser's events, so that nothing is resolved, expanded or nested without being counted."""

    def read(self) -> Any:
        try:
            self.events: Iterator[Any] = iter(yaml.parse(self.text, Loader=_LOADER))
            self.anchors: dict[str, tuple[Any, int]] = {}
            next(self.events)  # the stream begins
            begin = next(self.events)
            if isinstance(begin, yaml.StreamEndEvent):
                return None
            data = self.value(next(self.events), "", 0)
            next(self.events)  # the document ends
            more = next(self.events)
            if not isinstance(more, yaml.StreamEndEvent):
                self.fail(
                    "bad-syntax",
                    "One file holds one automation; here a second document begins.",
                    *_at(more),
                    "give it a file of its own",
                )
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = " ".join(filter(None, (error.context, error.problem)))
            tab = " (indent with spaces, not tabs)" if "'\\t'" in what or "\t" in self._line(mark) else ""
            line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
            self.fail("bad-syntax", f"This is no YAML: {what}{tab}.", line, column, _advice(what))
        except yaml.YAMLError as error:
            position = getattr(error, "position", None)
            line = self.text.count("\n", 0, position) + 1 if isinstance(position, int) else None
            self.fail("bad-syntax", f"This is no YAML: {str(error).splitlines()[0]}.", line, None)
        return data

    def _line(self, mark: Any) -> str:
        lines = self.text.splitlines()
        line = lines[mark.line] if mark and mark.line < len(lines) else ""
        return line[: len(line) - len(line.lstrip())]

    def value(self, event: Any, pointer: str, depth: int) -> Any:
        place = _at(event)
        self.enter(depth, place)
        self.source.values[pointer] = place
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event.anchor, place)
        if event.tag and event.tag not in _TAGS and event.tag != "!":
            self.fail("bad-syntax", f"Definitions have no YAML tags such as {event.tag}.", *place)
        before = self.count
        if isinstance(event, yaml.MappingStartEvent):
            value: Any = self.mapping(pointer, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(child := next(self.events), yaml.SequenceEndEvent):
                value.append(self.value(child, f"{pointer}/{len(value)}", depth + 1))
        else:
            value = self.keep(self.scalar(event, place), place)
            if event.style in ("|", ">"):
                self.source.blocks.add(pointer)
            elif not event.style:
                self.source.note_number(pointer, value, event.value)
            if not event.style and (comment := _COMMENT.match(self.text, event.end_mark.index)):
                self.source.comments[pointer] = comment[1]
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before + 1)
        return value

    def alias(self, anchor: str | None, place: tuple[int, int]) -> Any:
        if anchor is None or anchor not in self.anchors:
            self.fail("bad-syntax", f"The alias *{anchor} stands for nothing that is complete before it.", *place)
        value, size = self.anchors[anchor]
        self.count += size
        self.enter(_depth(value), place)
        return value

    def mapping(self, pointer: str, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not isinstance(name := next(self.events), yaml.MappingEndEvent):
            place = _at(name)
            if not isinstance(name, yaml.ScalarEvent):
                hint = "put the template in quotes" if isinstance(name, yaml.MappingStartEvent) else None
                self.fail("bad-syntax", "A key is a text; this one is an object, a list or an alias.", *place, hint)
            key = self.keep(name.value, place)
            child = self.note_key(members, key, pointer, place)
            members[key] = self.value(next(self.events), child, depth + 1)
        return members

    def scalar(self, event: Any, place: tuple[int, int]) -> Any:
        text: str = event.value
        kind = _TAGS.get(event.tag) if event.tag else None
        if kind == "str" or (kind is None and (event.style or event.tag == "!")):
            return text
        if text in _WORDS and kind in (None, "null", "bool"):
            return _WORDS[text]
        if kind in (None, "int") and _INTEGER.fullmatch(text):
            return self.integer(text, place)
        if kind in (None, "float") and _FLOAT.fullmatch(text):
            return float(text)
        if kind:
            self.fail("bad-syntax", f"{text[:60]!r} is no {kind}.", *place)
        if text.lower() in (".inf", "-.inf", "+.inf", ".nan"):
            self.fail("bad-value", f"JSON has no {text}.", *place, "put it in quotes if a text is meant")
        return text

    def integer(self, text: str, place: tuple[int, int]) -> int:
        try:
            return int(text)
        except ValueError:
            self.fail(
                "bad-value", "This number is too large to be kept.", *place, "put it in quotes if a text is meant"
            )


class _Json(_Reader):
    """Reads with the strict JSON parser, then walks the tokens for keys and places."""

    def read(self) -> Any:
        try:
            data = json.loads(self.text, parse_constant=self.refuse)
        except json.JSONDecodeError as error:
            self.fail("bad-syntax", f"This is no JSON: {error.msg}.", error.lineno, error.colno)
        except RecursionError:
            self.fail("too-large", f"Values may be nested {MAX_DEPTH} deep; here it gets deeper.", None, None)
        except ValueError:
            self.fail("bad-value", "A number of this file is too large to be kept.", None, None)
        self.tokens = _TOKEN.finditer(self.text)
        self.line, self.line_start, self.seen = 1, 0, 0
        self.walk(self.next(), "", 0)
        return data

    def refuse(self, constant: str) -> NoReturn:
        line = self.text.count("\n", 0, self.text.find(constant)) + 1
        self.fail("bad-value", f"JSON has no {constant}.", line, None)

    def next(self) -> tuple[str, tuple[int, int]]:
        match = next(self.tokens)
        start = match.start(1)
        newlines = self.text.count("\n", self.seen, start)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rfind("\n", self.seen, start) + 1
        self.seen = start
        return match[1], (self.line, start - self.line_start + 1)

    def walk(self, found: tuple[str, tuple[int, int]], pointer: str, depth: int) -> None:
        token, place = found
        self.enter(depth, place)
        self.source.values[pointer] = place
        if token == "{":  # noqa: S105 - a token of JSON
            members: dict[str, Any] = {}
            while (name := self.next())[0] != "}":
                key = self.keep(json.loads(name[0]), name[1])
                child = self.note_key(members, key, pointer, name[1])
                members[key] = True
                self.walk(self.next(), child, depth + 1)
        elif token == "[":  # noqa: S105 - same
            index = 0
            while (item := self.next())[0] != "]":
                self.walk(item, f"{pointer}/{index}", depth + 1)
                index += 1
        else:
            self.source.note_number(pointer, self.keep(json.loads(token), place), token)


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [
        c for v in level if isinstance(v, (dict, list)) for c in (v.values() if isinstance(v, dict) else v)
    ]:
        depth += 1
    return depth


def _advice(what: str) -> str | None:
    if "mapping values are not allowed" in what:
        return "put a text that contains ': ' in quotes"
    if "cannot start any token" in what:
        return "put the text in quotes"
    return None
