"""Whether a template or condition can be read, and whether every reference in it finds something at its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from workers.definitions.checking.collected import CollectedInputs
from workers.definitions.checking.constants import absent
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.hours import ANY_HOURS, with_sound_hours
from workers.definitions.checking.known_fields import RUN_FIELDS, roots_of
from workers.definitions.checking.known_values import KnownValues
from workers.definitions.checking.negations import doubts
from workers.definitions.checking.saved import VisibleNames, set_by, text_of
from workers.definitions.checking.statuses import Statuses
from workers.definitions.environments import begins_unfilled, declared
from workers.definitions.model.steps import escape, steps
from workers.definitions.model.vocabulary import RUN_ROOTS
from workers.definitions.problems import listed, nearest
from workers.definitions.used_headers import Use, variables_in
from workflows.event import FIRED
from workflows.language.condition import ConditionError, compile_condition
from workflows.language.names import HOW_TO_USE_SECRETS, SECRETS, Reference, written
from workflows.language.template import Template, TemplateSyntaxError, compile_expression, compile_template
from workflows.plan import CONSTANTS, ENVIRONMENT, STATUSES
from workflows.waited import WANTED

PLACED = ("item", "loop", "hold", "failure")
"""Roots that exist only at some places."""

OUTSIDE: Mapping[str, tuple[str, str]] = {
    SECRETS: ("misplaced-secret", "A secret can stand only in an action's `config`."),
    "hold": ("outside-hold", "There is no hold here: `hold` exists only in what is sent about one."),
    WANTED: ("unknown-root", "There is no `wanted` here: it exists only in the `where` of a `wait` for an event."),
    "failure": ("outside-failure", "There is no failure here: `failure` exists only in the `actions` that follow one."),
}
"""What is wrong where a root is used that exists only at some places."""

GUARDS = ("exists", "is_empty")
"""Operators that ask whether a variable is there, so that it need not be."""

WHOLE = 2
"""Segments of the path to a whole variable: that it is there says nothing of what it holds."""


class ValueChecks:
    """Checks the values of one definition.

    Args:
        findings: where problems go.
        results: keys of what an action gives, by its name, where they are known.
        background: pointers of steps that nothing waits for.
    """

    def __init__(self, findings: Findings, results: Mapping[str, tuple[str, ...]], background: Collection[str]) -> None:
        self.findings = findings
        self.statuses = Statuses(findings, background)
        trigger = findings.data.get("trigger")
        self.event = event_type(trigger)
        self.declared = trigger.get("data") if isinstance(trigger, Mapping) else None
        self.roots = roots_of(self.event, self.declared)
        self.open = isinstance(self.declared, Mapping)
        self.inputs = CollectedInputs(findings, self.event, self.roots)
        self.known_values = KnownValues(findings, self.event, self.declared)
        self.constants = findings.data.get(CONSTANTS)
        self.environment = declared(findings.data.get("environment"))
        hours = findings.data.get("hours")
        self.hours = dict.fromkeys(hours, ANY_HOURS) if isinstance(hours, Mapping) else {}
        self.secrets: set[str] = set()
        self.uses: set[Use] = set()
        self.variables: dict[str, set[str] | None] = {}
        self.names: set[str] = set()
        self._undeclared: set[str] = set()
        self._read: dict[str, list[tuple[Reference, bool]]] = {}
        for place, step, _ in steps(findings.data):
            if (variable := text_of(step, "saveAs")) is not None:
                given = results.get(text_of(step, "actionType") or "") if "pick" not in step else _picked(step["pick"])
                self._note(variable, given)
            for variable in set_by(step, place):
                self._note(variable, tuple(step["set"][variable]) if _has_keys(step["set"][variable]) else None)
            if "forEach" in step:
                self.names.add(text_of(step, "as") or "item")

    def _note(self, variable: str, given: tuple[str, ...] | None) -> None:
        """Note the keys of what is saved to a variable; None where they are not known."""
        known = self.variables.setdefault(variable, set())
        self.variables[variable] = None if given is None or known is None else known | set(given)

    @property
    def event_roots(self) -> Iterable[str]:
        """Return the roots that the event is known to have."""
        return self.roots or ()

    @staticmethod
    def roots_of(text: str) -> list[str]:
        """Return the roots that a template uses, each once; none where it cannot be read, which is told elsewhere."""
        try:
            references = compile_template(text).references
        except TemplateSyntaxError:
            return []
        return list(dict.fromkeys(str(reference.path[0]) for reference in references))

    def whole(self, value: Any, pointer: str, scope: VisibleNames) -> None:
        """Check a value that must be one expression, so that it keeps its type."""
        before = self.findings.count
        self.template(value, pointer, scope)
        if isinstance(value, str) and self.findings.count == before:
            try:
                compile_expression(value)
            except TemplateSyntaxError as error:
                self.findings.add("not-one-template", pointer, str(error), error.hint)

    def template(  # noqa: PLR0913 # what a value is, by name
        self,
        value: Any,
        pointer: str,
        scope: VisibleNames,
        *,
        syntaxes: Mapping[str, Any] | None = None,
        secrets: bool = False,
        lenient: bool = False,
    ) -> None:
        """Check a value that may hold templates at any depth; one that cannot be read does not hide the others.

        Where it is `lenient`, it may use variables that are saved only on some ways.
        """
        if pointer in self._read:
            self._again(pointer, scope)
            return
        template = self._compiled(value, pointer, scope, syntaxes, secrets=secrets)
        if template is None:
            self._judge(pointer, [], scope)
            return
        for use in template.secrets:
            self.secrets.update(use.names)
            hosts = [one for one in template.templated_hosts if not self._is_lacking(pointer + one)]
            if hosts:
                host = hosts[0].removeprefix("/")
                sentence = f"The host of `{host}` is decided by data: whoever controls it would get the secret."
                hint = "write the host itself followed by `/`, and templates only after it"
                self.findings.add("exposed-secret", pointer + use.pointer, sentence, hint, line=use.line + 1)
        self.uses.update(variables_in(template.references))
        self._judge(pointer, [(reference, lenient) for reference in template.references], scope)

    def _is_lacking(self, pointer: str) -> bool:
        """Say whether an address begins with a value that its environment lacks, which is told elsewhere."""
        own = bool(self.environment) or ENVIRONMENT not in self.event_roots
        return own and begins_unfilled(self.findings.at(pointer))

    def _compiled(
        self, value: Any, pointer: str, scope: VisibleNames, syntaxes: Mapping[str, Any] | None, *, secrets: bool
    ) -> Template | None:
        try:
            return compile_template(value, syntaxes, secrets=secrets)
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
                self.template(child, pointer + at, scope, syntaxes=inner, secrets=secrets)
            if self.findings.count == before:  # it is this text, or only the whole that is too large
                code = "misplaced-secret" if error.hint == HOW_TO_USE_SECRETS else "bad-template"
                self.findings.add(code, pointer + error.pointer, str(error), error.hint, line=error.line + 1)
            return None

    def condition(self, conditions: Any, pointer: str, scope: VisibleNames) -> None:
        """Check conditions, if there are any; a test that cannot be read does not hide the others."""
        if conditions is None:
            return
        if pointer in self._read:
            self._again(pointer, scope)
            return
        sound = with_sound_hours(conditions, pointer, self.findings)
        try:
            references = compile_condition(sound, self.hours).references
        except ConditionError as error:
            references = ()
            before = self.findings.count
            for group in ("all", "any"):
                parts = conditions.get(group) if isinstance(conditions, Mapping) else None
                for index, part in enumerate(parts if isinstance(parts, list) else ()):
                    self.condition(part, f"{pointer}/{group}/{index}", scope)
            if self.findings.count == before:
                code = "misplaced-secret" if error.hint == HOW_TO_USE_SECRETS else error.code
                self.findings.add(code, pointer + error.pointer, error.message, error.hint)
        else:
            for doubt in doubts(conditions, scope.guards, self.declared):
                path = written(doubt.path)
                sentence = f"Where `{path}` is missing, {doubt.phrase} holds all the same."
                self.findings.add(
                    "maybe-missing",
                    pointer + doubt.pointer,
                    sentence,
                    f"ask for it besides: {{field: {path}, operator: exists}}",
                )
        places = [(self.findings.at((pointer + one.pointer).rpartition("/")[0]), one) for one in references]
        self.statuses.check_words(places, pointer)
        self.known_values.check(places, pointer, scope.given)
        found = [(one, isinstance(test, Mapping) and test.get("operator") in GUARDS) for test, one in places]
        self.uses.update(variables_in(one for one, guards in found if not guards or len(one.path) != WHOLE))
        self._judge(pointer, found, scope)

    def _judge(self, pointer: str, references: list[tuple[Reference, bool]], scope: VisibleNames) -> None:
        """Judge references, each lenient or not; where a policy counts at many places, keep what they decide."""
        for reference, lenient in references:
            self._reference(reference.path, pointer + reference.pointer, scope, reference.line + 1, lenient=lenient)
        if scope.held is not None:
            placed = {"variables", "item", "loop", *self.names}
            self._read[pointer] = list(dict.fromkeys(one for one in references if one[0].path[0] in placed))

    def _again(self, pointer: str, scope: VisibleNames) -> None:
        """Judge once more, at another place, what depends on it."""
        for reference, lenient in self._read[pointer]:
            self._reference(reference.path, pointer + reference.pointer, scope, reference.line + 1, lenient=lenient)

    def _reference(  # noqa: C901 # one way per kind of root
        self, path: tuple[Any, ...], pointer: str, scope: VisibleNames, line: int, *, lenient: bool
    ) -> None:
        root, rest = str(path[0]), path[1:]
        if root == "event" and rest[:1] == ("data",):
            if len(rest) > 1:
                self._data(str(rest[1]), rest[2:], pointer, line, scope)
        elif root in scope.given or root == scope.about:
            self._fields(root, rest, RUN_FIELDS.get(root, ()), pointer, line)
        elif root in OUTSIDE and (root == SECRETS or root not in self.event_roots):
            code, sentence = OUTSIDE[root]
            self.findings.add(code, pointer, sentence, line=line)
        elif root == "variables":
            self._variable(rest, pointer, scope, line, lenient=lenient)
        elif root == CONSTANTS and (self.constants is not None or root not in self.event_roots):
            self._constant(rest, pointer, line)
        elif root == ENVIRONMENT and (self.environment or root not in self.event_roots):
            self._environment(rest, pointer, line)
        elif root == STATUSES:
            self._status(rest, pointer, line)
        elif root == "loop" or (root in self.names | {"item"} and root not in self.event_roots):
            sentence = _where(scope, f"`{root}` exists only inside of its `forEach`.")
            self.findings.add("outside-loop", pointer, sentence, line=line)
        elif root in RUN_ROOTS:
            self._fields(root, rest, RUN_FIELDS.get(root, ()), pointer, line)
        else:
            self._data(root, rest, pointer, line, scope)

    def _status(self, rest: tuple[Any, ...], pointer: str, line: int) -> None:
        if self.statuses.known(rest, pointer, line):
            self._fields(f"{STATUSES}.{rest[0]}", rest[1:], ("status",), pointer, line)

    def _constant(self, rest: tuple[Any, ...], pointer: str, line: int) -> None:
        if (fault := absent(self.constants, rest)) is not None:
            self.findings.add("unknown-constant", pointer, fault.sentence, fault.hint, line=line)

    def _environment(self, rest: tuple[Any, ...], pointer: str, line: int) -> None:
        if rest and rest[0] in self.environment:
            return
        what = f"`{ENVIRONMENT}.{rest[0]}`" if rest else f"`{ENVIRONMENT}`, which data would have to choose from"
        hint = (nearest(rest[0], self.environment) if rest else None) or (
            f"`environment` names {listed(self.environment)}"
            if self.environment
            else f"write environment: [{rest[0] if rest else 'shop'}] at the top of the file"
        )
        self.findings.add("unknown-root", pointer, f"The automation names no value {what}.", hint, line=line)

    def _variable(self, rest: tuple[Any, ...], pointer: str, scope: VisibleNames, line: int, *, lenient: bool) -> None:
        if not rest:
            return
        name = str(rest[0])
        saved = scope.saved.get(name)
        if name not in self.variables:
            hint = nearest(name, self.variables) or ("no step has `saveAs` or `set`" if not self.variables else None)
            self.findings.add("unknown-variable", pointer, f"No step saves the variable {name!r}.", hint, line=line)
        elif saved is None:
            sentence = f"The variable {name!r} is not there yet: it is saved only later, or inside of a loop."
            hint = "a loop keeps values with `collect` and `saveAs`"
            self.findings.add("saved-later", pointer, _where(scope, sentence), hint, line=line)
        elif not saved.certain and not lenient and not (saved.guards and saved.guards <= scope.guards):
            sentence = f"The variable {name!r} is saved {saved.why}."
            self.findings.add("maybe-saved", pointer, _where(scope, sentence), "else it is empty here", line=line)
        given = self.variables.get(name)
        if given:
            self._fields(f"variables.{name}", rest[1:], tuple(sorted(given)), pointer, line)

    def _data(self, root: str, rest: tuple[Any, ...], pointer: str, line: int, scope: VisibleNames) -> None:
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
            if root == "input":
                self.inputs.check(rest, pointer, line)
            self._fields(root, rest, self.inputs.known if root == "input" else tuple(known or ()), pointer, line)
            return
        hint = (
            f"write variables.{root}"
            if root in scope.saved
            else "the request is known only to the `when` of `bands`"
            if root == "request"
            else nearest(root, [*self.roots, *(name for name in RUN_ROOTS if name not in PLACED)])
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
        if rest and (inner := RUN_FIELDS.get(f"{root}.{rest[0]}")):
            self._fields(f"{root}.{rest[0]}", rest[1:], inner, pointer, line)


def event_type(trigger: Any) -> str | None:
    """Return the type of the events that start an automation with such a trigger, or None where it does not say."""
    if not isinstance(trigger, Mapping):
        return None
    if trigger.get("schedule") is not None:
        return FIRED
    return trigger["event"] if isinstance(trigger.get("event"), str) else None


def _where(scope: VisibleNames, sentence: str) -> str:
    """Return a sentence that says for which step it is true, where it is about the automation's own policy."""
    return sentence if scope.held is None else f"Where {scope.held!r} is held: {sentence}"


def _has_keys(value: Any) -> bool:
    """Say whether a value of `set` is an object that its author wrote out."""
    return isinstance(value, Mapping) and bool(value)


def _picked(pick: Any) -> tuple[str, ...] | None:
    """Return the names that a step's `pick` gives what it keeps; None where it keeps one value."""
    return tuple(pick) if isinstance(pick, Mapping) else None
