"""Whether a definition has the shape of the language: the models' errors as problems with the nearest right key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from activities.unseen import unseen
from activities.violations import violation
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.other_words import kind_of_other, written_here
from workers.definitions.model.approvals import (
    ApprovalDefinition,
    BandDefinition,
    NoticeDefinition,
)
from workers.definitions.model.automation import (
    KINDS,
    STEP_MODELS,
    AutomationDefinition,
    CaseDefinition,
    PathDefinition,
    ReactionDefinition,
    RuleDefinition,
)
from workers.definitions.model.failures import RetryDefinition
from workers.definitions.model.hours import BusinessHoursDefinition
from workers.definitions.model.per_key import PerKey
from workers.definitions.model.schedule import Schedule
from workers.definitions.model.steps import escape
from workers.definitions.model.trigger import Trigger
from workers.definitions.model.until import Until
from workers.definitions.model.vocabulary import TAG, DefinitionPart
from workers.definitions.model.waits import EventWait
from workers.definitions.problems import CODES, listed, nearest
from workflows.event import what
from workflows.language.people import GROUP
from workflows.language.template import is_template

EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "mapping_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}

RANGES = (
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "too_short",
    "too_long",
    "string_too_short",
    "string_too_long",
)

OWNERS: dict[str, tuple[type[DefinitionPart], str]] = {
    "trigger": (Trigger, "`trigger`"),
    "schedule": (Schedule, "`schedule`"),
    "retry": (RetryDefinition, "`retry`"),
    "paths": (PathDefinition, "a path"),
    "branch": (CaseDefinition, "a way of a branch"),
    "approvals": (ApprovalDefinition, "`approvals`"),
    "requireApproval": (ApprovalDefinition, "`requireApproval`"),
    "bands": (BandDefinition, "a band"),
    "businessHours": (BusinessHoursDefinition, "`businessHours`"),
    "hours": (BusinessHoursDefinition, "`hours`"),
    "notify": (NoticeDefinition, "a notice"),
    "onFailure": (RuleDefinition, "a rule of `onFailure`"),
    "onRejected": (ReactionDefinition, "`onRejected`"),
    "wait": (Until, "`wait`"),
    "perKey": (PerKey, "`perKey`"),
}


class Complaint(NamedTuple):
    """A model's error in our words."""

    code: str
    message: str
    hint: str | None = None


def keys(model: type[BaseModel]) -> list[str]:
    """Return the keys that a model documents."""
    return [info.alias or name for name, info in model.model_fields.items()]


def complain(error: ErrorDetails, value: Any) -> Complaint:
    """Return a model's error about one value as a sentence.

    Args:
        error: pydantic's error.
        value: what stands there.
    """
    complaint = _complaint(error, value)
    hidden = unseen(value) if isinstance(value, str) and not is_template(value) else None
    if hidden is None or error["type"] in RANGES:
        return complaint
    # the sentence may have shown the value already, but nobody sees what is wrong with it
    hint = "write it on the line of its key, or `|-` for `|`" if value.endswith("\n") else "type the value anew"
    return Complaint(complaint.code, f"{complaint.message.rstrip('.')}: {hidden}.", complaint.hint or hint)


def _complaint(error: ErrorDetails, value: Any) -> Complaint:
    kind = error["type"]
    if kind in CODES:
        return Complaint(kind, error["msg"])
    if kind in EXPECTED:
        hint = _as_text(value) if kind == "string_type" else None
        return Complaint("wrong-type", f"Here belongs {EXPECTED[kind]}; this is {what(value)}.", hint)
    if kind in ("literal_error", "enum"):
        words = error.get("ctx", {}).get("expected", "").replace(" or ", ", ").split(", ")
        allowed = [{"True": "true", "False": "false"}.get(word, word.strip("'")) for word in words]
        return Complaint(
            "wrong-type", f"{_short(value)} is not allowed here: use {_any(allowed)}.", nearest(value, allowed)
        )
    sentence = violation(error)
    sentence = f"{sentence[:1].upper()}{sentence[1:]}{'' if sentence.endswith('?') else '.'}"
    return Complaint("out-of-range" if kind in RANGES else "wrong-type", sentence)


def shape(findings: Findings) -> AutomationDefinition | None:
    """Return the definition as a model; where it has not the shape of the language, None and problems in `findings`."""
    try:
        return AutomationDefinition.model_validate(findings.data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_input=False):
            _add(findings, error)
    return None


def shape_of_hours(findings: Findings, hours: Mapping[str, Any], pointer: str) -> None:
    """Add what is wrong with the shape of hours that stand at a pointer at which no model has read them."""
    try:
        BusinessHoursDefinition.model_validate(hours)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_input=False):
            _add(findings, error, ("hours",), pointer)


def _add(findings: Findings, error: ErrorDetails, around: tuple[str, ...] = (), place: str = "") -> None:
    location = (*around, *error["loc"])
    pointer = place + "".join(f"/{escape(part)}" for part in error["loc"] if not _internal(part))
    if error["type"] == "extra_forbidden":
        model, owner = _owner(location[:-1])
        known = keys(model)
        hint = (
            written_here(location[-1], owner, known)
            or nearest(location[-1], known)
            or f"it has {listed(known, most=20)}"
        )
        findings.add("unknown-key", pointer, f"There is no key {_short(location[-1])} in {owner}.", hint, key=True)
    elif error["type"] == "missing":
        _, owner = _owner(location[:-1])
        findings.add("missing-key", pointer.rpartition("/")[0], f"The key `{location[-1]}` is missing in {owner}.")
    elif error["type"] == "union_tag_not_found":
        _add_step(findings, pointer)
    else:
        findings.add(*_at(pointer, complain(error, findings.at(pointer))))


def _at(pointer: str, complaint: Complaint) -> tuple[str, str, str, str | None]:
    return complaint.code, pointer, complaint.message, complaint.hint


def _add_step(findings: Findings, pointer: str) -> None:
    step = findings.at(pointer)
    if not isinstance(step, Mapping):
        findings.add("wrong-type", pointer, f"A step is an object with one of {_any(KINDS)}; this is {what(step)}.")
        return
    found = [kind for kind in KINDS if kind in step]
    if found:
        findings.add(
            "two-kinds",
            pointer,
            f"A step does one thing; this one has {listed(f'`{kind}`' for kind in found)}.",
            "make them steps of their own",
        )
        return
    common = keys(STEP_MODELS["actionType"])
    near = kind_of_other(step, KINDS)
    near = near or next((hint for key in step if key not in common and (hint := nearest(key, KINDS))), None)
    findings.add("unknown-step", pointer, f"Nothing says what this step does: it needs one of {_any(KINDS)}.", near)


def _owner(location: tuple[int | str, ...]) -> tuple[type[BaseModel], str]:
    """Return the model to which a key at that place belongs, and what to call it."""
    if location == ("onFailure",):
        return ReactionDefinition, "the automation's `onFailure`"
    if location[:1] == ("hours",):  # what follows is a name
        return OWNERS["hours"]
    for part in reversed(location):
        if part == f"{TAG}event":
            return EventWait, "`wait`"
        if isinstance(part, int) or _internal(part):
            kind = str(part).removeprefix(TAG)
            if kind in STEP_MODELS:
                return STEP_MODELS[kind], "an action step" if kind == "actionType" else f"a `{kind}` step"
            continue
        return OWNERS[part]
    return AutomationDefinition, "the automation"


def _internal(part: int | str) -> bool:
    return isinstance(part, str) and (part.startswith((TAG, "function-")) or part.endswith("]"))


def _as_text(value: Any) -> str | None:
    """Return how to write as a text what YAML has read as something else."""
    if isinstance(value, Mapping) and list(value) == [GROUP.removesuffix(":")]:
        return f"a group is written {GROUP}name, without a space"
    return "put it in quotes" if isinstance(value, (int, float)) else None


def _any(words: Iterable[str]) -> str:
    return " or".join(listed(words, most=40).rsplit(" and", 1))


def _short(value: Any) -> str:
    return repr(value)[:80] if isinstance(value, (str, int, float)) else what(value)
