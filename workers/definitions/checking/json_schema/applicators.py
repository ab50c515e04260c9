"""The keywords of JSON Schema that apply other subschemas: to the value itself, to its items, to its members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trunkline.regex.bounded import compiled
from workers.definitions.checking.json_schema.assertions import assertions
from workers.definitions.checking.json_schema.document import Subschema
from workers.definitions.checking.json_schema.work import LONGEST_SHOWN, Check, Place, Seen, Violation, Work, shown


def checks_of(schemas: Iterable[Subschema]) -> dict[Subschema, list[Check]]:
    """Return what each subschema checks, the simple before what goes into parts of a value."""
    return {schema: [*_checks(schema)] for schema in schemas}


def _checks(schema: Subschema) -> Iterator[Check]:
    written = schema.written
    if isinstance(written, bool):
        if not written:
            yield lambda value, place, _work, _seen: Violation(place, "is not allowed here", (value,))
        return
    yield from assertions(written)
    if schema.targets:
        yield _all([*schema.targets.values()])
    if schema.children:
        yield from _to_itself(schema)
        yield from _to_items(schema, written)
        yield from _to_members(schema)


def _under(schema: Subschema, keyword: str) -> dict[Any, Subschema]:
    """Return the subschemas of a keyword that takes several, by index or name."""
    return {at[1]: child for at, child in schema.children.items() if at[0] == keyword}


def _to_itself(schema: Subschema) -> Iterator[Check]:
    if branches := _under(schema, "allOf"):
        yield _all([*branches.values()])
    if branches := _under(schema, "anyOf"):
        yield _any([*branches.values()])
    if branches := _under(schema, "oneOf"):
        yield _one([*branches.values()])
    if banned := schema.children.get(("not",)):
        yield _not(banned)
    if condition := schema.children.get(("if",)):
        yield _if(condition, schema.children.get(("then",)), schema.children.get(("else",)))
    if dependents := _under(schema, "dependentSchemas"):
        yield _dependents(dependents)


def _all(branches: list[Subschema]) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        for branch in branches:
            fault = work.visit(branch, value, place, seen)
            if fault is not None:
                return fault
        return None

    return check


def _any(branches: list[Subschema]) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        faults = []
        for branch in branches:
            fault = work.visit(branch, value, place, seen)
            if fault is not None:
                faults.append(fault)
            elif seen is None:  # else the others may have judged parts that this one did not
                return None
        return _nearest(faults, value, place) if len(faults) == len(branches) else None

    return check


def _one(branches: list[Subschema]) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        faults = []
        for index, branch in enumerate(branches):
            fault = work.visit(branch, value, place, seen)
            if fault is not None:
                faults.append(fault)
            elif len(faults) < index:
                return Violation(place, "is valid under more than one of the schemas of `oneOf`", (value,))
        return _nearest(faults, value, place) if len(faults) == len(branches) else None

    return check


def _nearest(faults: list[Violation], value: Any, place: Place) -> Violation:
    """Return the fault of the one branch that took the most of a value, if there is one."""
    by_depth = sorted(faults, key=lambda fault: -len(fault.keys))
    if len(by_depth) == 1 or len(by_depth[0].keys) > len(by_depth[1].keys):
        return by_depth[0]
    return Violation(place, "is not valid under any of the given schemas", (value,))


def _not(banned: Subschema) -> Check:
    text = f"should not be valid under {shown(banned.written)}"

    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        return Violation(place, text, (value,)) if work.visit(banned, value, place) is None else None

    return check


def _if(condition: Subschema, then: Subschema | None, otherwise: Subschema | None) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        following = then if work.visit(condition, value, place, seen) is None else otherwise
        return None if following is None else work.visit(following, value, place, seen)

    return check


def _dependents(dependents: Mapping[str, Subschema]) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        if not isinstance(value, dict):
            return None
        work.spend(len(dependents))
        return _all([schema for name, schema in dependents.items() if name in value])(value, place, work, seen)

    return check


def _to_items(schema: Subschema, written: Mapping[str, Any]) -> Iterator[Check]:
    first, rest = [*_under(schema, "prefixItems").values()], schema.children.get(("items",))
    if first or rest is not None:
        yield _items(first, rest)
    if wanted := schema.children.get(("contains",)):
        yield _contains(wanted, written.get("minContains", 1), written.get("maxContains"))
    if unseen := schema.children.get(("unevaluatedItems",)):
        yield _other_items(unseen)


def _items(first: list[Subschema], rest: Subschema | None) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        if not isinstance(value, list):
            return None
        count = len(value) if rest is not None else min(len(first), len(value))
        for index in range(count):
            child = first[index] if index < len(first) else rest
            fault = None if child is None else work.visit(child, value[index], (place, index))
            if fault is not None:
                return fault
        if seen is not None:
            seen.indices.update(range(count))
        return None

    return check


def _contains(wanted: Subschema, least: float, most: float | None) -> Check:
    limits = f"at least {shown(least)}{'' if most is None else f' and at most {shown(most)}'}"

    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        if not isinstance(value, list):
            return None
        found = [index for index, one in enumerate(value) if work.visit(wanted, one, (place, index)) is None]
        if len(found) < least or (most is not None and len(found) > most):
            text = f"has {len(found)} items that are valid under {shown(wanted.written)}, not {limits}"
            return Violation(place, text, (value,))
        if seen is not None:
            seen.indices.update(found)
        return None

    return check


def _other_items(unseen: Subschema) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        if not isinstance(value, list) or seen is None:
            return None
        work.spend(len(value))
        for index, one in enumerate(value):
            fault = None if index in seen.indices else work.visit(unseen, one, (place, index))
            if fault is not None:
                return fault
        seen.indices.update(range(len(value)))
        return None

    return check


def _to_members(schema: Subschema) -> Iterator[Check]:
    named, patterns = _under(schema, "properties"), _under(schema, "patternProperties")
    rest = schema.children.get(("additionalProperties",))
    if patterns or rest is not None:
        yield _members(named, patterns, rest)
    elif named:
        yield _properties(named)
    if names := schema.children.get(("propertyNames",)):
        yield _names(names)
    if unseen := schema.children.get(("unevaluatedProperties",)):
        yield _other_members(unseen)


def _properties(named: Mapping[str, Subschema]) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        if not isinstance(value, dict):
            return None
        work.spend(min(len(named), len(value)))
        for name in [*named] if len(named) < len(value) else value:
            if name in named and name in value:
                fault = _member(named[name], value, name, place, work)
                if fault is not None:
                    return fault
                if seen is not None:
                    seen.names.add(name)
        return None

    return check


def _members(named: Mapping[str, Subschema], patterns: Mapping[str, Subschema], rest: Subschema | None) -> Check:
    matching = [(compiled(pattern), child) for pattern, child in patterns.items()]

    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        if not isinstance(value, dict):
            return None
        work.spend(len(value))
        for name in value:
            children = [child for pattern, child in matching if work.match(pattern, name)]
            if name in named:
                children.append(named[name])
            if not children and rest is not None:
                children.append(rest)
            for child in children:
                fault = _member(child, value, name, place, work)
                if fault is not None:
                    return fault
            if children and seen is not None:
                seen.names.add(name)
        return None

    return check


def _names(names: Subschema) -> Check:
    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        for name in value if isinstance(value, dict) else ():
            fault = work.visit(names, name, place)
            if fault is not None:
                return Violation(place, f"has a name that it may not have: {fault}")
        return None

    return check


def _other_members(unseen: Subschema) -> Check:
    def check(value: Any, place: Place, work: Work, seen: Seen | None) -> Violation | None:
        if not isinstance(value, dict) or seen is None:
            return None
        work.spend(len(value))
        for name in value:
            fault = None if name in seen.names else _member(unseen, value, name, place, work)
            if fault is not None:
                return fault
        seen.names.update(value)
        return None

    return check


def _member(schema: Subschema, value: Mapping[str, Any], name: str, place: Place, work: Work) -> Violation | None:
    fault = work.visit(schema, value[name], (place, name))
    if fault is not None and schema.written is False:
        return Violation(place, f"{name[:LONGEST_SHOWN]!r} is none of the properties that it may have")
    return fault
