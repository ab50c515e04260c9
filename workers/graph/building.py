"""Makes a picture from a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trunkline.durations import spell
from workers.graph.model import Block, Box, Graph, GraphItem, GraphWay, Kind, connect
from workers.graph.words import condition, people, waiting
from workflows.plan import Plan

Step = Mapping[str, Any]
OUTCOMES = {"completed": "ends completed", "failed": "ends failed", "rejected": "ends rejected"}
OPERATORS = "do it again, go on without it, or end it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is known of a step besides its definition: how it went in a run, or how tests cover it.

    Attributes:
        name: class of its box.
        facts: lines for its box.
    """

    name: str
    facts: tuple[str, ...] = ()


NO_MARKS: Mapping[str, Mark] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What stands at the top of a picture.

    Attributes:
        title: what starts the automation: the type of an event, or a schedule.
        facts: lines below it.
    """

    title: str
    facts: tuple[str, ...] = ()


def graph_of(plan: Plan, beginning: Beginning, marks: Mapping[str, Mark] = NO_MARKS) -> Graph:
    """Return the picture of a plan.

    Args:
        plan: the plan; not changed.
        beginning: what stands at its top.
        marks: what is known of steps and paths besides, by their ids.
    """
    return _Builder(plan, marks).graph(beginning)


class _Builder:
    def __init__(self, plan: Plan, marks: Mapping[str, Mark]) -> None:
        self.plan = plan
        self.marks = marks
        self.approvals: Mapping[str, Any] = plan.get("approvals", {})
        self.taken = {*ids([*plan["block"], *plan.get("onFailure", [])])}

    def graph(self, beginning: Beginning) -> Graph:
        """Return the whole picture."""
        facts = (f"if {condition(self.plan['conditions'])}",) if "conditions" in self.plan else ()
        facts = (*facts, *beginning.facts)
        begin = Box(id=self.unique("trigger"), kind="trigger", title=beginning.title, facts=facts)
        block = self.scope((GraphItem(box=begin), *self.block(self.plan["block"])))
        after: Block = ()
        if "onFailure" in self.plan:
            box = Box(id=self.unique("on-failure"), kind="failed", title="Once the run has failed")
            after = (GraphItem(box=box, inside=(self.scope(self.block(self.plan["onFailure"])),)),)
        return Graph(self.plan["automation"], block, after)

    def scope(self, block: Block) -> Block:
        """Add an end to the blocks of a box, where a line that says when leads there."""
        leaving = connect(block, [], [])
        if not any(one.label or one.dashed for one in leaving):
            return block
        return (*block, GraphItem(box=Box(id=self.unique("done"), kind="end", title="Done"), on=False))

    def block(self, steps: list[Any]) -> Block:
        """Return the boxes of a list of steps."""
        return tuple(map(self.step, steps))

    def step(self, step: Step) -> GraphItem:
        """Return a step with what is known of it besides."""
        made = {
            "paths": self.paths,
            "branch": self.branch,
            "forEach": self.loop,
            "passes": self.repetition,
            "wait": self.wait,
            "set": self.values,
            "stop": self.stop,
        }
        item = next((make for key, make in made.items() if key in step), self.action)(step)
        conditional = "conditions" in step
        facts = (f"if {condition(step['conditions'])}",) if conditional else ()
        mark = self.marks.get(step["id"])
        box = replace(item.box, facts=(*facts, *item.box.facts, *(mark.facts if mark else ())))
        if mark is not None:
            box = replace(box, classes=(*box.classes, mark.name))
        item = replace(item, box=box)
        if conditional and not connect((item,), [], []):  # where it is skipped, it goes on all the same
            if item.ways:
                return replace(item, ways=(*item.ways, GraphWay(label="skipped")))
            return replace(item, on=True, label="otherwise")
        return item

    def action(self, step: Step) -> GraphItem:
        """Return an action: one that is held shows who decides."""
        kind: Kind = "call" if "calls" in step else "action"
        facts: tuple[str, ...] = (step["action"],) if step["action"] != step["label"] else ()
        classes: tuple[str, ...] = ()
        who = ""
        if "approval" in step:
            approval = {**self.approvals, **step["approval"]}
            expiry = (f"expires after {spell(approval['expiresAfter'])}",) if "expiresAfter" in approval else ()
            kind, who, facts, classes = "hold", people(approval), (*facts, *expiry), ("hold",)
        box = Box(id=step["id"], kind=kind, title=step["label"], who=who, facts=facts, classes=classes)
        return GraphItem(box=box, ways=(*self.failures(step), *self.refusal(step)))

    def failures(self, step: Step) -> Iterator[GraphWay]:
        """Yield what follows a failure of a step."""
        found = step.get("onFailure")
        if isinstance(found, str):
            found = [{"when": ["any"], "do": found}]
        for rule in found or []:
            classes, do, block = ", ".join(rule["when"]), rule["do"], self.block(rule.get("block", []))
            match do:
                case "retry":
                    count, delay = rule.get("attempts", 3), spell(rule.get("delay", 60_000))
                    yield GraphWay(label=f"{classes}: again, {count} times, {delay} apart", dashed=True, after="again")
                case "continue":
                    yield GraphWay(label=classes, block=block, dashed=True)
                case "hold":
                    yield GraphWay(label=classes, block=(*block, self.operators(step)), dashed=True, after="nothing")
                case _:
                    yield GraphWay(label=classes, block=block or (self.failed(step),), dashed=True, after="nothing")

    def refusal(self, step: Step) -> Iterator[GraphWay]:
        """Yield what follows where people refuse a step."""
        if "onRejected" in step:
            yield GraphWay(label="rejected", block=self.block(step["onRejected"]), dashed=True, after="nothing")

    def operators(self, step: Step) -> GraphItem:
        """Return the people who decide about a failure."""
        approval = {**self.approvals, **step.get("approval", {})}
        who = ", ".join(approval.get("operators") or ["Operators"])
        name = self.unique(f"{step['id']}-operators")
        return GraphItem(box=Box(id=name, kind="operators", title=who, facts=(OPERATORS,)), on=False)

    def failed(self, step: Step) -> GraphItem:
        """Return the end of a failed step."""
        return GraphItem(box=Box(id=self.unique(f"{step['id']}-failed"), kind="end", title="Failed"), on=False)

    def branch(self, step: Step) -> GraphItem:
        """Return a branch with its ways, `otherwise` among them even where it says nothing."""
        ways = [GraphWay(label=condition(way["conditions"]), block=self.block(way["block"])) for way in step["branch"]]
        ways.append(GraphWay(label="otherwise", block=self.block(step.get("otherwise", []))))
        return GraphItem(box=Box(id=step["id"], kind="branch", title=step["label"]), on=False, ways=tuple(ways))

    def wait(self, step: Step) -> GraphItem:
        """Return a wait with its time."""
        time = waiting(step["wait"])
        facts = () if time in step["label"] else (time,)
        return GraphItem(box=Box(id=step["id"], kind="wait", title=step["label"], facts=facts, classes=("wait",)))

    def values(self, step: Step) -> GraphItem:
        """Return a step that gives variables values."""
        return GraphItem(box=Box(id=step["id"], kind="set", title=step["label"]))

    def stop(self, step: Step) -> GraphItem:
        """Return an end of the run."""
        box = Box(id=step["id"], kind="stop", title=step["label"], facts=(OUTCOMES[step["stop"]],))
        return GraphItem(box=box, on=False)

    def loop(self, step: Step) -> GraphItem:
        """Return a loop around its block."""
        title = step["label"]
        facts = () if step["forEach"] in title else (f"for each of {step['forEach']}",)
        side = (f"{step['parallel']} at a time",) if step.get("parallel", 1) > 1 else ()
        return self.around(step, "forEach", (*facts, *side), (self.scope(self.block(step["block"])),))

    def repetition(self, step: Step) -> GraphItem:
        """Return a repeated block."""
        passes = step["passes"]
        facts = (
            f"until {condition(passes['until'])}",
            f"every {spell(passes['every'])}, at most {spell(passes['atMost'])}",
        )
        return self.around(step, "repeat", facts, (self.scope(self.block(step["block"])),))

    def paths(self, step: Step) -> GraphItem:
        """Return paths, each a box of its own."""
        inside = []
        for path in step["paths"]:
            mark = self.marks.get(path["id"])
            classes = () if mark is None else (mark.name,)
            box = Box(
                id=path["id"],
                kind="path",
                title=path["label"],
                facts=mark.facts if mark else (),
                classes=classes,
            )
            inside.append((GraphItem(box=box, inside=(self.scope(self.block(path["block"])),)),))
        facts = ("the first that succeeds ends it",) if "first" in step else ()
        return self.around(step, "paths", facts, tuple(inside))

    def around(self, step: Step, kind: Kind, facts: tuple[str, ...], inside: tuple[Block, ...]) -> GraphItem:
        """Return a box with others in it."""
        box = Box(id=step["id"], kind=kind, title=step["label"], facts=facts)
        return GraphItem(box=box, inside=inside, ways=tuple(self.failures(step)))

    def unique(self, wanted: str) -> str:
        """Return an id that nothing else in the picture has."""
        name = wanted
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def ids(steps: Iterable[Any]) -> Iterator[str]:
    """Yield the ids of steps and paths, and of all within them."""
    for step in steps:
        yield step["id"]
        rules = step.get("onFailure")
        parts = [*step.get("paths", ()), *step.get("branch", ()), *(rules if isinstance(rules, list) else ())]
        yield from (part["id"] for part in parts if "id" in part)
        for part in parts:
            yield from ids(part.get("block", []))
        for key in ("block", "otherwise", "onRejected"):
            yield from ids(step.get(key, []))
