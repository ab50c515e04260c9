"""Whether a step's `pick` can be read and fits what its action gives."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from activities.action import Action, Result
from workers.definitions.checking.findings import Findings
from workers.definitions.model.steps import escape
from workers.definitions.problems import nearest
from workflows.language.pick import read_path
from workflows.language.template import TemplateSyntaxError


def check_pick(step: Mapping[str, Any], action: Action | None, place: str, findings: Findings) -> None:
    """Hold a step's `pick` to the paths of the language and to the result of its action."""
    if "pick" not in step:
        return
    pick, at = step["pick"], f"{place}/pick"
    if isinstance(pick, str):
        _check_path(pick, at, action, findings)
    elif isinstance(pick, Mapping):
        for name, path in pick.items():
            if isinstance(path, str):
                _check_path(path, f"{at}/{escape(name)}", action, findings)
    if "saveAs" not in step:
        sentence = "What is picked stands in the run's history, and no later step finds it."
        findings.add("unsaved-pick", at, sentence, "add `saveAs`", key=True)


def _check_path(path: str, pointer: str, action: Action | None, findings: Findings) -> None:
    try:
        first = read_path(path)[0]
    except TemplateSyntaxError as error:
        findings.add("bad-pick", pointer, str(error), error.hint)
        return
    known = result_keys(action) if action is not None else ()
    if known and first not in known:
        sentence = f"The result of {action.name if action else 'the action'} has no field {first!r:.80}."
        findings.add("bad-pick", pointer, sentence, nearest(first, known) or f"it has {', '.join(known)}")


def result_keys(action: Action) -> tuple[str, ...]:
    """Return the fields of what an action gives, where its contract says them."""
    return () if action.result is None else _fields(action.result)


@functools.cache
def _fields(result: type[Result]) -> tuple[str, ...]:
    return tuple(info.alias or name for name, info in result.model_fields.items())
