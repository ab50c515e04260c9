"""The language: what an author writes, as models whose descriptions become the JSON Schema.

Templates and conditions stay raw here; `workflows/template.py` and `workflows/condition.py` read them. What can only be
judged with the catalog of actions at hand (configs, references, approvers) is judged in `workers/planning.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

MAX_STEPS = 4_000
MAX_NESTING = 16
MAX_BYTES = 512 * 1024
MAX_DEPTH = 100
MAX_ID = 60

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
YEAR = 366 * DAY

RESERVED_NAMES = ("inline", "event")
"""Workflow types that mean something else than an automation of that name."""

RUN_ROOTS = ("event", "variables", "run", "hold", "secrets", "item", "loop", "now", "today")
"""Roots that every run has or may have; they win over keys of the event's data."""

KEYWORDS = ("true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "in", "contains", "if", "else")
"""Words that a template reads as something else than a name."""

Kind = Literal["actionType", "paths", "branch", "wait", "forEach", "stop"]
"""The key that makes a step what it is."""

KINDS: tuple[Kind, ...] = get_args(Kind)

_SHORT = re.compile(r"(?=.)(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?")
_ISO = re.compile(
    r"P(?=.)(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?=.)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_UNITS = (7 * DAY, DAY, HOUR, MINUTE, SECOND, 1)
_LONGEST_DURATION = 40


def refuse(code: str, sentence: str) -> PydanticCustomError:
    """Return the error that makes a definition's value a problem of that code."""
    return PydanticCustomError(code, "{sentence}", {"sentence": sentence})


def duration(value: Any) -> int:
    """Return the milliseconds of a duration: an integer (ms), `90s`, `15m`, `2h30m`, `3d` or ISO 8601 (`PT15M`).

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and len(value) <= _LONGEST_DURATION:
        text = value.strip()
        if match := _SHORT.fullmatch(text) or _ISO.fullmatch(text):
            return round(sum(float(n) * unit for n, unit in zip(match.groups(), _UNITS, strict=False) if n))
        if text.isdecimal():
            raise ValueError(
                f"{value!r} has no unit: write {text}s for seconds, or the number {text} for milliseconds."
            )
    raise ValueError(f"{value!r} is no duration: write 90s, 15m, 2h30m, 3d, PT15M, or a number of milliseconds.")


def spell(milliseconds: int) -> str:
    """Return a duration as an author would write it (`90000` is `1m30s`)."""
    if milliseconds == 0:
        return "0s"
    words, rest = "", milliseconds
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)):
        count, rest = divmod(rest, size)
        words += f"{count}{unit}" if count else ""
    return words


def _duration(value: Any) -> int:
    try:
        return duration(value)
    except ValueError as error:
        raise refuse("bad-duration", str(error)) from None


def _within(shortest: int, longest: int) -> AfterValidator:
    def judge(value: int) -> int:
        if shortest <= value <= longest:
            return value
        meant = f" ({value} means milliseconds; for seconds write {value}s)" if 0 < value < SECOND else ""
        raise refuse(
            "out-of-range",
            f"{spell(value)} is outside {spell(shortest)} to {spell(longest)}, which is allowed here{meant}.",
        )

    return AfterValidator(judge)


_DURATION_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": r"^(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$|^P"},
        ]
    }
)
_Duration = Annotated[int, BeforeValidator(_duration), _DURATION_SCHEMA]
Timeout = Annotated[_Duration, _within(100, DAY)]
Interval = Annotated[_Duration, _within(1, DAY)]
Budget = Annotated[_Duration, _within(100, 30 * DAY)]
Pause = Annotated[_Duration, _within(0, YEAR)]
Deadline = Annotated[_Duration, _within(100, YEAR)]


def _named(pattern: str, what: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def judge(value: str) -> str:
        if compiled.fullmatch(value):
            return value
        raise refuse("bad-name", f"{value[:80]!r} is {what}.")

    return AfterValidator(judge)


def _not_reserved(value: str) -> str:
    if value in RESERVED_NAMES:
        raise refuse(
            "reserved-name", f"An automation cannot be called {value!r}: runs of that name mean something else."
        )
    return value


def _not_keyword(value: str) -> str:
    if value in KEYWORDS:
        raise refuse("reserved-name", f"{value!r} means something else in templates: choose another name.")
    return value


def _not_root(value: str) -> str:
    if value in RUN_ROOTS and value != "item":
        raise refuse("reserved-name", f"{value!r} is a name that every run has already: call the item something else.")
    return value


Name = Annotated[
    StrictStr,
    _named(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
        "no name: use up to 100 letters, digits, '.', '_' and '-', beginning with a letter or digit",
    ),
    AfterValidator(_not_reserved),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"}),
]
StepId = Annotated[
    StrictStr,
    _named(rf"[A-Za-z0-9_-]{{1,{MAX_ID}}}", f"no id: use up to {MAX_ID} letters, digits, '-' and '_'"),
    WithJsonSchema({"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{MAX_ID}}}$"}),
]
Variable = Annotated[
    StrictStr,
    _named(r"[A-Za-z_][A-Za-z0-9_]{0,59}", "no variable name: use letters, digits and '_', not beginning with a digit"),
    AfterValidator(_not_keyword),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,59}$"}),
]
PickedPath = Annotated[StrictStr, StringConstraints(max_length=500)]
PickedPaths = Annotated[dict[Variable, PickedPath], Field(min_length=1, max_length=100)]
EventType = Annotated[
    StrictStr,
    _named(
        r"[^\s*]{1,200}|[^\s*]{1,198}\.\*",
        "no event type: write one such as call.ended, or call.* for all that begin so",
    ),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200}),
]
Label = Annotated[StrictStr, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[StrictStr, StringConstraints(min_length=1, max_length=4_000)]
CONDITIONS = "x-conditions"
"""Marks the places in the JSON Schema where the schema of conditions belongs."""

Conditions = Annotated[dict[str, Any], WithJsonSchema({CONDITIONS: True})]


TAG = "step:"
"""Begins the segments of a pydantic error's location that choose a model and are no keys of the definition."""


def _shape(value: Any) -> str:
    return "step:object" if isinstance(value, (Mapping, BaseModel)) else "step:plain"


class Part(BaseModel):
    """A piece of a definition: keys are camelCase, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Trigger(Part):
    """Which events start the automation."""

    event: EventType = Field(
        description="Type of the events that start it, such as `call.ended`; `call.*`: all that begin so."
    )
    data: (
        Annotated[
            Annotated[list[Variable], Tag("step:plain")] | Annotated[dict[str, Any], Tag("step:object")],
            Discriminator(_shape),
        ]
        | None
    ) = Field(
        default=None,
        description="What an event type of your own brings: a list of roots (`[order, customer]`), or a JSON Schema of "
        "the event's `data`, which then also judges events on arrival.",
    )


class Retry(Part):
    """How a failed attempt is repeated."""

    maximum_attempts: Annotated[StrictInt, Field(ge=1, le=1_000)] | None = Field(
        default=None, description="Most attempts, the first included; by default only `within` bounds them."
    )
    initial_interval: Interval | None = Field(default=None, description="Pause before the second attempt (1 s).")
    backoff_coefficient: Annotated[float, Strict(), Field(ge=1, le=100)] | None = Field(
        default=None, description="Factor by which each further pause grows (2)."
    )
    maximum_interval: Interval | None = Field(default=None, description="Longest pause between attempts (1 min).")
    within: Budget | None = Field(default=None, description="Time for all attempts together (1 h).")
    on_unknown: Literal["retry", "fail", "hold"] | None = Field(
        default=None,
        description="What follows where nobody knows whether an attempt had its effect; by default the action decides.",
    )

    @model_validator(mode="after")
    def _sane(self) -> Retry:
        if self.initial_interval and self.maximum_interval and self.maximum_interval < self.initial_interval:
            raise refuse(
                "out-of-range",
                "`maximumInterval` is shorter than `initialInterval`: "
                f"{spell(self.maximum_interval)} is less than {spell(self.initial_interval)}.",
            )
        return self


class Approval(Part):
    """Who may release a held step, and until when."""

    approvers: list[Label] | None = Field(default=None, description="Who may release it; without this key anybody may.")
    expires_after: Deadline | None = Field(
        default=None, description="The step ends as `expired` when nobody has decided by then; by default it waits."
    )


class Common(Part):
    """What every step may carry."""

    label: Label | None = Field(default=None, description="What people see for this step.")
    id: StepId | None = Field(
        default=None, description="Name of the step in reports and idempotency keys; by default made from the label."
    )
    conditions: Conditions | None = Field(
        default=None, description="The step runs only where these hold; else it is skipped."
    )


class ActionStep(Common):
    """Do one action."""

    action_type: StrictStr = Field(description="Which action (`trunkline actions` lists them).")
    config: dict[str, Any] = Field(
        default_factory=dict, description="What the action takes; any value may contain `{{ }}`."
    )
    save_as: Variable | None = Field(
        default=None, description="Name under which later steps find the result: `{{variables.name}}`."
    )
    pick: (
        Annotated[
            Annotated[PickedPath, Tag("step:plain")] | Annotated[PickedPaths, Tag("step:object")],
            Discriminator(_shape),
        ]
        | None
    ) = Field(
        default=None,
        description="What of the result is kept: a path (`body.id`), or names with paths (`{id: body.id}`); by default "
        "all of it.",
    )
    timeout: Timeout | None = Field(
        default=None, description="Bound of one attempt, by default 30 s or what the action says."
    )
    retry: Retry | None = Field(default=None, description="How a failed attempt is repeated.")
    require_approval: (
        Annotated[
            Annotated[StrictBool, Tag("step:plain")] | Annotated[Approval, Tag("step:object")], Discriminator(_shape)
        ]
        | None
    ) = Field(default=None, description="Hold the step until a person releases it.")
    on_failure: Literal["continue", "hold"] | None = Field(
        default=None,
        description="`continue`: go on after a failure; `hold`: park the path for an operator; by default the rest of "
        "the path is skipped.",
    )


class Path(Part):
    """One of the blocks that run side by side."""

    label: Label | None = Field(default=None, description="What people see for this path.")
    actions: list[Step] = Field(min_length=1, description="The path's steps, run in order.")


class PathsStep(Common):
    """Run blocks side by side; one failing does not stop the others."""

    paths: list[Path] = Field(min_length=1, max_length=1_000, description="The blocks.")
    on_failure: Literal["continue"] | None = Field(
        default=None, description="`continue`: go on although a path failed."
    )


class Case(Part):
    """One way through a branch."""

    conditions: Conditions = Field(description="The way is taken where these hold and no earlier way was.")
    actions: list[Step] = Field(min_length=1, description="The way's steps, run in order.")


class BranchStep(Common):
    """Take the first way whose conditions hold."""

    branch: list[Case] = Field(min_length=1, max_length=200, description="The ways; the first match wins.")
    otherwise: list[Step] | None = Field(default=None, description="Steps for the case that none matches.")


class Until(Part):
    """An instant to wait for."""

    until: Text = Field(description="ISO 8601 instant, usually a template; one that has passed does not wait.")


class WaitStep(Common):
    """Wait for a while, or until an instant."""

    wait: Annotated[
        Annotated[Pause, Tag("step:plain")] | Annotated[Until, Tag("step:object")], Discriminator(_shape)
    ] = Field(description='A duration (`15m`), or `{until: "{{ticket.dueAt}}"}`.')


class ForEachStep(Common):
    """Do a block once for each item of a list."""

    for_each: Text = Field(description="The list, as one template: `{{variables.orders.body}}`.")
    as_: Annotated[Variable, AfterValidator(_not_root)] = Field(
        default="item", alias="as", description="Name of the item inside the block."
    )
    max_items: Annotated[StrictInt, Field(ge=1, le=10_000)] = Field(
        default=100, description="A longer list is a failure."
    )
    parallel: Annotated[StrictInt, Field(ge=1, le=100)] = Field(default=1, description="How many items at a time.")
    actions: list[Step] = Field(min_length=1, description="Steps for each item, run in order.")
    on_failure: Literal["continue"] | None = Field(
        default=None, description="`continue`: go on although an item failed."
    )
    collect: Text | None = Field(
        default=None, description="What to keep of each item, as a template; `saveAs` names the list."
    )
    save_as: Variable | None = Field(default=None, description="Name of the list that `collect` makes.")


class StopStep(Common):
    """End the run."""

    stop: Literal["completed", "failed", "rejected"] = Field(description="The outcome.")
    reason: Text | None = Field(default=None, description="Why, for the report.")


def kind_of(step: Any) -> Kind | None:
    """Return what a step is by the one key that says so; None where none or several do."""
    if isinstance(step, (BranchStep, PathsStep, ActionStep, WaitStep, ForEachStep, StopStep)):
        return _KIND_OF_MODEL[type(step)]
    found = [kind for kind in KINDS if isinstance(step, Mapping) and kind in step]
    return found[0] if len(found) == 1 else None


def _tag(step: Any) -> str | None:
    kind = kind_of(step)
    return kind and TAG + kind


Step = Annotated[
    Annotated[ActionStep, Tag("step:actionType")]
    | Annotated[PathsStep, Tag("step:paths")]
    | Annotated[BranchStep, Tag("step:branch")]
    | Annotated[WaitStep, Tag("step:wait")]
    | Annotated[ForEachStep, Tag("step:forEach")]
    | Annotated[StopStep, Tag("step:stop")],
    Discriminator(_tag),
]

_KIND_OF_MODEL: dict[type[Common], Kind] = {
    ActionStep: "actionType",
    PathsStep: "paths",
    BranchStep: "branch",
    WaitStep: "wait",
    ForEachStep: "forEach",
    StopStep: "stop",
}

STEP_MODELS: dict[Kind, type[Common]] = {kind: model for model, kind in _KIND_OF_MODEL.items()}


class Automation(Part):
    """When this happens, and these conditions hold, do these actions."""

    name: Name = Field(description="Name of the automation, unique in its folder; also the workflow type of its runs.")
    description: Annotated[StrictStr, StringConstraints(max_length=2_000)] | None = Field(
        default=None, description="What it is for."
    )
    trigger: Trigger = Field(description="Which events start it.")
    conditions: Conditions | None = Field(default=None, description="It runs only for events for which these hold.")
    missing_variables: Literal["fail"] | None = Field(
        default=None,
        description="`fail`: a template that finds no value fails its step; by default it is empty and noted.",
    )
    priority: Annotated[StrictInt, Field(ge=1, le=5)] | None = Field(
        default=None, description="Whose actions go first where they queue: 1 before 5; by default 3."
    )
    fairness: Text | None = Field(
        default=None,
        description="Whose run it is, as a template such as `{{customer.tenant}}`: where actions queue, each value "
        "gets its turn, however many wait behind another.",
    )
    actions: list[Step] | None = Field(default=None, min_length=1, description="The steps, run in order.")
    paths: list[Path] | None = Field(
        default=None, min_length=1, max_length=1_000, description="Instead of `actions`: blocks that run side by side."
    )

    @model_validator(mode="after")
    def _one_body(self) -> Automation:
        if (self.actions is None) == (self.paths is None):
            raise refuse(
                "missing-key" if self.actions is None else "two-kinds", "An automation has either `actions` or `paths`."
            )
        return self


Automation.model_rebuild()


@dataclass(frozen=True, slots=True)
class Block:
    """A list of steps as written, and where it stands (JSON pointer)."""

    pointer: str
    steps: list[Any]


def escape(key: str | int) -> str:
    """Return a key as one segment of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def blocks(step: Mapping[str, Any], pointer: str) -> Iterator[Block]:
    """Yield the blocks inside a raw step or automation, as far as they are lists."""
    for key in ("paths", "branch"):
        ways = step.get(key)
        for index, way in enumerate(ways if isinstance(ways, list) else ()):
            if isinstance(way, Mapping) and isinstance(way.get("actions"), list):
                yield Block(f"{pointer}/{key}/{index}/actions", way["actions"])
    for key in ("otherwise", "actions"):
        if isinstance(step.get(key), list):
            yield Block(f"{pointer}/{key}", step[key])


def steps(owner: Any, pointer: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Yield (JSON pointer, raw step, nesting) of every step of a raw automation, in the definition's order."""
    if not isinstance(owner, Mapping) or depth > MAX_NESTING + 1:
        return
    for block in blocks(owner, pointer):
        for index, step in enumerate(block.steps):
            if isinstance(step, Mapping):
                place = f"{block.pointer}/{index}"
                yield place, step, depth + 1
                yield from steps(step, place, depth + 1)


def slug(text: str) -> str:
    """Return a text as an id: lower-case ASCII letters, digits and `-`; empty where nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain)[: MAX_ID - 6].strip("-")


def step_ids(data: Any) -> dict[str, str]:
    """Return the id of every step of a raw automation by JSON pointer: its own, else one made from its label or kind.

    Where two steps would get the same id, later ones get `-2`, `-3`, …; an id that an author wrote is never given away.
    """
    found = {place: (step, _own_id(step)) for place, step, _ in steps(data)}
    if isinstance(data, Mapping) and isinstance(data.get("paths"), list) and "actions" not in data:
        found = {"": ({"paths": []}, None), **found}
    taken = {own for _, own in found.values() if own}
    counts: dict[str, int] = {}
    ids: dict[str, str] = {}
    for place, (step, own) in found.items():
        if own:
            ids[place] = own
            continue
        base = _base_id(step)
        candidate = base
        while candidate in taken:
            counts[base] = counts.get(base, 1) + 1
            candidate = f"{base}-{counts[base]}"
        taken.add(candidate)
        ids[place] = candidate
    return ids


def _own_id(step: Mapping[str, Any]) -> str | None:
    own = step.get("id")
    return own if isinstance(own, str) and own else None


def _base_id(step: Mapping[str, Any]) -> str:
    kind = kind_of(step)
    named = [step.get("label"), step.get("actionType"), {"forEach": "for-each"}.get(kind or "", kind)]
    return next((made for text in named if isinstance(text, str) and (made := slug(text))), "step")
