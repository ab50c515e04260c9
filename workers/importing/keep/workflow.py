"""A workflow of Keep as an automation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.importing.draft import Draft, Unit
from workers.importing.keep import steps, triggers
from workers.importing.keep.conditions import Needs
from workers.importing.keep.scope import KeepScope, variable_of
from workers.importing.unsaid import NoWorkflowError, Unsaid
from workflows.event import what

_READ = re.compile(r"\bsteps\.([A-Za-z0-9_-]+)")
_PASSED = {"id", "name", "description", "triggers", "steps", "actions", "consts", "inputs", "disabled", "debug"}
_PASSED |= {"providers", "on-failure"}
_FORMS: dict[str, type] = dict.fromkeys(("steps", "actions", "triggers", "inputs"), list) | {"consts": dict}
_UNSAID = {
    "owners": "Who owns a workflow is not said in a definition.",
    "services": "Which services a workflow is about is not said in a definition.",
    "permissions": "Who may start a run is a matter of Temporal's and the gateway's rights.",
}


def translate(data: Any) -> Draft:
    """Return the automation that a workflow of Keep is.

    Raises:
        NoWorkflowError: it is none.
    """
    workflow = data.get("workflow", data.get("alert")) if isinstance(data, Mapping) else None
    if not isinstance(workflow, Mapping):
        raise NoWorkflowError("it is no workflow of Keep, which has `workflow:` at the top.")
    whole = {**{key: data[key] for key in ("steps", "actions") if key in data}, **workflow}
    for key, kind in _FORMS.items():
        if not isinstance(whole.get(key) or kind(), kind):
            raise NoWorkflowError(f"`{key}` of the workflow is {what(whole[key])}.")
    listed = [*_listed(whole, "steps"), *_listed(whole, "actions")]
    if not listed:
        raise NoWorkflowError("it is a workflow of Keep without `steps` and `actions`.")
    draft = Draft(name=_name(whole), description=_description(whole))
    scope = KeepScope(
        constants=whole.get("consts") or {},
        inputs={str(one.get("name")): one for one in whole.get("inputs") or [] if isinstance(one, Mapping)},
        read=_read(whole, [name for _, _, name in listed]),
    )
    needs = Needs()
    triggers.translate(whole.get("triggers"), draft, scope, needs)
    making = steps.Making(draft, scope, needs)
    for path, step, name in listed:
        steps.translate(path, step, name, making)
    _reaction(whole, making)
    _finish(whole, draft, scope, needs)
    return draft


def _listed(workflow: Mapping[str, Any], part: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for at, step in enumerate(workflow.get(part) or []):
        if not isinstance(step, Mapping):
            raise NoWorkflowError(f"`{part}[{at}]` is no step, which is an object with a `provider`.")
        provider = step.get("provider")
        kind = provider.get("type") if isinstance(provider, Mapping) else None
        yield f"{part}[{at}]", step, str(step.get("name") or f"{kind or part} {at + 1}")


def _name(workflow: Mapping[str, Any]) -> str:
    text = str(workflow.get("id") or workflow.get("name") or "workflow")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100] or "workflow"


def _description(workflow: Mapping[str, Any]) -> str:
    parts = [str(workflow[key]).strip() for key in ("name", "description") if workflow.get(key)]
    return ". ".join(part.rstrip(".") for part in dict.fromkeys(parts))[:1_900] + "." if parts else ""


def _read(workflow: Mapping[str, Any], names: list[str]) -> frozenset[str]:
    """Return the variables of the steps whose results anything reads."""
    found = {variable_of(name) for name in _READ.findall(json.dumps(workflow, default=str))}
    parts = [*(workflow.get("steps") or []), *(workflow.get("actions") or [])]
    for at, step in enumerate(parts[1:]):
        provider = step.get("provider")
        if isinstance(provider, Mapping) and provider.get("type") == "keep":
            found.add(variable_of(names[at]))
    return frozenset(found)


def _reaction(workflow: Mapping[str, Any], making: steps.Making) -> None:
    """Add what runs once the workflow has failed."""
    reaction = workflow.get("on-failure")
    if not isinstance(reaction, Mapping) or not reaction.get("provider"):
        return
    draft = making.draft
    provider = {**reaction["provider"]}
    provider["with"] = {"message": f"{draft.name} has failed.", **(provider.get("with") or {})}
    before = len(draft.units)
    steps.translate("on-failure", {"provider": provider}, "After a failure", making)
    added = draft.units[before:]
    del draft.units[before:]
    draft.reaction = Unit("on-failure", "After a failure", added[0].steps) if added else None


def _finish(workflow: Mapping[str, Any], draft: Draft, scope: KeepScope, needs: Needs) -> None:
    draft.hours = needs.hours
    draft.constants = {name: scope.constants[name] for name in scope.kept}
    if "event" in draft.trigger:
        roots = dict.fromkeys([*(["alert"] if draft.trigger["event"] == triggers.ALERT else []), *scope.roots])
        if draft.trigger["event"].startswith(triggers.INCIDENT):
            roots = {"incident": None, **roots}
        draft.trigger["data"] = list(roots) or ["inputs"]
    if workflow.get("disabled") is True:
        draft.trigger["live"] = False
    for key, value in workflow.items():
        if key in _PASSED or value in (None, [], {}, ""):
            continue
        if key == "strategy" and value == "parallel":
            continue
        draft.unsaid.append(Unsaid(str(key), f"`{key}`: {_UNSAID.get(key, 'it has no word here.')}"))
