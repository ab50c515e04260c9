"""Whether an automation's constants are constant, and whether what is read of them is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from workers.definitions.checking.contracts import look_for_secrets
from workers.definitions.checking.findings import Findings
from workers.definitions.model.steps import escape
from workers.definitions.problems import listed, nearest
from workflows.language.names import written
from workflows.language.scope import ABSENT
from workflows.language.template import is_template
from workflows.language.values import item
from workflows.plan import CONSTANTS


class NoConstant(NamedTuple):
    """Why a path leads to no constant, and what would be right."""

    sentence: str
    hint: str | None


def check_constants(findings: Findings) -> None:
    """Find templates and credentials in the constants of a definition."""
    constants = findings.data.get(CONSTANTS)
    if not isinstance(constants, Mapping):
        return
    _check_plain(constants, f"/{CONSTANTS}", findings)
    look_for_secrets(constants, f"/{CONSTANTS}", findings)


def _check_plain(value: Any, pointer: str, findings: Findings) -> None:
    if isinstance(value, str) and is_template(value):
        sentence = "A constant is the same in every run, so it cannot be a template."
        hint = "what a run works out is a step: `set: {name: …}`"
        findings.add("templated-constant", pointer, sentence, hint)
    children = value.items() if isinstance(value, Mapping) else enumerate(value if isinstance(value, list) else ())
    for key, child in children:
        _check_plain(child, f"{pointer}/{escape(key)}", findings)


def absent(constants: Any, path: tuple[Any, ...]) -> NoConstant | None:
    """Return why what is read of the constants is not there; None where it is, or where only data can say."""
    if not isinstance(constants, Mapping) or not constants:
        example = f"{{{path[0]}: …}}" if path else "{name: …}"
        return NoConstant("This automation has no constants.", f"write constants: {example} at the top of the file")
    value: Any = dict(constants)
    for depth, key in enumerate(path):
        found = item(value, key)
        if found is ABSENT:
            owner = written((CONSTANTS, *path[:depth]))
            return NoConstant(f"There is no `{written((CONSTANTS, *path[: depth + 1]))}`.", _instead(value, key, owner))
        value = found
    return None


def _instead(value: Any, key: Any, owner: str) -> str:
    if isinstance(value, Mapping):
        return nearest(key, map(str, value)) or (f"`{owner}` has {listed(value)}" if value else f"`{owner}` is empty")
    if isinstance(value, list):
        return f"the list `{owner}` has {len(value)} value{'' if len(value) == 1 else 's'}, counted from 0"
    return f"`{owner}` is a single value"
