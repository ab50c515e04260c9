"""Which steps will fail for their connection: what each action needs, held against what the worker has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from activities.action import CONNECTION, Action, Credential, WithoutConnection, marked, spellings
from activities.connections import Connections
from activities.errors import Refused
from workers.definitions.problems import listed
from workers.definitions.runnable import Definition
from workflows.plan import Plan, StepPlan

HEAD = "These steps will fail, because the connection that they need is missing or cannot be used:"
MOST_STEPS = 8
"""Most steps that one line names; more are counted."""


class Need(NamedTuple):
    """What one step, or a notice about its hold, sends with: an action and its config."""

    step: str
    plan: StepPlan


def connection_complaint(
    definitions: Iterable[Definition], actions: Mapping[str, Action], connections: Connections
) -> str | None:
    """Return one block that says which steps will fail for their connection and why, or None where all can have theirs.

    Steps that fail for one reason stand in one line.
    """
    concerned: dict[str, list[str]] = {}
    for definition in definitions:
        for need in needs(definition.plan):
            why = _refusal(need.plan, actions[need.plan["action"]], connections)
            if why is not None:
                concerned.setdefault(why, []).append(f"{definition.name} ({need.step})")
    if not concerned:
        return None
    lines = (f"\n  {why} Needed by: {listed(steps, most=MOST_STEPS)}." for why, steps in concerned.items())
    return f"{HEAD}{''.join(lines)}"


def needs(plan: Plan) -> Iterator[Need]:
    """Yield every action step of a plan and every notice of its policies, with the label that a person knows it by."""
    for notice in plan.get("approvals", {}).get("notify", ()):
        yield Need(f"notice {notice['step']['label']}", notice["step"])
    for step in every_step(plan):
        if "action" in step:
            yield Need(step["label"], step)
        for notice in step.get("approval", {}).get("notify", ()):
            yield Need(f"{step['label']}, notice {notice['step']['label']}", notice["step"])


def every_step(plan: Plan) -> Iterator[StepPlan]:
    """Yield every step of a plan, each before what is inside of it or follows its end, in the definition's order."""
    yield from _every_step(plan["block"])
    yield from _every_step(plan.get("onFailure", ()))


def _every_step(block: Iterable[StepPlan]) -> Iterator[StepPlan]:
    for step in block:
        yield step
        rules = step.get("onFailure", ())
        for way in (*step.get("paths", ()), *step.get("branch", ()), *(rules if isinstance(rules, list) else ())):
            yield from _every_step(way.get("block", ()))
        for inside in (step.get("otherwise", ()), step.get("block", ()), step.get("onRejected", ())):
            yield from _every_step(inside)


def _refusal(step: StepPlan, action: Action, connections: Connections) -> str | None:
    """Return why a step cannot have its connections, or None where it can or needs none."""
    config = step["config"]
    return _first_refusal(config, action, connections) or _second_refusal(config, action, connections)


def _first_refusal(config: Mapping[str, Any], action: Action, connections: Connections) -> str | None:
    name = config.get(CONNECTION)
    if not action.connections or not (name is None or isinstance(name, str)):
        return None
    own = any(config[key] for key, _ in marked(action.config, config, Credential))
    if name is None and any(config[key] for key, _ in marked(action.config, config, WithoutConnection)):
        return None
    if own and name is None and action.name not in connections.defaults:
        return None  # it brings its own credential, and so needs no connection
    try:
        named = action.beside.get(CONNECTION, ()) if name else ()
        connections.pick((*action.connections, *named), action=action.name, name=name)
    except Refused as refused:
        return str(refused)
    return None


def _second_refusal(config: Mapping[str, Any], action: Action, connections: Connections) -> str | None:
    for field, kinds in action.beside.items():
        name = next((config[key] for key in spellings(action.config, field) if key in config), None)
        if field == CONNECTION or not (name is None or isinstance(name, str)):
            continue
        try:
            connections.pick(kinds, action=action.name, name=name, field=field)
        except Refused as refused:
            return str(refused)
    return None
