"""Answers that options give: `STEP=@file` or `STEP={…}`, as test files have them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

from activities.action import Action
from activities.errors import Refused
from workers.cli.inputs import strict_json
from workers.definitions.loading import UnreadableFileError, parse
from workers.definitions.problems import nearest
from workers.errors import UsageError
from workers.rehearsal.answers import REQUEST, TIMES
from workers.rehearsal.receivers import FAILURES
from workers.rehearsal.results import completed
from workers.rehearsal.suite.steps import every_step
from workflows.plan import Plan
from workflows.program import ActionStep

GIVEN = re.compile(r"(?P<key>.+?)=(?P<value>@.+|[{\[].*)", re.DOTALL)
HOW = "Write STEP=@file, or STEP={…} as in test files, such as look={status: 200, body: {open: true}}."


def answers_given(given: Sequence[str], plans: Sequence[Plan], actions: Mapping[str, Action]) -> dict[str, Any]:
    """Return answers by step or request.

    Args:
        given: what was given, one after another.
        plans: the automations that they may be for.
        actions: every action by name.

    Raises:
        UsageError: one is not what it must be; the sentence says which, and what is right.
    """
    steps = {name: step for plan in plans for name, step in every_step(plan).items()}
    found: dict[str, Any] = {}
    for one in given:
        match = GIVEN.fullmatch(one)
        if match is None:
            raise UsageError(f"{one!r:.100} is no answer. {HOW}")
        key, value = match["key"].strip(), _value(match["value"])
        if REQUEST.fullmatch(key) is None:
            step = steps.get(key)
            if not isinstance(step, ActionStep):
                near = nearest(key, [name for name, one in steps.items() if isinstance(one, ActionStep)])
                raise UsageError(f"There is no step {key!r:.80} that sends anything.{f' {near}' if near else ''}")
            for answer in value if isinstance(value, list) else [value]:
                _check(key, answer, actions[step.action])
        found[key] = value
    return found


def _value(text: str) -> Any:
    name, content = "what was given", text
    if text.startswith("@"):
        name = text[1:]
        try:
            content = Path(name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise UsageError(f"{name} cannot be read: {why}.") from None
    with contextlib.suppress(ValueError):
        return strict_json(content)
    try:  # a document is an object, and an answer may be a list
        return parse(f"answer:\n{indent(content, '  ')}".encode(), "answer.yaml")[0]["answer"]
    except UnreadableFileError as error:
        raise UsageError(f"{name} is neither JSON nor YAML: {error.problem.message}") from None


def _check(key: str, answer: Any, action: Action) -> None:
    if isinstance(answer, dict) and "fails" in answer:
        if answer["fails"] not in FAILURES:
            raise UsageError(
                f"The answer of {key} fails with one of {', '.join(FAILURES)}, not {answer['fails']!r:.50}."
            )
        return
    plain = {name: one for name, one in answer.items() if name != TIMES} if isinstance(answer, dict) else answer
    try:
        completed(action, plain)
    except Refused as refused:
        raise UsageError(f"The answer of {key} is none: {refused}") from None
