"""The language: what an author writes, as models whose descriptions become the JSON Schema.

Templates and conditions stay raw here; `template.py` and `condition.py` in `workflows/language/` read them. What can
only be judged with the catalog of actions at hand (configs, references, approvers) is judged in
`workers/definitions/checking/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    Tag,
    model_validator,
)

from workers.definitions.model.approvals import ApprovalDefinition
from workers.definitions.model.failures import RetryDefinition
from workers.definitions.model.hours import BusinessHoursDefinition, HoursName
from workers.definitions.model.per_key import PerKey
from workers.definitions.model.trigger import Trigger
from workers.definitions.model.until import Until
from workers.definitions.model.vocabulary import (
    TAG,
    WHOLE,
    ComputedPause,
    Conditions,
    Deadline,
    DefinitionPart,
    ItemName,
    Label,
    Name,
    Pace,
    Pause,
    PickedPath,
    PickedPaths,
    StepId,
    Text,
    Timeout,
    Variable,
    list_tag,
    refuse,
    shape_tag,
)
from workers.definitions.model.waits import EventWait, wait_tag
from workflows.plan import FailureClass, Remedy

MAX_STEPS = 4_000
MAX_RULES = 20
MAX_NESTING = 16
MAX_BYTES = 512 * 1024
MAX_DEPTH = 100

Kind = Literal["actionType", "paths", "branch", "wait", "forEach", "repeat", "set", "stop"]
"""The key that makes a step what it is."""

KINDS: tuple[Kind, ...] = get_args(Kind)


class Common(DefinitionPart):
    """What every step may carry."""

    label: Label | None = Field(default=None, description="What people see for this step.")
    id: StepId | None = Field(
        default=None, description="Name of the step in reports and idempotency keys; by default made from the label."
    )
    conditions: Conditions | None = Field(
        default=None, description="The step runs only where these hold; else it is skipped."
    )


class ReactionDefinition(DefinitionPart):
    """What is done once something has ended so."""

    actions: list[Step] = Field(min_length=1, description="The steps, run in order.")


class RuleDefinition(DefinitionPart):
    """What follows a failure of some classes; the first rule that matches decides."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["do"]}, {"required": ["actions"], "properties": {"actions": {"type": "array"}}}],
            "if": {"properties": {"do": {"const": "retry"}}, "required": ["do"]},
            "then": {"properties": {"actions": {"type": "null"}}},
            "else": {"properties": {"attempts": {"type": "null"}, "delay": {"type": "null"}}},
        }
    )

    when: Annotated[
        Annotated[FailureClass, Tag("step:plain")]
        | Annotated[list[FailureClass], Field(min_length=1, max_length=7), Tag("step:list")],
        Discriminator(list_tag),
    ] = Field(description="Class of the failure, or a list of classes.")
    actions: list[Step] | None = Field(
        default=None,
        min_length=1,
        description="Steps that run first and see `failure`; where nobody knows whether the failed step had its "
        "effect, only if `when` names `unknown`.",
    )
    do: Remedy = Field(
        default="stop",
        description="`retry`: do the whole step again; `continue`: go on; `hold`: park the path for an operator; "
        "`stop`: the failure stands, as after `actions` without `do`.",
    )
    attempts: Annotated[StrictInt, Field(ge=1, le=100), WHOLE] | None = Field(
        default=None, description="Of `retry`: how often (3)."
    )
    delay: Pause | None = Field(default=None, description="Of `retry`: pause before each (1 min).")

    @property
    def classes(self) -> list[FailureClass]:
        """Return the classes as a list, however they were written."""
        return self.when if isinstance(self.when, list) else [self.when]

    @model_validator(mode="after")
    def _does_something(self) -> RuleDefinition:
        if self.actions is None and "do" not in self.model_fields_set:
            raise refuse("missing-key", "A rule of `onFailure` needs `do`, `actions`, or both.")
        return self


class ActionDefinition(Common):
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
            Discriminator(shape_tag),
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
    local: StrictBool = Field(
        default=False,
        description="`true`: the run's own worker sends it, without a round trip to Temporal. After a crash up to 20 "
        "such steps are sent again, under the same keys, and while one is under way decisions and cancellations wait. "
        "Only for actions that may be repeated.",
    )
    retry: RetryDefinition | None = Field(default=None, description="How a failed attempt is repeated.")
    require_approval: (
        Annotated[
            Annotated[StrictBool, Tag("step:plain")] | Annotated[ApprovalDefinition, Tag("step:object")],
            Discriminator(shape_tag),
        ]
        | None
    ) = Field(
        default=None,
        description="Hold the step until people release it: `true` by the automation's `approvals`, or what is "
        "different here.",
    )
    on_failure: (
        Annotated[
            Annotated[Literal["continue", "hold"], Tag("step:plain")]
            | Annotated[list[RuleDefinition], Field(min_length=1, max_length=MAX_RULES), Tag("step:list")],
            Discriminator(list_tag),
        ]
        | None
    ) = Field(
        default=None,
        description="`continue`: go on after a failure; `hold`: park the path for an operator; a list: rules by the "
        "failure's class, the first that matches decides; by default the rest of the path is skipped.",
    )
    on_rejected: ReactionDefinition | None = Field(
        default=None,
        description="What is done once people refused the step, or nobody decided in time; it stays refused.",
    )


class PathDefinition(DefinitionPart):
    """One of the blocks that run side by side."""

    label: Label | None = Field(default=None, description="What people see for this path.")
    actions: list[Step] = Field(min_length=1, description="The path's steps, run in order.")


class PathsDefinition(Common):
    """Run blocks side by side; one failing does not stop the others."""

    paths: list[PathDefinition] = Field(min_length=1, max_length=1_000, description="The blocks.")
    first: StrictBool = Field(
        default=False, description="`true`: the first path that succeeds ends the step; the others are canceled."
    )
    on_failure: Literal["continue"] | None = Field(
        default=None, description="`continue`: go on although a path failed."
    )


class CaseDefinition(DefinitionPart):
    """One way through a branch."""

    conditions: Conditions = Field(description="The way is taken where these hold and no earlier way was.")
    actions: list[Step] = Field(min_length=1, description="The way's steps, run in order.")


class BranchDefinition(Common):
    """Take the first way whose conditions hold."""

    branch: list[CaseDefinition] = Field(min_length=1, max_length=200, description="The ways; the first match wins.")
    otherwise: list[Step] | None = Field(default=None, description="Steps for the case that none matches.")


class WaitDefinition(Common):
    """Wait for a while, until an instant, or for an event."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["saveAs"], "properties": {"saveAs": {"type": "string"}}},
            "then": {"properties": {"wait": {"type": "object", "required": ["event"]}}},
        }
    )

    wait: Annotated[
        Annotated[ComputedPause, Tag("step:plain")]
        | Annotated[Until, Tag("step:object")]
        | Annotated[EventWait, Tag("step:event")],
        Discriminator(wait_tag),
    ] = Field(
        description='A duration (`15m`, `"{{order.delay}}"`), `{until: "{{ticket.dueAt}}"}`, or an event: '
        "`{event: ticket.solved, where: …, atMost: 4d}`."
    )
    save_as: Variable | None = Field(
        default=None, description="Of an event: name under which later steps find it; null where its time is up."
    )

    @model_validator(mode="after")
    def _saves_an_event(self) -> WaitDefinition:
        if self.save_as is not None and not isinstance(self.wait, EventWait):
            raise refuse("unknown-key", "`saveAs` goes with an event: a wait for a time brings nothing.")
        return self


class ForEachDefinition(Common):
    """Do a block once for each item of a list."""

    for_each: Text = Field(
        description="The list, as one template: `{{variables.orders.body}}`; of an object the items are `{key, value}`."
    )
    as_: ItemName = Field(default="item", alias="as", description="Name of the item inside the block.")
    max_items: Annotated[StrictInt, Field(ge=1, le=10_000), WHOLE] = Field(
        default=100, description="A longer list is a failure."
    )
    parallel: Annotated[StrictInt, Field(ge=1, le=100), WHOLE] = Field(
        default=1, description="How many items at a time."
    )
    actions: list[Step] = Field(min_length=1, description="Steps for each item, run in order.")
    on_failure: Literal["continue"] | None = Field(
        default=None, description="`continue`: go on although an item failed."
    )
    collect: Text | None = Field(
        default=None, description="What to keep of each item, as a template; `saveAs` names the list."
    )
    save_as: Variable | None = Field(default=None, description="Name of the list that `collect` makes.")


class RepeatDefinition(Common):
    """Do a block again and again until conditions hold."""

    repeat: list[Step] = Field(min_length=1, description="Steps of each pass, run in order.")
    until: Conditions = Field(description="Judged after each pass: no further one follows where these hold.")
    every: Pace = Field(description="Pause between the end of a pass and the next.")
    at_most: Deadline = Field(description="Since the step began: where it is over, no pass begins and the step fails.")
    backoff: Annotated[float, Strict(), Field(ge=1, le=10)] = Field(
        default=1, description="By how much each pause is longer than the one before; at most 1 h, or `every`."
    )
    max_passes: Annotated[StrictInt, Field(ge=1, le=10_000), WHOLE] = Field(
        default=1_000, description="Most passes; where they are used up, the step fails."
    )
    on_failure: Literal["continue"] | None = Field(
        default=None, description="`continue`: go on although the step failed."
    )


class SetDefinition(Common):
    """Give variables values."""

    set_: Annotated[dict[Variable, Any], Field(min_length=1, max_length=100)] = Field(
        alias="set",
        description="Names with values, which may contain `{{ }}`; later steps find them as `{{variables.name}}`.",
    )


class StopDefinition(Common):
    """End the run."""

    stop: Literal["completed", "failed", "rejected"] = Field(description="The outcome.")
    reason: Text | None = Field(default=None, description="Why, for the report.")


def kind_of(step: Any) -> Kind | None:
    """Return what a step is by the one key that says so; None where none or several do."""
    if isinstance(step, Common):
        return _KIND_OF_MODEL[type(step)]
    found = [kind for kind in KINDS if kind in step] if isinstance(step, Mapping) else []
    return found[0] if len(found) == 1 else None


def _tag(step: Any) -> str | None:
    kind = kind_of(step)
    return kind and TAG + kind


Step = Annotated[
    Annotated[ActionDefinition, Tag("step:actionType")]
    | Annotated[PathsDefinition, Tag("step:paths")]
    | Annotated[BranchDefinition, Tag("step:branch")]
    | Annotated[WaitDefinition, Tag("step:wait")]
    | Annotated[ForEachDefinition, Tag("step:forEach")]
    | Annotated[RepeatDefinition, Tag("step:repeat")]
    | Annotated[SetDefinition, Tag("step:set")]
    | Annotated[StopDefinition, Tag("step:stop")],
    Discriminator(_tag),
]

_KIND_OF_MODEL: dict[type[Common], Kind] = {
    ActionDefinition: "actionType",
    PathsDefinition: "paths",
    BranchDefinition: "branch",
    WaitDefinition: "wait",
    ForEachDefinition: "forEach",
    RepeatDefinition: "repeat",
    SetDefinition: "set",
    StopDefinition: "stop",
}

STEP_MODELS: dict[Kind, type[Common]] = {kind: model for model, kind in _KIND_OF_MODEL.items()}


class AutomationDefinition(DefinitionPart):
    """When this happens, and these conditions hold, do these actions."""

    name: Name = Field(description="Name of the automation, unique in its folder; also the workflow type of its runs.")
    description: Annotated[StrictStr, StringConstraints(max_length=2_000)] | None = Field(
        default=None, description="What it is for."
    )
    trigger: Trigger = Field(description="What starts it: events, or a schedule.")
    constants: dict[Variable, Any] | None = Field(
        default=None,
        description="Values that are the same in every run, such as tables: `{{constants.tiers[alert.severity]}}`.",
    )
    environment: Annotated[list[Variable], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="Names of values that each environment has (`environments/dev.yaml`): `{{env.shop}}`.",
    )
    hours: Annotated[dict[HoursName, BusinessHoursDefinition], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Hours of a week by name, for `during`, `wait: {until: opening}` and policies."
    )
    conditions: Conditions | None = Field(default=None, description="It runs only for events for which these hold.")
    missing_variables: Literal["fail"] | None = Field(
        default=None,
        description="`fail`: a template that finds no value fails its step; by default it is empty and noted.",
    )
    priority: Annotated[StrictInt, Field(ge=1, le=5), WHOLE] | None = Field(
        default=None, description="Whose actions go first where they queue: 1 before 5; by default 3."
    )
    fairness: Text | None = Field(
        default=None,
        description="Whose run it is, as a template such as `{{customer.tenant}}`: where actions queue, each value "
        "gets its turn, however many wait behind another.",
    )
    per_key: PerKey | None = Field(
        default=None,
        description="What happens where an event comes while a run for the same key is under way: "
        '`{key: "{{ticket.id}}", mode: queue}`.',
    )
    on_release: Literal["move", "stay"] = Field(
        default="move",
        description="What its runs do when another version of the workers is released: `move` to it, or `stay` on the "
        "version that they began with, which then has to run until they end.",
    )
    approvals: ApprovalDefinition | None = Field(
        default=None,
        description="How held steps are decided, where a step's own `requireApproval` says nothing else.",
    )
    actions: list[Step] | None = Field(default=None, min_length=1, description="The steps, run in order.")
    paths: list[PathDefinition] | None = Field(
        default=None, min_length=1, max_length=1_000, description="Instead of `actions`: blocks that run side by side."
    )
    on_failure: ReactionDefinition | None = Field(
        default=None, description="What is done once everything has ended and the run has failed, which it stays."
    )
    result: dict[Variable, Any] | None = Field(
        default=None,
        description="What the run tells whoever called it, once it is completed or rejected: names with values, as "
        'templates (`{id: "{{variables.ticket.id}}"}`).',
    )

    @model_validator(mode="after")
    def _one_body(self) -> AutomationDefinition:
        if (self.actions is None) == (self.paths is None):
            raise refuse(
                "missing-key" if self.actions is None else "two-kinds", "An automation has either `actions` or `paths`."
            )
        return self


AutomationDefinition.model_rebuild()
