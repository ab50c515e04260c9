"""The plan: an automation with everything decided, as JSON that a run's history pins.

`workers/planning.py` makes it from a definition and the catalog; `workflows/automation.py` executes it. It holds no
Python and no vendor's name beyond the activity types, so that a deploy that changes a default never alters a run in
flight. What a step does not deviate from stands once, in `defaults`.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Repeat = Literal["safe", "keyed", "never"]


class Retry(TypedDict, total=False):
    """How attempts are repeated; Temporal's words, all times in milliseconds."""

    maximumAttempts: int
    initialInterval: int
    backoffCoefficient: float
    maximumInterval: int
    within: int
    onUnknown: Literal["retry", "fail", "hold"]


class Approval(TypedDict, total=False):
    """Who may release a held step, and until when."""

    approvers: list[str]
    expiresAfter: int


class Defaults(TypedDict):
    """What holds for every action step that says nothing else."""

    timeout: int
    retry: Retry


class PathPlan(TypedDict):
    """One of the blocks that a `paths` step runs side by side."""

    id: str
    label: str
    block: list[StepPlan]


class Case(TypedDict):
    """One way through a `branch` step."""

    conditions: dict[str, Any]
    block: list[StepPlan]


class StepPlan(TypedDict, total=False):
    """One step; exactly one of `action`, `paths`, `branch`, `wait`, `forEach` and `stop` is present: its kind.

    `id` is unique in the whole plan and `label` is never empty. Templates and conditions stay as they were written.
    """

    id: str
    label: str
    conditions: dict[str, Any]
    onFailure: Literal["continue", "hold"]
    saveAs: str

    action: str
    pick: str | dict[str, str]
    """Path, or paths by name, of what is kept of the result."""
    config: dict[str, Any]
    syntax: dict[str, str]
    """Syntax of text fields by JSON pointer into `config`: `{"/text": "slack"}`."""
    repeat: Repeat
    timeout: int
    retry: Retry
    approval: Approval
    background: Literal[True]
    looks: Literal[True]
    """Whether the action can look for what became of an unknown outcome."""

    paths: list[PathPlan]

    branch: list[Case]
    otherwise: list[StepPlan]

    wait: int | dict[str, str]
    """Milliseconds, or `{"until": template}`."""

    forEach: str
    # `as` is a keyword of Python: it stands in the plan under its own name (see `FOR_EACH_AS`)
    maxItems: int
    parallel: int
    collect: str
    block: list[StepPlan]

    stop: Literal["completed", "failed", "rejected"]
    reason: str


FOR_EACH_AS = "as"


class Plan(TypedDict, total=False):
    """A whole automation, ready to run.

    `definition` is the sha256 (hex) of the definition's canonical JSON and stands in reports as `definitionHash`; `id`
    is the sha256 of the plan itself, under which a process keeps it compiled.
    """

    automation: str
    definition: str
    id: str
    conditions: dict[str, Any]
    missing: Literal["fail"]
    priority: int
    fairness: str
    defaults: Defaults
    block: list[StepPlan]
