"""The guide of one play: reads what a run cannot know, takes the ways that it is told to, and writes down the trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from activities.action import Action
from workers.rehearsal.explained.failing import rules_reached
from workers.rehearsal.explained.roles import BAND, Roles
from workers.rehearsal.explained.trace import Fork, ReachedStep
from workers.rehearsal.explained.unknown import mark, names, unknown_uses
from workers.rehearsal.explained.verdicts import undecided
from workers.rehearsal.record import base_id
from workflows import host
from workflows.language.condition import Condition, Verdict
from workflows.language.names import Reference
from workflows.language.template import Rendering, Template, compile_template
from workflows.plan import STATUSES
from workflows.program import ActionStep, WaitStep

OTHERWISE = "otherwise"
BESIDE_A_HOLD = ("step", "label", "actionType", "request", "digest", "firstRunId", "votes", "missing")
"""What of a hold says nothing that the step does not say."""

HANGS = "It hangs on what nobody knows yet."


class Guide:
    """Guides one play; the host's reader and watcher at once.

    Args:
        roles: what the templates and conditions of the program are for.
        script: the numbers of the ways to take, in order; behind its end the first.
        tells: whether anybody wants to know more than where it forked.

    Attributes:
        trace: what was reached, and the forks.
        forks: the forks, in order.
        unanswered: ids of steps of which nobody knows how they end.
        partial: instance ids of steps whose request needs what nobody knows.
        loops: instance ids of loops over a list that nobody knows.
    """

    def __init__(self, roles: Roles, script: Sequence[int] = (), *, tells: bool = True) -> None:
        self.roles = roles
        self.tells = tells
        self.script = script
        self.trace: list[ReachedStep | Fork] = []
        self.forks: list[Fork] = []
        self.unanswered: set[str] = set()
        self.partial: set[str] = set()
        self.loops: set[str] = set()
        self._reached: dict[str, ReachedStep] = {}
        self._taken: dict[tuple[str, str], int] = {}
        self._ways: dict[str, int] = {}
        self._holes: dict[str, set[str]] = {}

    # The watcher.

    def watch(self, what: str, **facts: Any) -> None:
        """Be told what a run finds out."""
        if what == host.BEGUN and self.tells:
            self.begun(facts["step"], host.now())

    def begun(self, name: str, at: datetime) -> None:
        """Write down that a step is reached."""
        step = self.roles.steps.get(base_id(name))
        again = any(what == "until" and name.startswith(f"{one}[") for one, what in self._taken)
        if step is not None and step.kind != "path" and not again:  # one pass is told where nobody knows how many
            self._reached[name] = ReachedStep(id=name, step=step, at=at)
            self.trace.append(self._reached[name])

    def held(self, step: str, hold: dict[str, Any]) -> None:
        """Write down that people are asked about a step."""
        if step in self._reached:
            self._reached[step].hold = {key: value for key, value in hold.items() if key not in BESIDE_A_HOLD}

    def shown(self, name: str) -> str:
        """Return an instance id as it is shown: `each[*].put` where nobody knows the list."""
        for loop in sorted(self.loops, key=len, reverse=True):
            if name.startswith(f"{loop}[0]."):
                name = f"{loop}[*].{name[len(loop) + 4 :]}"
        return name

    def is_partial(self, request: Mapping[str, Any] | None) -> bool:
        """Say whether a request is one that needs what nobody knows."""
        requests = (self._reached[step].request for step in self.partial)
        return request is not None and any(one is not None and one["config"] == request["config"] for one in requests)

    # The reader.

    def uses(self, references: Iterable[Reference], roots: Mapping[str, Any], step: str) -> list[Reference]:
        """Return the uses of roots in a step that need what nobody knows."""
        looping = any(step.startswith(f"{loop}[0].") for loop in self.loops)
        return unknown_uses(references, roots, self.unanswered, looping=looping)

    def render(self, template: Template, roots: Mapping[str, Any], step: str) -> Rendering | None:
        """Return what a template of a step gives; a text that needs what nobody knows stays as it is written."""
        if not self.tells and not self.unanswered:
            return None
        reached, role = self._reached.get(step), self.roles.of(template)
        uses = self.uses(template.references, roots, step)
        if uses and reached is not None and role.shown:
            reached.unknown += [name for name in names(uses) if name not in reached.unknown]
        if not uses:
            rendered = template.render(roots, host.now())
        elif role.otherwise is not None:
            if role.kind == "items":
                self.loops.add(step)
            return Rendering(role.otherwise(host.now()), [], [])
        else:
            rendered = self._partly(template, roots, {one.pointer for one in uses}, kept=role.kept)
        if role.kind == "config" and reached is not None and isinstance(reached.step, ActionStep):
            self._holes[step] = {one.pointer for one in uses}
            if uses:
                self.partial.add(step)
            secrets = [*rendered.secrets, *_secrets_in(template, {one.pointer for one in uses})]
            reached.request = {"actionType": reached.step.action, "config": rendered.value, "secrets": secrets}
        return rendered

    def _partly(self, template: Template, roots: Mapping[str, Any], holes: set[str], *, kept: bool) -> Rendering:
        """Render all texts but those at some places, which stay as they are written, or are marked as unknown."""
        if "" in holes:
            return Rendering(template.source if not kept else mark(), [], [])
        source = _replaced(template.source, "", dict.fromkeys(holes))
        syntax = {key: name for key, name in self.roles.syntax.get(id(template), {}).items() if key not in holes}
        rendered = compile_template(source, syntax, secrets=True).render(roots, host.now())
        texts = {pointer: mark() if kept else _at(template.source, pointer) for pointer in holes}
        return Rendering(_replaced(rendered.value, "", texts), rendered.secrets, rendered.missing)

    def judge(self, condition: Condition, roots: Mapping[str, Any], step: str) -> Verdict | None:
        """Return what a condition of a step comes to where nobody knows: what the way that is taken says."""
        if not self.tells and not self.unanswered:
            return None
        place = self.roles.place(condition)
        if isinstance(place, str) and place.startswith(BAND):
            roots = {**roots, "request": self._marked(roots["request"], step)}
        verdict = self._verdict(condition, roots, step)
        reached = self._reached.get(step)
        if reached is not None and place == "conditions":
            reached.conditions = verdict
            reached.runs = verdict["holds"] is not False
        if reached is not None and isinstance(place, int):
            return self._branch(reached, place, roots)
        if verdict["holds"] is not None:
            return None
        ways = [{"holds": True}, {"holds": False}]
        taken = self._choose(step, str(place), undecided(verdict), ways, before=place == "conditions")
        holds = bool(ways[taken]["holds"])
        if reached is not None and place == "conditions":
            reached.runs = holds
        return Verdict(holds, "" if holds else HANGS, [])

    def failure(self, step: str, action: Action) -> str | None:
        """Return the class of failure with which a step fails of which nobody knows how it ends; None: it succeeds.

        It is asked for steps that say what is done then, in actions; all iterations of one end alike.
        """
        name = base_id(step)
        known = self.roles.steps.get(name)
        reached = rules_reached(known, action) if isinstance(known, ActionStep) else []
        if not reached:
            self.unanswered.add(name)
            return None
        ways: list[dict[str, Any]] = [{"way": OTHERWISE, "failure": None}]
        ways += [{"way": number, "failure": failure} for number, failure in reached]
        taken = self._choose(name, "failure", [f"{STATUSES}.{name}.status"], ways, before=False)
        return None if taken == 0 else reached[taken - 1].failure

    def _marked(self, request: Mapping[str, Any], step: str) -> dict[str, Any]:
        """Return a request with a mark in the place of each text that needs what nobody knows."""
        holes = dict.fromkeys(self._holes.get(step, ()), mark())
        return {**request, "config": _replaced(request["config"], "", holes)}

    def event(self, step: str) -> dict[str, Any] | None:
        """Return a mark for the event that a step waits for, or None where its time is up."""
        waiting = self.roles.steps[base_id(step)]
        if not isinstance(waiting, WaitStep) or waiting.save_as is None:
            return mark()
        ways = [{"holds": True}, {"holds": False}]
        taken = self._choose(step, "event", [f"variables.{waiting.save_as}"], ways, before=False)
        return mark() if ways[taken]["holds"] else None

    def _verdict(self, condition: Condition, roots: Mapping[str, Any], step: str) -> dict[str, Any]:
        tree = self.roles.tree(condition)
        return tree.judge(roots, host.now(), lambda references, seen: self.uses(references, seen, step))

    def _branch(self, reached: ReachedStep, number: int, roots: Mapping[str, Any]) -> Verdict | None:
        """Judge one way of a branch; where nobody knows, all ways that are left are ways of one fork."""
        conditions = self.roles.branches[reached.step.id]
        if reached.id not in self._ways:
            verdicts = [self._verdict(condition, roots, reached.id) for condition in conditions]
            open_ways = list(_open(verdicts))
            reached.ways = [{"way": way, "conditions": verdict} for way, verdict in enumerate(verdicts)]
            chosen = open_ways[0]
            if len(open_ways) > 1:
                on = [name for way in verdicts for name in undecided(way)]
                ways = [{"way": way if way < len(conditions) else OTHERWISE} for way in open_ways]
                chosen = open_ways[self._choose(reached.id, "branch", list(dict.fromkeys(on)), ways, before=True)]
            self._ways[reached.id] = chosen
            reached.way = chosen if chosen < len(conditions) else OTHERWISE
        if reached.ways[number]["conditions"]["holds"] is not None:
            return None
        holds = number == self._ways[reached.id]
        return Verdict(holds, "" if holds else HANGS, [])

    def _choose(self, step: str, what: str, on: list[str], ways: list[dict[str, Any]], *, before: bool) -> int:
        """Return the number of the way to take; the same question gets the same answer all through a play."""
        if (step, what) not in self._taken:
            number = len(self.forks)
            taken = self.script[number] if number < len(self.script) else 0
            fork = Fork(step=self.shown(step), on=on, ways=ways, taken=taken)
            self.forks.append(fork)
            self._taken[step, what] = taken
            entry = self._reached.get(step)
            if before and entry is not None:
                self.trace.remove(entry)
                self.trace += [fork, entry]
            else:
                self.trace.append(fork)
        return self._taken[step, what]


def _open(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """Yield the numbers of the ways of a branch that may be taken; its `otherwise` is the last."""
    for number, verdict in enumerate(verdicts):
        if verdict["holds"] is not False:
            yield number
        if verdict["holds"]:
            return
    yield len(verdicts)


def _secrets_in(template: Template, holes: set[str]) -> list[dict[str, Any]]:
    """Return where secrets go in texts that stay as they are written."""
    return [
        {"path": use.pointer, "name": name} for use in template.secrets if use.pointer in holes for name in use.names
    ]


def _replaced(value: Any, pointer: str, texts: Mapping[str, Any]) -> Any:
    if pointer in texts:
        return texts[pointer]
    if isinstance(value, dict):
        return {key: _replaced(one, f"{pointer}/{_escaped(key)}", texts) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, f"{pointer}/{number}", texts) for number, one in enumerate(value)]
    return value


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
