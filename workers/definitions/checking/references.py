"""Whether every reference finds something where it stands: a walk along the order of the steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.policies import PEOPLE, Written, effective, goes_on_after_failure, written
from workers.definitions.checking.saved import (
    End,
    Saved,
    VisibleNames,
    canonical,
    merged,
    saved_in,
    text_of,
    unsure,
    with_saved,
)
from workers.definitions.checking.values import Values
from workers.definitions.model.automation import kind_of
from workers.definitions.model.steps import blocks


class References:
    """Checks one definition.

    Args:
        findings: where problems go.
        syntaxes: syntax of text fields of a step's or notice's config, by its pointer.
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
        self.values = Values(findings, results)
        self._judged: dict[tuple[Any, ...], VisibleNames] = {}

    @property
    def secrets(self) -> frozenset[str]:
        """Return the names of the secrets that the definition uses."""
        return frozenset(self.values.secrets)

    def check(self) -> None:
        """Walk the whole definition."""
        data = self.findings.data
        self.values.condition(data.get("conditions"), "/conditions", VisibleNames())
        self.values.template(data.get("fairness"), "/fairness", VisibleNames())
        scope = VisibleNames().under(data.get("conditions"))
        if isinstance(data.get("paths"), list):
            self._paths(data, "", scope)
        if isinstance(data.get("actions"), list):
            self._block(data["actions"], "/actions", scope)
        judged = {pointer for pointer, *_ in self._judged}
        whole = written(data.get("approvals"), "/approvals")
        self._policy({key: said for key, said in whole.items() if said.pointer not in judged}, VisibleNames())

    def _block(self, block: list[Any], pointer: str, scope: VisibleNames) -> End:
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

    def _step(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> End:
        conditions = step.get("conditions")
        self.values.condition(conditions, f"{place}/conditions", scope)
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
        if goes_on_after_failure(step):
            why = f"only where {self.findings.name(place)!r} does not fail"
            end = End(unsure(end.saved, scope.saved, why), stops=end.stops and kind == "stop")
        if conditions is not None:
            why = f"only where the conditions of {self.findings.name(place)!r} hold"
            end = End(unsure(end.saved, scope.saved, why, frozenset([canonical(conditions)])), stops=False)
        return end

    def _action(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> End:
        self.values.template(
            step.get("config"), f"{place}/config", scope, syntaxes=self.syntaxes.get(place), secrets=True
        )
        policy = effective(self.findings.data, step, place)
        for key, said in policy.items():  # what the automation says is judged once for all steps that see the same
            if said.pointer.startswith(f"{place}/"):
                self._policy({key: said}, scope)
            elif self._judged.setdefault((said.pointer, id(scope.saved), scope.loops, scope.guards), scope) is scope:
                self._policy({key: said}, replace(scope, held=self.findings.name(place)))
        if place in self.background:
            if "saveAs" in step:
                sentence = "The step does not wait for its result, so there is nothing to save."
                self.findings.add(
                    "unsaved-result", f"{place}/saveAs", sentence, "leave out `saveAs`, or `parseResponse: false`"
                )
            return End(scope.saved, stops=False)
        end = End(with_saved(scope.saved, text_of(step, "saveAs")), stops=False)
        if "onExpiry" in policy and policy["onExpiry"].value == "skip":
            end = End(
                unsure(end.saved, scope.saved, f"only where {self.findings.name(place)!r} does not expire"), stops=False
            )
        return end

    def _policy(self, policy: Mapping[str, Written], scope: VisibleNames) -> None:
        """Check what a policy says about people, requests and notices."""
        for key, said in policy.items():
            if key in PEOPLE or key == "requester":
                self.values.template(said.value, said.pointer, scope)
            for index, part in enumerate(said.value if isinstance(said.value, list) else ()):
                place = f"{said.pointer}/{index}"
                if key == "bands" and isinstance(part, Mapping):
                    self.values.condition(part.get("when"), f"{place}/when", replace(scope, about="request"))
                    self.values.template(part.get("approvers"), f"{place}/approvers", scope)
                elif key == "notify" and isinstance(part, Mapping):
                    self.values.template(
                        part.get("config"),
                        f"{place}/config",
                        replace(scope, about="hold"),
                        syntaxes=self.syntaxes.get(place),
                        secrets=True,
                    )

    def _wait(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> End:
        if isinstance(step["wait"], Mapping):
            self.values.template(step["wait"].get("until"), f"{place}/wait/until", scope)
        return End(scope.saved, stops=False)

    def _stop(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> End:
        self.values.template(step.get("reason"), f"{place}/reason", scope)
        return End(scope.saved, stops=True)

    def _paths(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> End:
        paths = list(blocks({"paths": step["paths"]}, place))
        own = [saved_in(block.steps, block.pointer) for block in paths]
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

    def _branch(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> End:
        ways: list[tuple[End, frozenset[str]]] = []
        seen: set[str] = set()
        for index, case in enumerate(step["branch"] if isinstance(step["branch"], list) else ()):
            if not isinstance(case, Mapping):
                continue
            pointer, conditions = f"{place}/branch/{index}", case.get("conditions")
            self.values.condition(conditions, f"{pointer}/conditions", scope)
            same = canonical(conditions)
            if same in seen:
                sentence = "This way can never be taken: an earlier one has the same conditions."
                self.findings.add("unreachable-step", pointer, sentence)
            seen.add(same)
            actions = case.get("actions")
            end = self._block(
                actions if isinstance(actions, list) else [], f"{pointer}/actions", scope.under(conditions)
            )
            ways.append((end, frozenset([same])))
        otherwise = step.get("otherwise")
        last = self._block(otherwise if isinstance(otherwise, list) else [], f"{place}/otherwise", scope)
        ways.append((last, frozenset()))
        going_on = [(end, guards) for end, guards in ways if not end.stops]
        return End(merged(going_on, scope.saved, self.findings.name(place)), stops=not going_on)

    def _loop(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> End:
        self.values.whole(step["forEach"], f"{place}/forEach", scope)
        name = text_of(step, "as") or "item"
        actions = step.get("actions")
        inside = replace(scope, loops=scope.loops | {name, "loop"})
        end = self._block(actions if isinstance(actions, list) else [], f"{place}/actions", inside)
        if name != "item" and (name in self.values.event_roots or name in self.values.variables):
            other = "data of the event" if name in self.values.event_roots else "a variable"
            sentence = f"{name!r} is the name of {other} already."
            self.findings.add("reserved-name", f"{place}/as", sentence, "call the item something else")
        if ("collect" in step) != ("saveAs" in step):
            present, absent = ("collect", "saveAs") if "collect" in step else ("saveAs", "collect")
            sentence = f"`{present}` needs `{absent}`: one says what to keep of each item, the other under which name."
            self.findings.add("unsaved-result", f"{place}/{present}", sentence)
        if "collect" in step:
            self.values.whole(step["collect"], f"{place}/collect", replace(inside, saved=end.saved))
        return End(with_saved(scope.saved, text_of(step, "saveAs")), stops=False)
