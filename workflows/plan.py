"""The plan: an automation with everything decided, as JSON that a run's history pins.

`workers/definitions/planning.py` makes it from a definition and the catalog; `workflows/automation.py` executes it. It
holds no Python and no vendor's name beyond the activity types, so that a deploy that changes a default never alters a
run in flight. What a step does not deviate from stands once, in `defaults`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from trunkline.wire import HoursPlan, PinnedOperation, UsedHeaders
from workflows.hold_rules import HoldRules
from workflows.plan_parts import EventWaitPlan, RepeatPlan, UntilPlan

Repeat = Literal["safe", "keyed", "never"]
OnUnknown = Literal["retry", "fail", "hold"]
Occasion = Literal["opened", "reminder", "escalated", "decided"]
OnExpiry = Literal["reject", "approve", "skip", "hold"]
FailureClass = Literal["timeout", "http_4xx", "http_429", "refused", "unavailable", "unknown", "any"]
Remedy = Literal["retry", "continue", "hold", "stop"]

STATUSES = "steps"
"""The root under which templates and conditions find how steps have ended."""

CONSTANTS = "constants"
"""The root under which templates and conditions find the automation's constants, where it has any."""

ENVIRONMENT = "env"
"""The root under which templates and conditions find the values of the environment, where it names any."""

CLOCKS = ("remindAfter", "escalateAfter", "expiresAfter")
"""The times of a policy that run while a step is held."""


class RetryPlan(TypedDict, total=False):
    """How attempts are repeated; Temporal's words, all times in milliseconds."""

    maximumAttempts: int
    initialInterval: int
    backoffCoefficient: float
    maximumInterval: int
    within: int
    onUnknown: OnUnknown


class NoticePlan(TypedDict):
    """An action that tells people about a hold, and when; what is `updated` is so once the hold is closed."""

    on: list[Occasion]
    step: StepPlan
    """An action step; its id is `notify-1` and so on."""
    updated: NotRequired[bool]


class ApprovalPlan(HoldRules, total=False):
    """Who decides about a held step, under which rules, and until when; all times in milliseconds.

    People are ids, `group:` names or templates, as the author wrote them.
    """

    approvers: list[str]
    operators: list[str]
    requester: str
    recheck: bool
    bands: list[BandPlan]
    remindAfter: int  # noqa: N815 # a key of the plan
    escalateAfter: int  # noqa: N815 # a key of the plan
    escalateTo: list[str]  # noqa: N815 # a key of the plan
    expiresAfter: int  # noqa: N815 # a key of the plan
    onExpiry: OnExpiry  # noqa: N815 # a key of the plan
    businessHours: HoursPlan  # noqa: N815 # a key of the plan
    notify: list[NoticePlan]


class BandPlan(HoldRules, total=False):
    """A stricter policy for the requests for which `when` holds, or cannot be judged."""

    when: dict[str, Any]
    approvers: list[str]


class RulePlan(TypedDict, total=False):
    """What follows a failure of one of these classes."""

    when: list[FailureClass]
    do: Remedy
    block: list[StepPlan]
    """What runs before that."""
    attempts: int
    """Of `retry`: how often, 3 unless it says so."""
    delay: int
    """Of `retry`: milliseconds before each."""


class Defaults(TypedDict):
    """What holds for every action step that says nothing else."""

    timeout: int
    retry: RetryPlan


class PathPlan(TypedDict):
    """One of the blocks that a `paths` step runs side by side."""

    id: str
    label: str
    block: list[StepPlan]


class CasePlan(TypedDict):
    """One way through a `branch` step."""

    conditions: dict[str, Any]
    block: list[StepPlan]


class StepPlan(TypedDict, total=False):
    """One step; exactly one of `action`, `paths`, `branch`, `wait`, `forEach`, `passes`, `set` and `stop` is its kind.

    `id` is unique in the whole plan and `label` is never empty. Templates and conditions stay as they were written.
    """

    id: str
    label: str
    conditions: dict[str, Any]
    onFailure: Literal["continue", "hold"] | list[RulePlan]
    onRejected: list[StepPlan]
    """What runs once people refused an action step, or nobody decided in time."""
    saveAs: str

    action: str
    pick: str | dict[str, str]
    """Path, or paths by name, of what is kept of the result."""
    headers: UsedHeaders  # headers of the answer that are kept because the automation uses them
    config: dict[str, Any]
    syntax: dict[str, str]
    """Syntax of text fields by JSON pointer into `config`: `{"/text": "slack"}`."""
    repeat: Repeat
    operation: PinnedOperation
    """The described operation that it carries out, as it was when the run was planned."""
    timeout: int
    retry: RetryPlan
    approval: ApprovalPlan
    """What the step says itself; the automation's `approvals` hold for the rest."""
    unasked: Literal[True]
    """Whether its author wants nobody asked (`requireApproval: false`), whatever its service wants."""
    background: Literal[True]
    local: Literal[True]  # whether the run's own worker carries it out, without a round trip
    looks: Literal[True]
    """Whether the action can look for what became of an unknown outcome."""
    calls: Literal[True]
    """Whether the action runs another automation, which the run does by itself; `timeout` bounds the wait, if given."""
    requests: int
    """Most requests that one attempt sends where nothing goes wrong, if more than one."""
    writes: dict[str, str]
    """Kind of each record that it writes, by JSON pointer into `config` to the id: `{"/ticketId": "ticket"}`."""

    paths: list[PathPlan]
    first: Literal[True]  # whether the first path that succeeds ends it

    branch: list[CasePlan]
    otherwise: list[StepPlan]

    wait: int | str | UntilPlan | EventWaitPlan
    """Milliseconds, a template that gives a duration, until when, or an event."""

    forEach: str
    # `as` is a keyword of Python: it stands in the plan under its own name (see `FOR_EACH_AS`)
    maxItems: int
    parallel: int
    collect: str
    block: list[StepPlan]
    """Of `forEach` and `passes`."""

    passes: RepeatPlan
    """Of a `repeat`."""

    set: dict[str, Any]
    """Values by the names of the variables that they become."""

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
    constants: dict[str, Any]
    inputs: dict[str, str]
    """Ids of collected inputs by the names that the automation gives them."""
    environment: dict[str, Any]
    """The values of its environment that the automation names, as they were when it was read."""
    hours: dict[str, HoursPlan]
    conditions: dict[str, Any]
    missing: Literal["fail"]
    priority: int
    fairness: str
    perKey: dict[str, Any]
    onRelease: Literal["stay"]
    defaults: Defaults
    approvals: ApprovalPlan
    block: list[StepPlan]
    onFailure: list[StepPlan]
    """What runs once everything else has ended and the run has failed."""
    result: dict[str, Any]
    """What the report says as `result` once the run has ended; values may be templates."""


def constants_of(plan: Plan) -> Mapping[str, Any]:
    """Return the roots that are the same in every run of a plan, as far as it has them."""
    roots = {CONSTANTS: plan.get("constants"), ENVIRONMENT: plan.get("environment")}
    return {name: values for name, values in roots.items() if values is not None}
