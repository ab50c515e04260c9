"""Whether every template can be read and every reference finds something: a walk along the order of the steps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from workers.checking.findings import Findings
from workers.problems import nearest
from workflows.condition import ConditionError, compile_condition
from workflows.definition import RUN_ROOTS, blocks, escape, kind_of, steps
from workflows.event import known_roots
from workflows.language.names import HOW_TO_USE_SECRETS
from workflows.template import TemplateSyntaxError, compile_expression, compile_template

RUN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "run": ("id", "automation", "url"),
    "loop": ("index", "first", "last", "length"),
}

GUARDS = ("exists", "is_empty")
"""Operators that ask whether a variable is there, so that it need not be."""


class Saved(NamedTuple):
    """What is known about a variable at one place.

    `certain`: it is saved on every way here; else `why` says on which, and where `guards` hold it is certain too.
    """

    certain: bool
    why: str = ""
    guards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """What templates see at one place: variables, names of loops, and the conditions that hold here."""

    saved: Mapping[str, Saved] = field(default_factory=dict)
    loops: frozenset[str] = frozenset()
    guards: frozenset[str] = frozenset()

    def under(self, *conditions: Any) -> Scope:
        """Return the same place where conditions hold."""
        return replace(self, guards=self.guards | {_canonical(one) for one in conditions if one is not None})


class End(NamedTuple):
    """What is known after a block: its variables, and whether the run certainly stops in it."""

    saved: Mapping[str, Saved]
    stops: bool


class References:
    """Checks one definition.

    Args:
        findings: where problems go.
        syntaxes: syntax of text fields of a step's config, by the step's pointer.
        background: pointers of steps whose result nobody waits for.
        results: keys of what an action gives, by its name, where they are known.
    """

    def __init__(
        self,
        findings: Findings,
        syntaxes: Mapping[str, Mapping[str, Any]],
        background: Iterable[str],
        results: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.findings = findings
        self.syntaxes = syntaxes
        self.background = set(background)
        trigger = findings.data.get("trigger")
        self.event = (
            trigger.get("event") if isinstance(trigger, Mapping) and isinstance(trigger.get("event"), str) else None
        )
        declared = trigger.get("data") if isinstance(trigger, Mapping) else None
        self.roots = _roots(self.event, declared)
        self.open = isinstance(declared, Mapping)
        self.secrets: set[str] = set()
        self.variables: dict[str, set[str] | None] = {}
        self.names: set[str] = set()
        self._undeclared: set[str] = set()
        for _, step, _ in steps(findings.data):
            if (variable := _text(step, "saveAs")) is not None:
                given = results.get(_text(step, "actionType") or "") if "pick" not in step else _picked(step["pick"])
                known = self.variables.setdefault(variable, set())
                self.variables[variable] = None if given is None or known is None else known | set(given)
            if "forEach" in step:
                self.names.add(_text(step, "as") or "item")

    def check(self) -> None:
        """Walk the whole definition."""
        data = self.findings.data
        self._condition(data.get("conditions"), "/conditions", Scope())
        self._template(data.get("fairness"), "/fairness", Scope())
        scope = Scope().under(data.get("conditions"))
        if isinstance(data.get("paths"), list):
            self._paths(data, "", scope)
        if isinstance(data.get("actions"), list):
            self._block(data["actions"], "/actions", scope)

    def _block(self, block: list[Any], pointer: str, scope: Scope) -> End:
        stops = told = False
        for index, step in enumerate(block):
            if not isinstance(step, Mapping):
                continue
            place = f"{pointer}/{index}"
            if stops and not told:
                self.findings.add(
                    "unreachable-step", place, "This step can never be reached: the run has stopped before it."
                )
                told = True
            end = self._step(step, place, scope)
            stops = stops or end.stops
            scope = replace(scope, saved=end.saved)
        return End(scope.saved, stops)

    def _step(self, step: Mapping[str, Any], place: str, scope: Scope) -> End:
        conditions = step.get("conditions")
        self._condition(conditions, f"{place}/conditions", scope)
        kind = kind_of(step)
        inside = scope.under(conditions)
        visit = {
            "actionType": self._action,
            "paths": self._paths,
            "branch": self._branch,
            "wait": self._wait,
            "forEach": self._loop,
            "stop": self._stop,
        }.get(kind or "")
        if visit is None:
            for block in blocks(step, place):
                self._block(block.steps, block.pointer, inside)
            return End(scope.saved, stops=False)
        end = visit(step, place, inside)
        if step.get("onFailure") == "continue":
            why = f"only where {self.findings.name(place)!r} does not fail"
            end = End(_unsure(end.saved, scope.saved, why), stops=end.stops and kind == "stop")
        if conditions is not None:
            why = f"only where the conditions of {self.findings.name(place)!r} hold"
            end = End(_unsure(end.saved, scope.saved, why, frozenset([_canonical(conditions)])), stops=False)
        return end

    def _action(self, step: Mapping[str, Any], place: str, scope: Scope) -> End:
        self._template(step.get("config"), f"{place}/config", scope, syntaxes=self.syntaxes.get(place), secrets=True)
        approval = step.get("requireApproval")
        if isinstance(approval, Mapping) and "approvers" in approval:
            self._template(approval["approvers"], f"{place}/requireApproval/approvers", scope)
        if place in self.background:
            if "saveAs" in step:
                sentence = "The step does not wait for its result, so there is nothing to save."
                self.findings.add(
                    "unsaved-result", f"{place}/saveAs", sentence, "leave out `saveAs`, or `parseResponse: false`"
                )
            return End(scope.saved, stops=False)
        return End(_with(scope.saved, _text(step, "saveAs")), stops=False)

    def _wait(self, step: Mapping[str, Any], place: str, scope: Scope) -> End:
        if isinstance(step["wait"], Mapping):
            self._template(step["wait"].get("until"), f"{place}/wait/until", scope)
        return End(scope.saved, stops=False)

    def _stop(self, step: Mapping[str, Any], place: str, scope: Scope) -> End:
        self._template(step.get("reason"), f"{place}/reason", scope)
        return End(scope.saved, stops=True)

    def _paths(self, step: Mapping[str, Any], place: str, scope: Scope) -> End:
        paths = list(blocks({"paths": step["paths"]}, place))
        own = [_saved_in(block.steps, block.pointer) for block in paths]
        writers: dict[str, int] = {}
        for index, variables in enumerate(own):
            for name, pointer in variables.items():
                if writers.setdefault(name, index) != index:
                    sentence = f"Two parallel paths save to {name!r}; which of them comes last is chance."
                    self.findings.add("shared-variable", pointer, sentence, "give each its own name")
        ends = []
        for index, block in enumerate(paths):
            beside = {name for other, variables in enumerate(own) if other != index for name in variables}
            saved = dict(scope.saved)
            for name in sorted(beside - set(own[index])):
                if name not in saved or not saved[name].certain:
                    saved[name] = Saved(certain=False, why="beside, in a parallel path, perhaps later")
            end = self._block(block.steps, block.pointer, replace(scope, saved=saved))
            ends.append((end, own[index]))
        after = dict(scope.saved)
        for end, variables in ends:
            after.update({name: end.saved[name] for name in variables if name in end.saved})
        # where one path stops the run, what follows still says where the others lead
        return End(after, stops=False)

    def _branch(self, step: Mapping[str, Any], place: str, scope: Scope) -> End:
        ways: list[tuple[End, frozenset[str]]] = []
        seen: set[str] = set()
        for index, case in enumerate(step["branch"] if isinstance(step["branch"], list) else ()):
            if not isinstance(case, Mapping):
                continue
            pointer, conditions = f"{place}/branch/{index}", case.get("conditions")
            self._condition(conditions, f"{pointer}/conditions", scope)
            canonical = _canonical(conditions)
            if canonical in seen:
                sentence = "This way can never be taken: an earlier one has the same conditions."
                self.findings.add("unreachable-step", pointer, sentence)
            seen.add(canonical)
            actions = case.get("actions")
            end = self._block(
                actions if isinstance(actions, list) else [], f"{pointer}/actions", scope.under(conditions)
            )
            ways.append((end, frozenset([canonical])))
        otherwise = step.get("otherwise")
        last = self._block(otherwise if isinstance(otherwise, list) else [], f"{place}/otherwise", scope)
        ways.append((last, frozenset()))
        going_on = [(end, guards) for end, guards in ways if not end.stops]
        return End(_merged(going_on, scope.saved, self.findings.name(place)), stops=not going_on)

    def _loop(self, step: Mapping[str, Any], place: str, scope: Scope) -> End:
        self._whole(step["forEach"], f"{place}/forEach", scope)
        name = _text(step, "as") or "item"
        actions = step.get("actions")
        inside = replace(scope, loops=scope.loops | {name, "loop"})
        end = self._block(actions if isinstance(actions, list) else [], f"{place}/actions", inside)
        if name != "item" and (name in self._roots_known() or name in self.variables):
            other = "data of the event" if name in self._roots_known() else "a variable"
            sentence = f"{name!r} is the name of {other} already."
            self.findings.add("reserved-name", f"{place}/as", sentence, "call the item something else")
        if ("collect" in step) != ("saveAs" in step):
            present, absent = ("collect", "saveAs") if "collect" in step else ("saveAs", "collect")
            sentence = f"`{present}` needs `{absent}`: one says what to keep of each item, the other under which name."
            self.findings.add("unsaved-result", f"{place}/{present}", sentence)
        if "collect" in step:
            self._whole(step["collect"], f"{place}/collect", replace(inside, saved=end.saved))
        return End(_with(scope.saved, _text(step, "saveAs")), stops=False)

    def _whole(self, value: Any, pointer: str, scope: Scope) -> None:
        """Check a value that must be one expression, so that it keeps its type."""
        before = self.findings.count
        self._template(value, pointer, scope)
        if isinstance(value, str) and self.findings.count == before:
            try:
                compile_expression(value)
            except TemplateSyntaxError as error:
                self.findings.add("not-one-template", pointer, str(error), error.hint)

    def _template(
        self,
        value: Any,
        pointer: str,
        scope: Scope,
        *,
        syntaxes: Mapping[str, Any] | None = None,
        secrets: bool = False,
    ) -> None:
        """Check a value that may hold templates at any depth; one that cannot be read does not hide the others."""
        try:
            template = compile_template(value, syntaxes, secrets=secrets)
        except TemplateSyntaxError as error:
            before = self.findings.count
            children = (
                value.items() if isinstance(value, Mapping) else enumerate(value if isinstance(value, list) else ())
            )
            for key, child in children:
                at = f"/{escape(key)}"
                inner = {
                    place[len(at) :]: name
                    for place, name in (syntaxes or {}).items()
                    if f"{place}/".startswith(f"{at}/")
                }
                self._template(child, pointer + at, scope, syntaxes=inner, secrets=secrets)
            if self.findings.count == before:  # it is this text, or only the whole that is too large
                code = "misplaced-secret" if error.hint == HOW_TO_USE_SECRETS else "bad-template"
                self.findings.add(code, pointer + error.pointer, str(error), error.hint, line=error.line + 1)
            return
        for use in template.secrets:
            self.secrets.update(use.names)
            if template.templated_hosts:
                host = template.templated_hosts[0].removeprefix("/")
                sentence = f"The host of `{host}` is decided by data: whoever controls it would get the secret."
                hint = "write the host itself followed by `/`, and templates only after it"
                self.findings.add("exposed-secret", pointer + use.pointer, sentence, hint, line=use.line + 1)
        for reference in template.references:
            self._reference(reference.path, pointer + reference.pointer, scope, line=reference.line + 1)

    def _condition(self, conditions: Any, pointer: str, scope: Scope) -> None:
        if conditions is None:
            return
        try:
            condition = compile_condition(conditions)
        except ConditionError as error:
            before = self.findings.count
            for group in ("all", "any"):
                parts = conditions.get(group) if isinstance(conditions, Mapping) else None
                for index, part in enumerate(parts if isinstance(parts, list) else ()):
                    self._condition(part, f"{pointer}/{group}/{index}", scope)
            if self.findings.count == before:
                code = "misplaced-secret" if error.hint == HOW_TO_USE_SECRETS else "bad-condition"
                self.findings.add(code, pointer + error.pointer, error.message, error.hint)
            return
        for reference in condition.references:
            place = pointer + reference.pointer
            asked = self.findings.at(place.rpartition("/")[0])
            lenient = isinstance(asked, Mapping) and asked.get("operator") in GUARDS
            self._reference(reference.path, place, scope, lenient=lenient)

    def _reference(
        self, path: tuple[Any, ...], pointer: str, scope: Scope, *, line: int = 1, lenient: bool = False
    ) -> None:
        root, rest = str(path[0]), path[1:]
        if root == "event" and rest[:1] == ("data",):
            if len(rest) > 1:
                self._data(str(rest[1]), rest[2:], pointer, line, scope)
        elif root in scope.loops:
            self._fields(root, rest, RUN_FIELDS.get(root, ()), pointer, line)
        elif root == "secrets":
            self.findings.add(
                "misplaced-secret", pointer, "A secret can stand only in an action's `config`.", line=line
            )
        elif root == "hold":
            self.findings.add(
                "outside-hold",
                pointer,
                "There is no hold here: `hold` exists only in what is sent about one.",
                line=line,
            )
        elif root == "variables":
            self._variable(rest, pointer, scope, line, lenient=lenient)
        elif root == "loop" or (root in self.names | {"item"} and root not in self._roots_known()):
            self.findings.add("outside-loop", pointer, f"`{root}` exists only inside of its `forEach`.", line=line)
        elif root in RUN_ROOTS:
            self._fields(root, rest, RUN_FIELDS.get(root, ()), pointer, line)
        else:
            self._data(root, rest, pointer, line, scope)

    def _variable(self, rest: tuple[Any, ...], pointer: str, scope: Scope, line: int, *, lenient: bool) -> None:
        if not rest:
            return
        name = str(rest[0])
        saved = scope.saved.get(name)
        if name not in self.variables:
            hint = nearest(name, self.variables) or ("no step has `saveAs`" if not self.variables else None)
            self.findings.add("unknown-variable", pointer, f"No step saves the variable {name!r}.", hint, line=line)
        elif saved is None:
            sentence = f"The variable {name!r} is not there yet: it is saved only later, or inside of a loop."
            self.findings.add(
                "saved-later", pointer, sentence, "a loop keeps values with `collect` and `saveAs`", line=line
            )
        elif not saved.certain and not lenient and not (saved.guards and saved.guards <= scope.guards):
            self.findings.add(
                "maybe-saved",
                pointer,
                f"The variable {name!r} is saved {saved.why}.",
                "else it is empty here",
                line=line,
            )
        given = self.variables.get(name)
        if given:
            self._fields(f"variables.{name}", rest[1:], tuple(sorted(given)), pointer, line)

    def _data(self, root: str, rest: tuple[Any, ...], pointer: str, line: int, scope: Scope) -> None:
        if self.roots is None:
            if self.event is not None and not self.open and root not in self._undeclared:
                self._undeclared.add(root)
                sentence = f"{root!r} cannot be checked: the event type {self.event} does not say what it brings."
                self.findings.add(
                    "undeclared-root",
                    pointer,
                    sentence,
                    f"declare it with trigger: {{event: {self.event}, data: [{root}]}}",
                    line=line,
                )
            return
        known = self.roots.get(root)
        if root in self.roots:
            self._fields(root, rest, tuple(known or ()), pointer, line)
            return
        hint = (
            f"write variables.{root}"
            if root in scope.saved
            else nearest(root, [*self.roots, *(name for name in RUN_ROOTS if name not in ("item", "loop", "hold"))])
        )
        sentence = f"There is no {root!r} here: {self.event} brings {', '.join(self.roots) or 'nothing'}."
        self.findings.add("unknown-root", pointer, sentence, hint, line=line)

    def _fields(self, root: str, rest: tuple[Any, ...], known: Iterable[str], pointer: str, line: int) -> None:
        names = list(known)
        if (
            names
            and rest
            and isinstance(rest[0], str)
            and rest[0] not in names
            and rest[0] not in ("size", "first", "last")
        ):
            self.findings.add(
                "unknown-field",
                pointer,
                f"`{root}` has no documented field {rest[0]!r}.",
                nearest(rest[0], names),
                line=line,
            )

    def _roots_known(self) -> Iterable[str]:
        """Return the roots that the event is known to have."""
        return self.roots or ()


def _roots(event: str | None, declared: Any) -> Mapping[str, Iterable[str]] | None:
    """Return the roots of the trigger's event with their fields (none: any); None where any root may be there."""
    known = known_roots(event) if event else None
    if isinstance(declared, list):
        own: dict[str, Iterable[str]] = {name: () for name in declared if isinstance(name, str)}
    elif isinstance(declared, Mapping) and isinstance(declared.get("properties"), Mapping):
        own = {name: _properties(schema) for name, schema in declared["properties"].items()}
    elif isinstance(declared, Mapping):
        return None
    else:
        return known
    return {**(known or {}), **own}


def _properties(schema: Any) -> tuple[str, ...]:
    inner = schema.get("properties") if isinstance(schema, Mapping) and "$ref" not in schema else None
    return tuple(inner) if isinstance(inner, Mapping) else ()


def _saved_in(block: list[Any], pointer: str) -> dict[str, str]:
    """Return the variables that a block saves for what follows it, with the place of each `saveAs`."""
    found: dict[str, str] = {}
    for index, step in enumerate(block):
        if isinstance(step, Mapping):
            place = f"{pointer}/{index}"
            if (name := _text(step, "saveAs")) is not None:
                found.setdefault(name, f"{place}/saveAs")
            if "forEach" not in step:
                for inner in blocks(step, place):
                    found = {**_saved_in(inner.steps, inner.pointer), **found}
    return found


def _picked(pick: Any) -> tuple[str, ...] | None:
    """Return the names that a step's `pick` gives what it keeps; None where it keeps one value."""
    return tuple(pick) if isinstance(pick, Mapping) else None


def _with(saved: Mapping[str, Saved], name: str | None) -> Mapping[str, Saved]:
    return saved if name is None else {**saved, name: Saved(certain=True)}


def _unsure(
    after: Mapping[str, Saved], before: Mapping[str, Saved], why: str, guards: frozenset[str] = frozenset()
) -> Mapping[str, Saved]:
    """Return what is known where a step may not have run: what only it has saved is no longer certain."""
    return {
        name: now
        if name in before and before[name].certain
        else before[name]
        if name in before and before[name] == now
        else Saved(certain=False, why=why, guards=guards | now.guards if now.certain or now.guards else frozenset())
        for name, now in after.items()
    }


def _merged(ways: list[tuple[End, frozenset[str]]], before: Mapping[str, Saved], label: str) -> Mapping[str, Saved]:
    if not ways:
        return before
    merged: dict[str, Saved] = {}
    for name in dict.fromkeys(name for end, _ in ways for name in end.saved):
        found = [(end.saved.get(name), guards) for end, guards in ways]
        certain = [guards for saved, guards in found if saved is not None and saved.certain]
        if len(certain) == len(ways):
            merged[name] = Saved(certain=True)
        elif name in before and all(saved == before[name] for saved, _ in found):
            merged[name] = before[name]
        else:
            guards = certain[0] if len(certain) == 1 else frozenset()
            merged[name] = Saved(certain=False, why=f"only on some ways through {label!r}", guards=guards)
    return merged


def _text(step: Mapping[str, Any], key: str) -> str | None:
    value = step.get(key)
    return value if isinstance(value, str) else None


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
