"""The keywords of JSON Schema (draft 2020-12): each says what is wrong with a value, and what it does is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from workers.checking.json_schema import Schema, is_integer, is_number
from workflows.language.comparison import compiled

Place = tuple["Place | None", str | int] | None
"""Where a value stands: its parent's place and its key there; None is the whole."""

DEEPEST = 300
"""Subschemas that may apply each other at a time: a third of what Python's stack takes."""

LONGEST_SHOWN = 100

INSTRUCTIONS_A_STEP = 40
"""Bytes of a text times RE2 instructions of a pattern that take as long as one step, at worst."""


class TooMuch(Exception):  # noqa: N818  # no error: the event is larger than its schema may judge
    """Judging takes more steps, or goes deeper, than it may; the message says which."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value.

    Attributes:
        place: where the value stands.
        text: what is wrong.
        value: the value with which the sentence begins; none where `text` is the sentence.
    """

    place: Place
    text: str
    value: tuple[Any, ...] = ()

    @property
    def keys(self) -> list[str | int]:
        """Return the keys that lead to the value."""
        keys: list[str | int] = []
        place = self.place
        while place is not None:
            keys.append(place[1])
            place = place[0]
        return keys[::-1]

    def __str__(self) -> str:
        return f"{shown(self.value[0])} {self.text}" if self.value else self.text


@dataclass(slots=True)
class Seen:
    """Which parts of one value some subschema has judged."""

    names: set[str] = field(default_factory=set)
    indices: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Work:
    """What judging one event may still do.

    Attributes:
        left: how many steps.
        depth: how many subschemas apply each other now.
        notes: whether it matters which parts of a value were judged.
    """

    left: int
    notes: bool
    depth: int = 0

    def spend(self, steps: int) -> None:
        """Take steps.

        Raises:
            TooMuch: there are not so many left.
        """
        self.left -= steps
        if self.left < 0:
            raise TooMuch("too large")

    def match(self, pattern: Any, text: str) -> bool:
        """Say whether a compiled pattern is in a text."""
        content = text.encode("utf-8", "replace")
        self.spend(1 + len(content) * pattern.programsize // INSTRUCTIONS_A_STEP)
        return pattern.search(content) is not None


Check = Callable[[Any, Place, Work, Seen], Fault | None]
Checks = Mapping[Schema, list[Check]]


def checks_of(schemas: Iterable[Schema]) -> Checks:
    """Return what each subschema checks, the simple before what goes into parts of a value."""
    found: dict[Schema, list[Check]] = {}
    for schema in schemas:
        found[schema] = [*_checks(schema, found)]
    return found


def visit(checks: Checks, schema: Schema, value: Any, place: Place, work: Work) -> tuple[Fault | None, Seen]:
    """Judge a value by one subschema; return what is wrong, and which of its parts were judged."""
    own = checks[schema]
    work.spend(1 + len(own))
    work.depth += 1
    if work.depth > DEEPEST:
        raise TooMuch("nested too deep")
    seen = Seen()
    fault = None
    for check in own:
        fault = check(value, place, work, seen)
        if fault is not None:
            break
    work.depth -= 1
    return fault, seen


def _checks(schema: Schema, checks: Checks) -> Iterator[Check]:
    written = schema.written
    if written is True:
        return
    if written is False:
        yield lambda value, place, _work, _seen: Fault(place, "is not allowed here", (value,))
        return
    for keyword, make in SIMPLE.items():
        if keyword in written:
            yield make(written[keyword])
    for target in schema.targets.values():
        yield _all([target], checks)
    yield from _in_place(schema, checks)
    yield from _into_items(schema, checks)
    yield from _into_members(schema, checks)


def _type(wanted: str | list[str]) -> Check:
    tests = [TYPE_TESTS[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    text = f"is not of type {', '.join(map(repr, [wanted] if isinstance(wanted, str) else wanted))}"

    def check(value: Any, place: Place, _work: Work, _seen: Seen) -> Fault | None:
        return None if any(test(value) for test in tests) else Fault(place, text, (value,))

    return check


TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_integer,
    "null": lambda value: value is None,
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _one_of(options: list[Any], text: str) -> Check:
    keys = {_key(option, None) for option in options}
    kinds = {_kind(option) for option in options}
    longest = max((len(option) for option in options if isinstance(option, list | dict | str)), default=0)

    def check(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        if _kind(value) not in kinds or (isinstance(value, list | dict | str) and len(value) > longest):
            return Fault(place, text, (value,))
        return None if _key(value, work) in keys else Fault(place, text, (value,))

    return check


def _multiple_of(factor: float) -> Check:
    exact = _fraction(factor)

    def check(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        if not is_number(value):
            return None
        number = _fraction(value)
        work.spend(20 + (number.numerator.bit_length() + exact.denominator.bit_length()) // 50)
        return Fault(place, f"is not a multiple of {shown(factor)}", (value,)) if number % exact else None

    return check


def _fraction(number: float) -> Fraction:
    return Fraction(number if isinstance(number, int) else repr(number))


def _limit(within: Callable[[Any, Any], bool], text: str) -> Callable[[Any], Check]:
    def make(limit: Any) -> Check:
        def check(value: Any, place: Place, _work: Work, _seen: Seen) -> Fault | None:
            if is_number(value) and not within(value, limit):
                return Fault(place, f"{text} {shown(limit)}", (value,))
            return None

        return check

    return make


def _size(kind: type, within: Callable[[Any, Any], bool], text: str) -> Callable[[Any], Check]:
    def make(limit: Any) -> Check:
        def check(value: Any, place: Place, _work: Work, _seen: Seen) -> Fault | None:
            if isinstance(value, kind) and not within(len(value), limit):  # type: ignore[arg-type] # all of them have one
                return Fault(place, f"{text} {shown(limit)}", (value,))
            return None

        return check

    return make


def _pattern(written: str) -> Check:
    pattern = compiled(written)

    def check(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        if isinstance(value, str) and not work.match(pattern, value):
            return Fault(place, f"does not match {written[:LONGEST_SHOWN]!r}", (value,))
        return None

    return check


def _required(names: list[str]) -> Check:
    def check(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        if isinstance(value, dict):
            work.spend(len(names))
            for name in names:
                if name not in value:
                    return Fault(place, f"{name[:LONGEST_SHOWN]!r} is a required property")
        return None

    return check


def _dependent_required(dependents: Mapping[str, list[str]]) -> Check:
    def check(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        if isinstance(value, dict):
            for name, names in dependents.items():
                work.spend(1 + len(names))
                missing = next((one for one in names if one not in value), None) if name in value else None
                if missing is not None:
                    return Fault(place, f"{missing[:LONGEST_SHOWN]!r} is required beside {name[:LONGEST_SHOWN]!r}")
        return None

    return check


def _unique(wanted: bool) -> Check:  # noqa: FBT001  # the keyword's argument
    def check(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        if wanted and isinstance(value, list) and len(value) > 1:
            keys: set[str] = set()
            for index, one in enumerate(value):
                keys.add(_key(one, work))
                if len(keys) == index:
                    return Fault(place, f"has item {index} twice", (value,))
        return None

    return check


SIMPLE: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "const": lambda wanted: _one_of([wanted], f"is not {shown(wanted)}"),
    "enum": lambda options: _one_of(options, f"is not one of {shown(options)}"),
    "minimum": _limit(lambda value, limit: value >= limit, "is less than the minimum of"),
    "maximum": _limit(lambda value, limit: value <= limit, "is greater than the maximum of"),
    "exclusiveMinimum": _limit(lambda value, limit: value > limit, "is not greater than"),
    "exclusiveMaximum": _limit(lambda value, limit: value < limit, "is not less than"),
    "multipleOf": _multiple_of,
    "minLength": _size(str, lambda size, limit: size >= limit, "is too short, its least length being"),
    "maxLength": _size(str, lambda size, limit: size <= limit, "is too long, its greatest length being"),
    "pattern": _pattern,
    "minItems": _size(list, lambda size, limit: size >= limit, "has too few items, the least being"),
    "maxItems": _size(list, lambda size, limit: size <= limit, "has too many items, the most being"),
    "uniqueItems": _unique,
    "minProperties": _size(dict, lambda size, limit: size >= limit, "has too few properties, the least being"),
    "maxProperties": _size(dict, lambda size, limit: size <= limit, "has too many properties, the most being"),
    "required": _required,
    "dependentRequired": _dependent_required,
}


def _in_place(schema: Schema, checks: Checks) -> Iterator[Check]:
    """Yield what applies subschemas to the value itself."""
    if branches := _under(schema, "allOf"):
        yield _all([*branches.values()], checks)
    if branches := _under(schema, "anyOf"):
        yield _any([*branches.values()], checks, most=None)
    if branches := _under(schema, "oneOf"):
        yield _any([*branches.values()], checks, most=1)
    if banned := schema.children.get(("not",)):
        yield _not(banned, checks)
    if condition := schema.children.get(("if",)):
        yield _if(condition, schema.children.get(("then",)), schema.children.get(("else",)), checks)
    if dependents := _under(schema, "dependentSchemas"):
        yield _dependents(dependents, checks)


def _under(schema: Schema, keyword: str) -> dict[Any, Schema]:
    return {at[1]: child for at, child in schema.children.items() if at[0] == keyword and len(at) > 1}


def _all(branches: list[Schema], checks: Checks) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        for branch in branches:
            fault, parts = visit(checks, branch, value, place, work)
            if fault is not None:
                return fault
            _merge(seen, parts, work)
        return None

    return check


def _any(branches: list[Schema], checks: Checks, most: int | None) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        faults, taken = [], 0
        for branch in branches:
            fault, parts = visit(checks, branch, value, place, work)
            if fault is not None:
                faults.append(fault)
                continue
            taken += 1
            if most is not None and taken > most:
                return Fault(place, "is valid under more than one of the schemas of `oneOf`", (value,))
            _merge(seen, parts, work)
            if most is None and not work.notes:
                return None
        return None if taken else _nearest(faults, value, place)

    return check


def _nearest(faults: list[Fault], value: Any, place: Place) -> Fault:
    """Return the fault of the one branch that took the most of a value, if there is one."""
    by_depth = sorted(faults, key=lambda fault: -len(fault.keys))
    if len(by_depth) == 1 or len(by_depth[0].keys) > len(by_depth[1].keys):
        return by_depth[0]
    return Fault(place, "is not valid under any of the given schemas", (value,))


def _not(banned: Schema, checks: Checks) -> Check:
    def check(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        fault, _ = visit(checks, banned, value, place, work)
        return Fault(place, f"should not be valid under {shown(banned.written)}", (value,)) if fault is None else None

    return check


def _if(condition: Schema, then: Schema | None, otherwise: Schema | None, checks: Checks) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        fault, parts = visit(checks, condition, value, place, work)
        if fault is None:
            _merge(seen, parts, work)
        following = then if fault is None else otherwise
        if following is None:
            return None
        fault, parts = visit(checks, following, value, place, work)
        _merge(seen, parts, work)
        return fault

    return check


def _dependents(dependents: Mapping[str, Schema], checks: Checks) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        if not isinstance(value, dict):
            return None
        work.spend(len(dependents))
        return _all([schema for name, schema in dependents.items() if name in value], checks)(value, place, work, seen)

    return check


def _merge(seen: Seen, parts: Seen, work: Work) -> None:
    if work.notes:
        work.spend(len(parts.names) + len(parts.indices))
        seen.names |= parts.names
        seen.indices |= parts.indices


def _into_items(schema: Schema, checks: Checks) -> Iterator[Check]:
    """Yield what applies subschemas to the items of a list."""
    first = [*_under(schema, "prefixItems").values()]
    rest, contained = schema.children.get(("items",)), schema.children.get(("contains",))
    unseen = schema.children.get(("unevaluatedItems",))

    def each(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        if not isinstance(value, list):
            return None
        for index, one in enumerate(value if rest is not None else value[: len(first)]):
            child = first[index] if index < len(first) else rest
            fault, _ = visit(checks, child, one, (place, index), work)  # type: ignore[arg-type] # no rest, no such index
            if fault is not None:
                return fault
        if work.notes:
            seen.indices.update(range(len(value) if rest is not None else min(len(first), len(value))))
        return None

    def remaining(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        if not isinstance(value, list) or unseen is None:
            return None
        work.spend(len(value))
        for index, one in enumerate(value):
            if index not in seen.indices:
                fault, _ = visit(checks, unseen, one, (place, index), work)
                if fault is not None:
                    return fault
        seen.indices.update(range(len(value)))
        return None

    if first or rest is not None:
        yield each
    if contained is not None and isinstance(schema.written, Mapping):
        yield _contains(contained, schema.written.get("minContains", 1), schema.written.get("maxContains"), checks)
    if unseen is not None:
        yield remaining


def _contains(contained: Schema, least: float, most: float | None, checks: Checks) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        if not isinstance(value, list):
            return None
        found = [i for i, one in enumerate(value) if visit(checks, contained, one, (place, i), work)[0] is None]
        if len(found) < least or (most is not None and len(found) > most):
            wanted = f"at least {least}" if len(found) < least else f"at most {most}"
            return Fault(
                place, f"has {len(found)} items as `contains` wants them; it may have {shown(wanted)[1:-1]}", (value,)
            )
        seen.indices.update(found if work.notes else ())
        return None

    return check


def _into_members(schema: Schema, checks: Checks) -> Iterator[Check]:
    """Yield what applies subschemas to the names and values of an object."""
    named = _under(schema, "properties")
    patterns = [(compiled(written), child) for written, child in _under(schema, "patternProperties").items()]
    rest, unseen = schema.children.get(("additionalProperties",)), schema.children.get(("unevaluatedProperties",))
    names = schema.children.get(("propertyNames",))

    def of(name: str, work: Work) -> list[Schema]:
        found = [child for pattern, child in patterns if work.match(pattern, name)]
        if name in named:
            found.append(named[name])
        return found or ([] if rest is None else [rest])

    def each(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        if not isinstance(value, dict):
            return None
        known = not patterns and rest is None
        work.spend(min(len(named), len(value)) if known else len(value))
        for name in [*(named if known and len(named) < len(value) else value)]:
            if name not in value:
                continue
            judging = of(name, work)
            for child in judging:
                fault, _ = visit(checks, child, value[name], (place, name), work)
                if fault is not None:
                    return _unexpected(name, place) if child.written is False else fault
            if judging and work.notes:
                seen.names.add(name)
        return None

    def naming(value: Any, place: Place, work: Work, _seen: Seen) -> Fault | None:
        for name in value if isinstance(value, dict) and names is not None else ():
            fault, _ = visit(checks, names, name, place, work)  # type: ignore[arg-type] # there is one
            if fault is not None:
                return Fault(place, f"has a name that it may not have: {fault}"[: 2 * LONGEST_SHOWN])
        return None

    def remaining(value: Any, place: Place, work: Work, seen: Seen) -> Fault | None:
        if not isinstance(value, dict) or unseen is None:
            return None
        work.spend(len(value))
        for name in value:
            if name not in seen.names:
                fault, _ = visit(checks, unseen, value[name], (place, name), work)
                if fault is not None:
                    return _unexpected(name, place) if unseen.written is False else fault
        seen.names.update(value)
        return None

    if named or patterns or rest is not None:
        yield each
    if names is not None:
        yield naming
    if unseen is not None:
        yield remaining


def _unexpected(name: str, place: Place) -> Fault:
    return Fault(place, f"{name[:LONGEST_SHOWN]!r} is not one of the properties that it may have")


def _kind(value: Any) -> str:
    """Return what two values must share to be equal."""
    if value is None or isinstance(value, bool):
        return repr(value)
    return "number" if isinstance(value, int | float) else type(value).__name__


def _key(value: Any, work: Work | None) -> str:
    """Return a text that equal JSON values share: `1` and `1.0` are equal, `1` and `true` are not."""
    if work is not None:
        work.spend(2)
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(name)}:{_key(value[name], work)}' for name in sorted(value))}}}"
    if isinstance(value, list):
        return f"[{','.join(_key(one, work) for one in value)}]"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = json.dumps(value)
    if work is not None:
        work.spend(len(text) // 200)
    return text


def shown(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    if isinstance(value, list | dict):
        text = "".join(_beginning(value))
    else:
        text = json.dumps(value[: LONGEST_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _beginning(value: Any) -> Iterator[str]:
    length = 0
    for chunk in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        yield chunk[: LONGEST_SHOWN + 1]
        length += len(chunk)
        if length > LONGEST_SHOWN:
            return
