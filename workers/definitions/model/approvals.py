"""Approvals as authors write them: who may release a held step, under which rules, until when, and who is told."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from workers.definitions.model.failures import RetryDefinition
from workers.definitions.model.hours import Hours
from workers.definitions.model.vocabulary import (
    WHOLE,
    Conditions,
    Deadline,
    DefinitionPart,
    Label,
    Text,
    Timeout,
    refuse,
)
from workflows.hold_rules import Editing
from workflows.language.people import GROUP, hidden_in
from workflows.language.template import is_template
from workflows.plan import Occasion, OnExpiry

MAX_PEOPLE = 100
MAX_QUORUM = 20
MAX_BANDS = 20
MAX_NOTICES = 20

_LAYOUT = re.compile(r"[\t\r\n]")
_GROUP_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def _visible(value: Any) -> Any:
    """Return what names people as it was written, before blanks around it go, where all of it can be seen."""
    text = value if isinstance(value, str) else ""
    if is_template(text):
        text = _LAYOUT.sub("", text)
    if hidden := hidden_in(text):
        raise refuse("bad-name", f"{text[:80]!a} holds {hidden}, which nobody sees: write the id without it.")
    return value


def _person(value: str) -> str:
    if not value.lower().startswith(GROUP):
        return value
    name = value[len(GROUP) :].strip()
    if not value.startswith(GROUP):
        raise refuse(
            "bad-name", f"A group is written `{GROUP}{name}`, in lower case; {value[:80]!r} would be a person."
        )
    if is_template(name):
        raise refuse(
            "bad-name",
            "The name of a group cannot be a template: let `bands` choose between groups, or the template name people.",
        )
    if not _GROUP_NAME.fullmatch(name):
        raise refuse(
            "bad-name",
            f"{value[:80]!r} names no group: write `group:finance`, with letters, digits, '.', '_' and '-'.",
        )
    return GROUP + name


def _flag(value: Any) -> Any:
    return value if isinstance(value, (bool, str)) else str(value)  # 1 is no true


Person = Annotated[
    StrictStr,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    AfterValidator(_person),
    BeforeValidator(_visible),
]
People = Annotated[list[Person], Field(max_length=MAX_PEOPLE)]
NamedPeople = Annotated[list[Person], Field(min_length=1, max_length=MAX_PEOPLE)]
Quorum = Annotated[StrictInt, Field(ge=1, le=MAX_QUORUM), WHOLE]
AllowEdit = Annotated[Editing, BeforeValidator(_flag)]


class NoticeRetry(RetryDefinition):
    """How a failed attempt to tell people is repeated; nobody is held up by it."""

    on_unknown: Literal["retry", "fail"] | None = Field(
        default=None,
        description="What follows where nobody knows whether an attempt had its effect; by default the action decides.",
    )


class NoticeDefinition(DefinitionPart):
    """An action that tells people about a hold."""

    on: Annotated[list[Occasion], Field(min_length=1, max_length=4)] | None = Field(
        default=None, description="On which occasions (all four)."
    )
    label: Label | None = Field(default=None, description="What people see for this notice.")
    action_type: StrictStr = Field(description="Which action (`trunkline actions` lists them).")
    config: dict[str, Any] = Field(
        default_factory=dict, description="What the action takes; its templates know the `hold` besides."
    )
    timeout: Timeout | None = Field(
        default=None, description="Bound of one attempt, by default 30 s or what the action says."
    )
    retry: NoticeRetry | None = Field(
        default=None, description="How a failed attempt is repeated, by default within 10 minutes."
    )


class BandDefinition(DefinitionPart):
    """A stricter policy for some requests."""

    when: Conditions = Field(
        description="It applies where these hold or cannot be judged; they know the `request` besides."
    )
    approvers: People | None = Field(default=None, description="Who may release such a request instead.")
    quorum: Quorum | None = Field(default=None, description="How many must approve, if that is more.")
    self_approval: StrictBool | None = Field(default=None, description="`false`: not the requester.")
    reject_needs_reason: StrictBool | None = Field(default=None, description="`true`: a refusal says why.")
    allow_edit: AllowEdit | None = Field(default=None, description="What may be edited, if that is less.")
    verified: StrictBool | None = Field(default=None, description="`true`: decisions are signed.")

    @model_validator(mode="after")
    def _changes_something(self) -> BandDefinition:
        if all(getattr(self, name) is None for name in type(self).model_fields if name != "when"):
            raise refuse(
                "missing-key", "A band says what is stricter, such as `approvers` or `quorum`; this one does not."
            )
        return self


class ApprovalDefinition(DefinitionPart):
    """Who decides about a held step, under which rules, and until when."""

    approvers: People | None = Field(
        default=None,
        description="Who may release it: ids, `group:` names or templates; without this key anybody may.",
    )
    quorum: Quorum | None = Field(default=None, description="How many different people must approve (1).")
    self_approval: StrictBool | None = Field(
        default=None, description="`false`: the requester may neither approve nor edit (true)."
    )
    requester: Text | None = Field(
        default=None, description="Who wants it, for `selfApproval: false`, as a template (`{{event.actor}}`)."
    )
    reject_needs_reason: StrictBool | None = Field(
        default=None, description="`true`: who refuses must say why (false)."
    )
    allow_edit: AllowEdit | None = Field(
        default=None,
        description="Whether approvers may edit the request: `true`: an edit approves it as well; `needsApproval`: it "
        "does not (false).",
    )
    operators: NamedPeople | None = Field(
        default=None,
        description="Who decides after a failure, hands a hold to others and extends it; without this key anybody "
        "decides after a failure.",
    )
    bands: Annotated[list[BandDefinition], Field(max_length=MAX_BANDS)] | None = Field(
        default=None, description="Stricter policies for some requests, laid over this one in their order."
    )
    remind_after: Deadline | None = Field(default=None, description="People are reminded whenever so much has passed.")
    escalate_after: Deadline | None = Field(
        default=None, description="`escalateTo` may decide as well once so much has passed."
    )
    escalate_to: NamedPeople | None = Field(default=None, description="Who may decide as well, after `escalateAfter`.")
    expires_after: Deadline | None = Field(
        default=None, description="When it is too late to approve; by default it waits for ever."
    )
    on_expiry: OnExpiry | None = Field(
        default=None,
        description="What happens then: the step ends as `expired` (`reject`), is sent (`approve`), is skipped "
        "(`skip`), or waits without deadline (`hold`).",
    )
    business_hours: Hours | None = Field(
        default=None, description="In which hours these clocks run: their name in `hours`, or what they are."
    )
    verified: StrictBool | None = Field(default=None, description="`true`: only signed decisions count (false).")
    recheck: StrictBool | None = Field(
        default=None,
        description="`true`: the step's conditions must still hold on release, else it ends as `superseded` (false).",
    )
    notify: Annotated[list[NoticeDefinition], Field(max_length=MAX_NOTICES)] | None = Field(
        default=None, description="Actions that tell people about a hold."
    )
