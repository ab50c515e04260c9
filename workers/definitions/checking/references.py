"""Whether every reference finds something where it stands: a walk along the order of the steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from workers.definitions.checking.contracts import look_for_secrets
from workers.definitions.checking.emptiness import Emptiness
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.keyed import check_event_wait, check_per_key
from workers.definitions.checking.policies import (
    PEOPLE,
    PolicyValue,
    effective,
    goes_on_after_failure,
    written,
)
from workers.definitions.checking.saved import (
    BlockEnd,
    VisibleNames,
    canonical,
    merged,
    saved_by,
    saved_in,
    set_by,
    text_of,
    unsure,
    with_saved,
)
from workers.definitions.checking.steps import ConfigUses
from workers.definitions.checking.values import ValueChecks
from workers.definitions.model.automation import kind_of
from workers.definitions.model.steps import Block, blocks, reactions
from workers.definitions.model.vocabulary import RUN_ROOTS
from workers.definitions.used_headers import Use
from workflows.language.template import is_template
from workflows.plan import CONSTANTS, ENVIRONMENT


class References:
    """Checks one definition.

    Args:
        findings: where problems go.
        contracts: what the contracts of the actions say about the configs.
        results: keys of what an action gives, by its name, where they are known.
    """

    def __init__(
        self,
        findings: Findings,
        contracts: ConfigUses,
        results: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.findings = findings
        self.syntaxes = contracts.syntaxes
        self.background = set(contracts.background)
        self.open = set(contracts.open)
        self.emptiness = Emptiness(findings, set(contracts.effects))
        self.values = ValueChecks(findings, results, self.background)
        self._judged: dict[tuple[Any, ...], VisibleNames] = {}

    @property
    def secrets(self) -> frozenset[str]:
        """Return the names of the secrets that the definition uses."""
        return frozenset(self.values.secrets)

    @property
    def uses(self) -> frozenset[Use]:
        """Return what the definition uses of its variables."""
        return frozenset(self.values.uses)

    def check(self) -> None:
        """Walk the whole definition."""
        data = self.findings.data
        self.values.condition(data.get("conditions"), "/conditions", VisibleNames())
        self._once(data.get("trigger"))
        self.values.template(data.get("fairness"), "/fairness", VisibleNames())
        check_per_key(self.values, data.get("perKey"), data.get("trigger"))
        scope = VisibleNames().under(data.get("conditions"))
        if isinstance(data.get("paths"), list):
            self._paths(data, "", scope)
        if isinstance(data.get("actions"), list):
            self._block(data["actions"], "/actions", scope)
        body = {key: data[key] for key in ("actions", "paths") if key in data}
        saved = self.emptiness.perhaps(saved_by(body, ""), "only where the run came so far")
        for block in reactions(data, ""):
            self._block(block.steps, block.pointer, replace(scope, saved=saved, given=frozenset(["failure"])))
        self.values.template(data.get("result"), "/result", replace(scope, saved=saved), lenient=True)
        judged = {pointer for pointer, *_ in self._judged}
        whole = written(data.get("approvals"), "/approvals")
        self._policy({key: value for key, value in whole.items() if value.pointer not in judged}, VisibleNames())

    def _once(self, trigger: Any) -> None:
        once = trigger.get("once") if isinstance(trigger, Mapping) else None
        if not isinstance(once, str) or not once:
            return
        pointer = "/trigger/once"
        before = self.findings.count
        roots = self.values.roots_of(once)
        before_runs = {"event", CONSTANTS, ENVIRONMENT, *self.values.event_roots}
        own = [name for name in roots if name in RUN_ROOTS and name not in before_runs]
        for name in own:
            sentence = f"{name!r} says nothing about the event: `once` is rendered before there is a run."
            self.findings.add("bad-once", pointer, sentence, "use `event` and what its data brings")
        if not own:
            self.values.template(once, pointer, VisibleNames())
        if not set(roots) - {CONSTANTS, ENVIRONMENT} and self.findings.count == before:
            sentence = "This uses nothing of the event, so that every event would be the same one."
            self.findings.add("bad-once", pointer, sentence, 'write once: "{{event.source}}/{{event.id}}", or such')

    def _block(self, block: list[Any], pointer: str, scope: VisibleNames) -> BlockEnd:
        stops = warned = False
        for index, step in enumerate(block):
            if not isinstance(step, Mapping):
                continue
            place = f"{pointer}/{index}"
            if stops and not warned:
                self.findings.add(
                    "unreachable-step", place, "This step can never be reached: the run has stopped before it."
                )
                warned = True
            end = self._step(step, place, scope)
            if kind_of(step) == "stop":
                rest = ((f"{pointer}/{n}", block[n]) for n in range(index + 1, len(block)))
                self.emptiness.check(step.get("conditions"), f"{place}/conditions", scope, rest, negated=True)
            stops = stops or end.stops
            scope = replace(scope, saved=end.saved)
        return BlockEnd(scope.saved, stops)

    def _step(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        conditions = step.get("conditions")
        self.values.condition(conditions, f"{place}/conditions", scope)
        kind = kind_of(step)
        inside = scope.under(conditions)
        self.emptiness.check(conditions, f"{place}/conditions", scope, [(place, step)])
        visit = {
            "actionType": self._action,
            "paths": self._paths,
            "branch": self._branch,
            "wait": self._wait,
            "forEach": self._loop,
            "repeat": self._repeat,
            "set": self._set,
            "stop": self._stop,
        }.get(kind or "")
        if visit is None:
            for block in blocks(step, place):
                self._block(block.steps, block.pointer, inside)
            return BlockEnd(scope.saved, stops=False)
        end = visit(step, place, inside)
        if goes_on_after_failure(step) and not _reacts(step):
            why = f"only where {self.findings.name(place)!r} does not fail"
            end = BlockEnd(unsure(end.saved, scope.saved, why), stops=end.stops and kind == "stop")
        end = self.emptiness.after(step, place, end)
        if conditions is not None:
            why = f"only where the conditions of {self.findings.name(place)!r} hold"
            end = BlockEnd(unsure(end.saved, scope.saved, why, frozenset([canonical(conditions)])), stops=False)
        return end

    def _action(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        self.values.template(
            step.get("config"),
            f"{place}/config",
            scope,
            syntaxes=self.syntaxes.get(place),
            secrets=place not in self.open,
        )
        policy = effective(self.findings.data, step, place)
        for key, value in policy.items():  # what the automation says is judged once for all steps that see the same
            if value.pointer.startswith(f"{place}/"):
                self._policy({key: value}, scope)
            elif self._judged.setdefault((value.pointer, id(scope.saved), scope.given, scope.guards), scope) is scope:
                self._policy({key: value}, replace(scope, held=self.findings.name(place)))
        ends = {
            block.pointer: self._block(
                block.steps, block.pointer, replace(scope, given=scope.given | _seen_in(block, place))
            )
            for block in reactions(step, place)
        }
        if place in self.background:
            return self._behind(step, place, scope)
        end = BlockEnd(with_saved(scope.saved, text_of(step, "saveAs")), stops=False)
        if ends:
            end = self._after_reactions(step, place, scope, end, ends)
        if "onExpiry" in policy and policy["onExpiry"].value == "skip":
            end = BlockEnd(
                unsure(end.saved, scope.saved, f"only where {self.findings.name(place)!r} does not expire"), stops=False
            )
        return end

    def _behind(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        """Return what is known after a step that nothing waits for."""
        if "saveAs" in step:
            sentence = "The step does not wait for its result, so there is nothing to save."
            self.findings.add(
                "unsaved-result", f"{place}/saveAs", sentence, "leave out `saveAs`, or `parseResponse: false`"
            )
        why = f"beside, where {self.findings.name(place)!r} fails, perhaps later"
        perhaps = {
            name: at for block in reactions(step, place) for name, at in saved_in(block.steps, block.pointer).items()
        }
        return BlockEnd({**self.emptiness.perhaps(perhaps, why), **scope.saved}, stops=False)

    def _after_reactions(
        self, step: Mapping[str, Any], place: str, scope: VisibleNames, end: BlockEnd, ends: Mapping[str, BlockEnd]
    ) -> BlockEnd:
        """Return what is known after a step whose end actions follow: on each way on which its block goes on."""
        label, on_failure = self.findings.name(place), step.get("onFailure")
        ways = [(end, frozenset[str]())]
        if on_failure == "continue":
            ways.append((BlockEnd(scope.saved, stops=False), frozenset()))
        for index, rule in enumerate(on_failure if isinstance(on_failure, list) else ()):
            if isinstance(rule, Mapping) and rule.get("do") == "continue":
                after = ends.get(f"{place}/onFailure/{index}/actions", BlockEnd(scope.saved, stops=False))
                ways.append((after, frozenset()))
        perhaps = self.emptiness.perhaps(saved_by(step, place), f"only where {label!r} does not succeed")
        return BlockEnd(
            {**perhaps, **merged([way for way in ways if not way[0].stops], scope.saved, label)}, stops=False
        )

    def _policy(self, policy: Mapping[str, PolicyValue], scope: VisibleNames) -> None:
        """Check what a policy says about people, requests and notices."""
        for key, value in policy.items():
            if key in PEOPLE or key == "requester":
                self.values.template(value.value, value.pointer, scope)
            for index, part in enumerate(value.value if isinstance(value.value, list) else ()):
                place = f"{value.pointer}/{index}"
                if key == "bands" and isinstance(part, Mapping):
                    self.values.condition(part.get("when"), f"{place}/when", replace(scope, about="request"))
                    self.values.template(part.get("approvers"), f"{place}/approvers", scope)
                elif key == "notify" and isinstance(part, Mapping):
                    self.values.template(
                        part.get("config"),
                        f"{place}/config",
                        replace(scope, about="hold"),
                        syntaxes=self.syntaxes.get(place),
                        secrets=place not in self.open,
                    )

    def _wait(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        wait = step["wait"]
        if isinstance(wait, Mapping) and "event" in wait:
            check_event_wait(self.values, wait, f"{place}/wait", scope)
        elif isinstance(wait, Mapping):
            self.values.template(wait.get("until"), f"{place}/wait/until", scope)
        elif isinstance(wait, str) and is_template(wait):
            self.values.whole(wait, f"{place}/wait", scope)
        return BlockEnd(with_saved(scope.saved, text_of(step, "saveAs")), stops=False)

    def _set(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        self.values.template(step["set"], f"{place}/set", scope)
        if isinstance(step["set"], Mapping):
            look_for_secrets(step["set"], f"{place}/set", self.findings)
        return BlockEnd(with_saved(scope.saved, *set_by(step, place)), stops=False)

    def _stop(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        self.values.template(step.get("reason"), f"{place}/reason", scope)
        return BlockEnd(scope.saved, stops=True)

    def _paths(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        paths = list(blocks({"paths": step["paths"]}, place))
        if step.get("first") is True:  # each has variables of its own, until one has won
            won = [(self._block(block.steps, block.pointer, scope), frozenset[str]()) for block in paths]
            return BlockEnd(merged(won, scope.saved, self.findings.name(place)), stops=False)
        own = [saved_in(block.steps, block.pointer) for block in paths]
        writers: dict[str, int] = {}
        for index, variables in enumerate(own):
            for name, pointer in variables.items():
                if writers.setdefault(name, index) != index:
                    sentence = f"Two parallel paths save to {name!r}; which of them comes last is chance."
                    self.findings.add("shared-variable", pointer, sentence, "give each its own name")
        ends = []
        places = {name: place for variables in own[::-1] for name, place in variables.items()}
        elsewhere = self.emptiness.perhaps(places, "beside, in a parallel path, perhaps later")
        for index, block in enumerate(paths):
            beside = {name for other, variables in enumerate(own) if other != index for name in variables}
            saved = dict(scope.saved)
            for name in sorted(beside - set(own[index])):
                if name not in saved or not saved[name].certain:
                    saved[name] = elsewhere[name]
            end = self._block(block.steps, block.pointer, replace(scope, saved=saved))
            ends.append((end, own[index]))
        after = dict(scope.saved)
        for end, variables in ends:
            after.update({name: end.saved[name] for name in variables if name in end.saved})
        # where one path stops the run, what follows still says where the others lead
        return BlockEnd(after, stops=False)

    def _branch(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        ways: list[tuple[BlockEnd, frozenset[str]]] = []
        seen: set[str] = set()
        for index, case in enumerate(step["branch"] if isinstance(step["branch"], list) else ()):
            if not isinstance(case, Mapping):
                continue
            pointer, conditions = f"{place}/branch/{index}", case.get("conditions")
            self.values.condition(conditions, f"{pointer}/conditions", scope)
            mine = (one for one in _inside(step, place) if one[0].startswith(f"{pointer}/"))
            after = (one for one in _inside(step, place) if _comes_after(one[0], f"{place}/branch", index))
            self.emptiness.check(conditions, f"{pointer}/conditions", scope, mine)
            self.emptiness.check(conditions, f"{pointer}/conditions", scope, after, negated=True)
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
        return BlockEnd(merged(going_on, scope.saved, self.findings.name(place)), stops=not going_on)

    def _loop(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        self.values.whole(step["forEach"], f"{place}/forEach", scope)
        name = text_of(step, "as") or "item"
        actions = step.get("actions")
        inside = replace(scope, given=scope.given | {name, "loop"})
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
        return BlockEnd(with_saved(scope.saved, text_of(step, "saveAs")), stops=False)

    def _repeat(self, step: Mapping[str, Any], place: str, scope: VisibleNames) -> BlockEnd:
        actions = step["repeat"] if isinstance(step["repeat"], list) else []
        pointer = f"{place}/repeat"
        earlier = self.emptiness.perhaps(saved_in(actions, pointer), "only by an earlier pass")
        inside = replace(scope, given=scope.given | {"loop"}, saved={**earlier, **scope.saved})
        end = self._block(actions, pointer, inside)
        if actions:
            self.values.condition(step.get("until"), f"{place}/until", replace(inside, saved=end.saved))
        return end


def _inside(step: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    """Yield the steps directly inside of a step, each with its place."""
    for block in blocks(step, place):
        yield from ((f"{block.pointer}/{n}", one) for n, one in enumerate(block.steps))


def _comes_after(place: str, branch: str, way: int) -> bool:
    """Say whether a step of a branch runs only where neither this way nor an earlier one was taken."""
    return not place.startswith(f"{branch}/") or int(place.removeprefix(f"{branch}/").partition("/")[0]) > way


def _reacts(step: Mapping[str, Any]) -> bool:
    """Say whether actions of its own follow how a step ends."""
    return next(reactions(step, ""), None) is not None


def _seen_in(block: Block, place: str) -> frozenset[str]:
    """Return the names that exist only in a block of actions that follow a step's end."""
    return frozenset(["failure"] if block.pointer.startswith(f"{place}/onFailure/") else [])
