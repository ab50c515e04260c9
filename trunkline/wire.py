"""What crosses between workflows and activities: names, limits, the seal of a request, and the shapes of messages.

Both islands import this file and neither imports the other. Histories keep most of what stands here, so a name or a
key changes only together with a look at the runs that are in flight. Activities annotate their argument as a plain
`dict`: Temporal's converter would walk through a `TypedDict`, at each attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar, final

import rfc8785

from trunkline.keyed import Admission, ArrivalsState

# Activities that are no actions; no action's name has a colon.

PLAN = "trunkline:plan"
"""Local activity that answers with the plan of an automation."""

KNOWN = "trunkline:known"
"""Activity that says whether a worker knows an automation."""

MATCH = "trunkline:match"
"""Local activity that says which automations an event concerns."""

SOURCE = "trunkline:source"
"""Local activity that says from which source the event came that a run was started for."""

YIELD = "trunkline:yield"
"""Local activity that does nothing: waiting for it lets a worker turn to other runs, without a word to the server."""

CHECK = "trunkline:check"
"""Local activity that says whether a request may be held, who may decide about it, and until when."""

VERIFY = "trunkline:verify"
"""Local activity that says whether a decision was signed by somebody who may speak for its sender."""

SUPPLY = "trunkline:supply"
"""Local activity that says whether a supplied result is one of the action's, and what of it is kept."""

REMIND = "trunkline:remind"
"""Local activity that says when a hold's next reminder is due, and whether this one is too late."""

TURN = "trunkline:turn"
"""Activity that does nothing: on the task queue of a connection with a rate, one more request is counted for it."""

RECORD = "trunkline:record"
"""Local activity that records, once and for good, what a run has found out and a replay might find otherwise."""

BEFORE_RESET = "trunkline:before_reset"
"""Activity that says which steps an earlier history of a reset run may have carried out."""

STARTER = "trunkline:starter"
"""Workflow type of what a schedule starts at each instant: it starts that instant's run, once, and ends with it."""

EVERY_STEP = "*"
"""What `BEFORE_RESET` answers where nobody can say: any step may have been carried out."""

LOOK = ":look"
"""What the activity type of an action's look-up ends with."""

SENDING = "sending"
"""The mark: what an attempt that must not be repeated heartbeats durably just before it sends."""

# Types of errors, as Temporal and reports keep them.

REFUSED = "Refused"
UNAVAILABLE = "Unavailable"
OUTCOME_UNKNOWN = "OutcomeUnknown"
NOT_SENT = "NotSent"
"""An attempt that was told not to send before it had sent anything; the run decides what follows."""

RESULT_TOO_LARGE = "ResultTooLarge"
UNEXPECTED = "Unexpected"
"""A bug in an action."""

WORKER_SHUTDOWN = "WorkerShutdown"
PAYLOADS_TOO_LARGE = "PayloadsTooLarge"
"""What Temporal's SDK calls an attempt that a shutdown ended, and a result that Temporal does not take."""

OPERATION_CHANGED = "OperationChanged"
"""An attempt that sent nothing, because the service's description has changed since people released the step."""

NEVER_REPEATED = "TemporalTimeout:StartToClose"
"""In an activity's retry policy, says that an unknown outcome must not be repeated."""

# Limits that both sides keep.

LONGEST_ID = 255
"""Bytes that a workflow id may have: what Temporal's own PostgreSQL set-up allows."""

AUTOMATION_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""How an automation may be called, as a pattern."""

RESERVED_NAMES = ("inline", "event")
"""Workflow types that mean something else than an automation of that name."""

DEEPEST_CALL = 5
"""How deep automations may call each other."""

DEEPEST = 100
"""Levels that a JSON value may nest."""


def nests_deeper(value: Any, most: int) -> bool:
    """Say whether a JSON value nests deeper than `most` levels."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
    return bool(level)


# Secrets.


class Place(TypedDict):
    """Where a secret goes in a config.

    Attributes:
        path: JSON pointer to the text.
        name: the secret's name.
        start: offset in the text at which its placeholder stands.
        filter: `basic` where it is the user of HTTP Basic.
        password: the secret that is the password then.
        escape: the syntax for which its value is escaped.
    """

    path: str
    name: str
    start: NotRequired[int]
    filter: NotRequired[Literal["basic"]]
    password: NotRequired[str]
    escape: NotRequired[str]


def placeholder(name: str, password: str | None = None) -> str:
    """Return what stands in a config's text in the place of a secret."""
    return "{{secrets." + name + (f" | basic: secrets.{password}" if password is not None else "") + "}}"


# Requests.

Config = dict[str, Any]
"""A rendered config: the author's own JSON."""

PickPath = list[str | int]
Pick = PickPath | dict[str, PickPath]
"""Path, or paths by name, of what is kept of a result."""


class Request(TypedDict):
    """What a step would send: what people see and approve, and what its digest covers."""

    actionType: str
    config: Config
    secrets: list[Place]
    connection: NotRequired[str]


class SealError(ValueError):
    """A request has no canonical form, so that nobody could say what was approved; the message says why."""


def request_from(action: str, config: Config, secrets: list[Place]) -> Request:
    """Return the request that an action's config makes."""
    request: Request = {"actionType": action, "config": config, "secrets": secrets}
    if isinstance(config.get("connection"), str):
        request["connection"] = config["connection"]
    return request


def seal(request: Request) -> str:
    """Return the digest of a request: lowercase hex SHA-256 of its RFC 8785 form.

    Raises:
        SealError: it has no such form (integers of 2^53 and more, lone surrogates).
    """
    try:
        return hashlib.sha256(rfc8785.dumps(request)).hexdigest()  # type: ignore[arg-type] # a TypedDict is a dict
    except rfc8785.IntegerDomainError as error:
        number = str(error).partition(" ")[0]
        raise SealError(
            f"many receivers read the integer {number} (2^53 or more) as another one; write a text"
        ) from None
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise SealError(str(error)) from None


# Actions.


EVERY_HEADER: Literal["all"] = "all"

UsedHeaders = Sequence[str] | Literal["all"]
"""Lower-case names of an answer's headers that a run uses, or that it may use all."""


class Call(TypedDict):
    """The argument of an action's activity.

    Attributes:
        config: rendered, with placeholders for secrets.
        key: idempotency key, where it is not the one that `trunkline/step_key.py` makes of run and activity.
        secrets: where secrets go.
        pick: what is kept of the result.
        headers: headers of the answer that are kept beside those that always are.
        digest: what people have released; the activity holds the request to it.
        operation: digest of the described operation that people have released, or that alone may be sent unasked.
        run: the run that scheduled it, where the action must not be repeated.
        notice: the hold that it is about, where the action tells people about one.
        since: of a look-up: from when on the step may have been sent (ISO 8601).
    """

    config: Config
    key: NotRequired[str]
    secrets: NotRequired[list[Place]]
    pick: NotRequired[Pick]
    headers: NotRequired[UsedHeaders]
    digest: NotRequired[str]
    operation: NotRequired[str]
    run: NotRequired[str]
    notice: NotRequired[HoldNotice]
    since: NotRequired[str]


class Answer(TypedDict):
    """What an action's activity answers.

    Attributes:
        result: the result, or what was picked of it.
        missing: paths of `pick` that found nothing.
        warnings: what was odd about it, in sentences for the report.
        claim: what tells the result from any other of the vendor's.
        attempts: which attempt answered, where it was not the first.
        call: of a local activity: its argument, which stands nowhere else in the history.
    """

    result: Any
    missing: NotRequired[list[PickPath]]
    warnings: NotRequired[list[str]]
    claim: NotRequired[str]
    attempts: NotRequired[int]
    call: NotRequired[Call]


class LookAnswer(TypedDict):
    """What a look-up answers: everything that the step may have done."""

    found: list[Answer]
    attempts: NotRequired[int]


class FailureDetails(TypedDict, total=False):
    """The details of an action's error, beside its type and sentence.

    Attributes:
        attempts: which attempt it was.
        status: HTTP status of the answer, if there was one.
        timedOut: whether it took too long.
        uncertain: whether nobody knows what became of an earlier attempt.
        wait: seconds for which nobody may send to the account, so that the attempt was none.
        call: of a local activity: its argument, which stands nowhere else in the history.
    """

    attempts: int
    status: int
    timedOut: bool
    uncertain: bool
    wait: float
    call: Call


class PlanQuestion(TypedDict, total=False):
    """What a run asks for its plan with: the automation's name or the definition that came with it, and the event.

    `waited` are the seconds since it first asked.
    """

    automation: str
    inline: Any
    event: dict[str, Any]
    waited: float


class RunLimits(TypedDict, total=False):
    """What a run must know of the limits of its connections; nothing where none concerns it.

    Attributes:
        queues: task queue of each connection with a limit, by the connection's name.
        chosen: the connection that an action uses where its step names none, by the action's name.
        rated: the connections whose limit counts requests, where a step may send several.
    """

    queues: dict[str, str]
    chosen: dict[str, str]
    rated: list[str]


class RunSettings(TypedDict):
    """What the worker's settings say to a run that begins.

    Attributes:
        attributes: whether the namespace has our search attributes.
        dated: whether it has those that say since when a run is held, and for what; older histories lack it.
        webUi: address of Temporal's web UI.
        pages: address of a gateway with pages.
        stateLimit: bytes that variables, report and audit may take together.
    """

    attributes: bool
    dated: NotRequired[bool]
    webUi: str | None
    pages: str | None
    stateLimit: int


P = TypeVar("P")
"""A plan: its shape stands with those who make and run it."""


@final
class PlanAnswer(TypedDict, Generic[P]):
    """The plan that a worker has for a run.

    Attributes:
        plan: the plan.
        outdated: why it is the last good version's, where it is.
    """

    plan: P
    outdated: NotRequired[str]


@final
class PlanRefusal(TypedDict):
    """Why a run can never have a plan, and the type of the error that it ends with."""

    refused: str
    type: str


@final
class PlanParking(TypedDict):
    """Why nobody can say now what a run's plan is, so that it asks again later.

    `unknown` where this worker does not know the automation, and another one may.
    """

    parked: str
    unknown: NotRequired[bool]


@final
class RunAnswer(RunSettings, RunLimits, Generic[P]):
    """What a worker answers to a run that can begin, and what the run hands on with it when it continues as new.

    Attributes:
        plan: the plan.
        outdated: why it is the last good version's, where it is.
        missing: fields of the automation's conditions that the event does not have.
        fairness: what tells the runs of one tenant from another's.
        state: what the run before has left.
        event: the whole event, where it is too large to stand in the history by itself.
    """

    plan: P
    outdated: NotRequired[str]
    missing: NotRequired[list[str]]
    fairness: NotRequired[str | None]
    state: NotRequired[CarriedState]
    event: NotRequired[dict[str, Any]]


class RunPriority(TypedDict, total=False):
    """What goes first where runs queue, by the names of Temporal's own: 1 before 5, and tenants in turn."""

    priority_key: int
    fairness_key: str


class MatchAnswer(TypedDict):
    """What a worker says about an event and one of its automations.

    Attributes:
        automation: its name.
        matches: whether the event concerns it.
        reason: why it does not, or why no run of it can begin; else None.
        once: what makes an event the same, where the automation says it.
        priority: by the names of Temporal's own, where the automation says it.
        admission: by which key, and how, its run goes on, where the automation says it.
    """

    automation: str
    matches: bool
    reason: str | None
    once: NotRequired[str]
    priority: NotRequired[RunPriority]
    admission: NotRequired[Admission]


class EventMatches(TypedDict):
    """What a worker says about an event.

    Attributes:
        matches: of its automations that take events of this type, one for each.
        awaited: whether any run may wait for it.
    """

    matches: list[MatchAnswer]
    awaited: bool


class DispatchEntry(TypedDict):
    """What became of an event for one automation, or for one run that waited for it.

    Attributes:
        automation: its name.
        workflowId: id of the run that the event has started, or would have, or that waited.
        started: whether it has.
        delivered: of a run that waited: that it was brought there.
        reason: why it has not.
    """

    automation: str
    workflowId: str
    started: bool
    delivered: NotRequired[bool]
    reason: NotRequired[str | None]


class EmittedEvent(TypedDict):
    """What became of an event that was dispatched from outside: the second argument of a run that only keeps it.

    Attributes:
        matches: what was said of each automation.
        answer: what became of the event.
    """

    matches: list[MatchAnswer]
    answer: list[DispatchEntry]


class ResetQuestion(TypedDict):
    """What a reset run asks: which of its steps earlier histories may have carried out, up to the last reset."""

    workflow: str
    resets: int


class BeforeReset(TypedDict):
    """The answer as a run keeps it: activity ids, and after how many resets it was asked."""

    resets: int
    steps: list[str]


# Approvals.


class NamedParty(TypedDict, total=False):
    """Whom a policy names: one `person`, or a `group` of people."""

    person: str
    group: str


class PolicyRecord(TypedDict):
    """What a policy came to for one request: it is asked along, so that the history keeps it."""

    request: Request
    at: str
    quorum: int
    requester: str | None
    reason_needed: bool
    editing: bool | Literal["needsApproval"]
    verified: bool


class PinnedOperation(TypedDict):
    """An operation of a described service, and what was decided about it when its run was planned.

    Attributes:
        id: its id in the description.
        digest: changes with whatever a request to it depends on.
        method: GET, POST, …
        key: what carries the idempotency key, where something does.
        fixed: whether nothing is sent once it has changed, unless people release it as it is then.
    """

    id: str
    digest: str
    method: str
    key: NotRequired[str]
    fixed: NotRequired[Literal[True]]


class HeldOperation(TypedDict):
    """The operation of a described service that a held request is for.

    Attributes:
        id: its id in the description.
        digest: changes with whatever a request to it depends on.
        method: GET, POST, …
        address: where the request goes, without what signs it in.
        body: what it carries, if anything.
    """

    id: str
    digest: str
    method: str
    address: str
    body: NotRequired[Any]


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class HoursPlan(TypedDict, total=False):
    """Hours of a week in a plan's words.

    Attributes:
        timeZone: IANA name, such as `Europe/Berlin`.
        days: the days that count.
        start: local time such as `09:00`.
        end: the same.
        holidays: days off, such as `2026-12-25`.
    """

    timeZone: str
    days: list[Day]
    start: str
    end: str
    holidays: list[str]


class Times(TypedDict, total=False):
    """When a policy's clocks strike: milliseconds, counted in business hours where the policy has any."""

    remindAfter: int
    escalateAfter: int
    expiresAfter: int
    businessHours: HoursPlan


class CheckQuestion(TypedDict, total=False):
    """Whether a request may be held or edited so, who may decide, and when its times come.

    Attributes:
        people: who is named, by role (`approvers`, `operators`, `escalateTo`).
        request: what would be sent.
        previous: the request before an edit.
        quorum: how many must approve.
        excluded: who may not.
        verified: whether decisions must be signed.
        times: durations in milliseconds by name, and `businessHours`.
        from: since when they run.
        keep: what is answered as it is.
    """

    people: dict[str, list[NamedParty]]
    request: Request
    previous: Request
    quorum: int
    excluded: str
    verified: bool
    times: Times
    since: str
    keep: PolicyRecord


class CheckAnswer(TypedDict, total=False):
    """The answer to a `CheckQuestion`; `refused` alone where there is none."""

    refused: str
    people: dict[str, list[str]]
    at: dict[str, str]
    keep: PolicyRecord
    index: dict[str, str]
    operation: HeldOperation


class Decision(TypedDict):
    """What people send about a hold, once its shape is known to be right; `docs/approvals.md` says what each key means.

    Attributes:
        hold: the hold's id.
        decision: what is decided.
        by: who decides.
        reason: why.
        digest: the request that was seen.
        edits: for `edit` and `retry`: a JSON Patch, or new values by key.
        result: for `supply`: what the action would have answered.
        approvers: for `reassign`: who decides now.
        deadline: for `extend`: until when.
        proof: the signature.
    """

    hold: str
    decision: str
    by: str
    reason: NotRequired[str | None]
    digest: NotRequired[str | None]
    edits: NotRequired[Any]
    result: NotRequired[Any]
    approvers: NotRequired[list[str]]
    deadline: NotRequired[str]
    proof: NotRequired[Any]


class VerifyQuestion(TypedDict):
    """Whether a decision comes from whom it says."""

    decision: Decision
    workflowId: str
    firstRunId: str
    now: str


class VerifyAnswer(TypedDict, total=False):
    """Nothing where it does; else why not, and whether the proof itself makes no sense."""

    refused: str
    malformed: bool


class SupplyQuestion(TypedDict):
    """Whether a result is one that the action could have given."""

    actionType: str
    result: Any
    pick: NotRequired[Pick]


class SupplyRefusal(TypedDict):
    """Why a supplied result is none."""

    refused: str


class RemindQuestion(TypedDict):
    """When the next reminder is due; `every` in milliseconds."""

    now: str
    due: str
    every: int
    deadline: NotRequired[str]
    businessHours: NotRequired[HoursPlan]


class RemindAnswer(TypedDict):
    """When, if ever, and whether the present one is too late."""

    at: NotRequired[str]
    late: bool


# What runs keep: reports, and what unfinished steps remember.

Status = Literal[
    "pending",
    "running",
    "held",
    "succeeded",
    "failed",
    "unknown",
    "rejected",
    "expired",
    "superseded",
    "skipped",
    "canceled",
]


NOT_TAKEN = "not taken"
"""Why a step is skipped that stands in a way which its run did not go."""

Flow = Literal["done", "stopped", "failed", "rejected", "halted"]
"""How a step or block ended, for what comes after it; `stopped` by a `stop` step inside, `halted` by one elsewhere."""


class ErrorEntry(TypedDict):
    """Why a step failed: a type to tell failures apart, and a sentence."""

    type: str
    message: str


class Entry(TypedDict, total=False):
    """A step in the report; `docs/running.md` says what each key means."""

    id: str
    label: str
    kind: str
    actionType: str
    status: Status
    attempts: int
    startedAt: str
    endedAt: str
    key: str
    parent: str
    error: ErrorEntry
    missing: list[str]
    warnings: list[str]
    decision: HoldDecision
    edited: list[RequestEdit]
    expires: str
    notified: list[NoticeEntry]
    found: bool
    counts: dict[str, int]
    onFailure: Literal["continue"]
    onRejected: Literal["failed"]
    httpStatus: int
    reason: str
    until: str
    retry: Retrying
    calls: str


class Retrying(TypedDict):
    """A failed step that is tried again later: when, and why it failed."""

    at: str
    error: ErrorEntry


class Vote(TypedDict):
    """One person's approval of a held request."""

    by: str
    at: str
    decision: str
    reason: NotRequired[str]


class HoldMessage(TypedDict):
    """A message about a hold that can still be decided there.

    Attributes:
        notice: id of the notice that posted it.
        instance: the posting's own id.
        request: what posted it; the same action updates it.
        at: where it stands, as the action said, and the `key` with which it was posted.
    """

    notice: str
    instance: str
    request: Request
    at: Any


class HoldNotice(TypedDict):
    """What a message about a hold says, in bounded texts.

    Attributes:
        on: what happened; `changed`: its request was edited, or others decide now; `withdrawn`: nothing waits for it.
        run: workflow id.
        hold: the hold's id.
        kind: whether the step waits for approval, or after a failure.
        label: what people call the step.
        actionType: its action.
        automation: name of the automation.
        digest: seal of the request.
        connection: the connection that the request names, if it does.
        config: the request's config as JSON for reading; its beginning where it is long.
        cut: how many characters of that were left out.
        missing: what its templates did not find.
        error: why the step failed.
        who: who may decide, in words.
        votes: who has approved, in words; None where the step waits after a failure.
        rules: how it is decided, in sentences.
        url: the hold's page, if there is one.
        takes: the decisions that it takes from people.
        needsReason: whether a refusal must say why.
        firstRunId: what signed decisions name, where the hold takes no others.
        version: tells one change of the hold from the next.
        decision: how it was decided.
        outcome: why nothing follows from that.
        posted: `Posted.at` of the message that is to be updated; without it a new one is posted.
    """

    on: str
    run: str
    hold: str
    kind: str
    label: str
    actionType: str
    automation: str
    digest: str
    connection: str | None
    config: str
    cut: int
    missing: list[str]
    error: str | None
    who: str
    votes: str | None
    rules: list[str]
    url: str | None
    takes: list[str]
    needsReason: bool
    firstRunId: str | None
    version: int
    decision: HoldDecision | None
    outcome: str | None
    posted: NotRequired[Any]


class HoldDecision(TypedDict):
    """How a hold was decided; `via` is `policy` where nobody did in time."""

    decision: str
    by: str
    at: str
    reason: NotRequired[str]
    votes: NotRequired[list[Vote]]
    via: NotRequired[Literal["policy"]]


class Version(TypedDict):
    """A request before or after an edit."""

    digest: str
    config: Config


class RequestEdit(TypedDict):
    """One edit of a held request."""

    at: str
    by: str
    edits: Any
    before: Version
    after: Version


class NoticeEntry(TypedDict):
    """One notice about a hold, and what became of it."""

    on: str
    label: str
    actionType: str
    at: NotRequired[str]
    status: NotRequired[Status]
    error: NotRequired[ErrorEntry]


class AuditEntry(TypedDict, total=False):
    """One decision that was sent to a run, or at the end of the audit how many `more` were only counted."""

    at: str
    hold: str | None
    by: str | None
    decision: str | None
    via: Literal["signal", "update", "policy"]
    result: str
    digest: str
    edited: str
    edits: Any
    before: Config
    after: Config
    approvers: list[str]
    deadline: str
    reason: str
    message: str
    cut: bool
    more: int


class HoldFacts(TypedDict):
    """What is always known of a hold (see `workflows.holds.hold.Hold`)."""

    hold: str
    step: str
    label: str
    actionType: str
    kind: Literal["approval", "failure"]
    request: Request
    digest: str
    openedAt: str
    firstRunId: str
    approvers: list[str]
    votes: list[Vote]
    quorum: NotRequired[int]
    rejectNeedsReason: NotRequired[bool]
    allowEdit: NotRequired[bool | Literal["needsApproval"]]
    verified: NotRequired[bool]
    digestRequired: NotRequired[bool]
    escalateTo: NotRequired[list[str]]
    missing: NotRequired[list[str]]
    edited: NotRequired[int]


class ShownHold(HoldFacts):
    """An open hold as the query `holds` shows it, without what says nothing."""

    operators: NotRequired[list[str]]
    requester: NotRequired[str]
    deadline: NotRequired[str]
    onExpiry: NotRequired[str]
    remindAt: NotRequired[str]
    escalateAt: NotRequired[str]
    operation: NotRequired[HeldOperation]
    error: NotRequired[ErrorEntry]


class HoldState(HoldFacts):
    """A hold, open or closed, as the next run of the chain takes it over."""

    operators: NotRequired[list[str] | None]
    requester: NotRequired[str | None]
    deadline: NotRequired[str | None]
    onExpiry: NotRequired[str | None]
    remindAt: NotRequired[str | None]
    escalateAt: NotRequired[str | None]
    operation: NotRequired[HeldOperation | None]
    error: NotRequired[ErrorEntry | None]
    named: NotRequired[list[str]]
    index: NotRequired[dict[str, str] | None]
    unknown: NotRequired[bool]
    supplied: NotRequired[Answer | None]
    decision: NotRequired[HoldDecision | None]
    version: NotRequired[int]
    posted: NotRequired[list[HoldMessage]]
    closed: NotRequired[bool]


class ListedHold(TypedDict):
    """An open hold as its run's memo tells it, for lists that ask no run.

    Attributes:
        missing: there where its templates did not find something.
        ask: there where only the run can tell who may still decide it.
    """

    hold: str
    step: str
    kind: Literal["approval", "failure"]
    label: str
    digest: str
    openedAt: str
    missing: NotRequired[Literal[True]]
    ask: NotRequired[Literal[True]]


class UnlistedHolds(TypedDict):
    """How many holds wait besides those that the memo tells."""

    count: int


class EventIdentity(TypedDict):
    """What a report says of the event."""

    id: str
    type: str
    source: str


class RunReport(TypedDict):
    """A run's report, as the query `report` shows it and its result keeps it; `docs/running.md` explains it.

    Attributes:
        definitionHash: there once the run has its plan, as is `event`.
        parked: why the run waits for its definition.
        gate: why it waits at the gate of its key.
        startsAt: of a run that has not begun: when it does.
    """

    automation: str
    outcome: str | None
    steps: list[Entry]
    variables: dict[str, Any]
    audit: list[AuditEntry]
    definitionHash: NotRequired[str]
    event: NotRequired[EventIdentity]
    result: NotRequired[Any]
    reason: NotRequired[str]
    missing: NotRequired[list[str]]
    tolerated: NotRequired[list[str]]
    outdated: NotRequired[str]
    parked: NotRequired[str]
    gate: NotRequired[str]
    startsAt: NotRequired[str]


class Again(TypedDict):
    """A request that a rule of `onFailure` sends again: when, and what."""

    at: str
    request: Request
    digest: str | None
    operation: NotRequired[str]


class OpenCall(TypedDict):
    """A run of another automation that a step has started and waits for.

    Attributes:
        run: its workflow id.
        request: what the step said.
        digest: what people have released of it.
        release: how often the step was released anew.
        until: when it is canceled, where the step has a `timeout`.
    """

    run: str
    request: Request
    digest: str | None
    release: int
    until: NotRequired[str]


class Iteration(TypedDict):
    """How one iteration of a loop went, and what it collected."""

    flow: Flow
    collected: NotRequired[Any]


class Memory(TypedDict, total=False):
    """What an unfinished step must not decide anew after continue-as-new.

    Attributes:
        sent: when the step was first sent.
        release: how often it was released anew.
        resets: after how many resets of the run it was asked what became of earlier attempts.
        doubt: whether it may have been carried out before it was taken up again, so that people must judge it first.
        unjudged: whether its conditions could not be judged, which is tried again where it is taken up again.
        unknown: what a cancel interrupted while it may have been carried out.
        tried: how often each rule of `onFailure` has had it sent again, by the rule's position.
        again: the request that waits to be sent again.
        reminders: how many reminders were sent.
        case: the way that a branch took.
        until: when a wait, or the time of a `repeat`, ends.
        passes: how many passes of a `repeat` ended well.
        left: how many more there may be.
        pause: milliseconds of the next pause between two of them.
        next: when the next one begins, once one has ended.
        after: how many events had arrived when a wait for one began; it takes later ones.
        subscribed: the list on which the run stands for it.
        items: a loop's items.
        done: its finished iterations, by index.
        frames: the variables of its unfinished iterations, by index, or of paths of which the first wins, by id.
        failure: what rules and templates know of its last failure beyond the report's error.
        uncertain: whether it is sent again although an earlier attempt may have been carried out.
        reacted: the rules of `onFailure` whose actions have run, by position.
        reaction: the actions that follow its end, while they run.
        call: the run of another automation that it waits for.
    """

    sent: str
    release: int
    resets: int
    doubt: bool
    unjudged: bool
    unknown: ErrorEntry
    tried: dict[str, int]
    again: Again
    reminders: int
    case: int
    until: str
    passes: int
    left: int
    pause: float
    next: str
    after: int
    subscribed: str
    items: list[Any]
    done: dict[str, Iteration]
    frames: dict[str, dict[str, Any]]
    failure: FailureFacts
    uncertain: bool
    reacted: list[int]
    reaction: Reaction
    call: OpenCall


class FailureFacts(TypedDict):
    """What is known of a failure beyond the type and the message that the report has.

    Attributes:
        status: HTTP status of the answer, if there was one.
        attempts: how often it was tried.
        classes: what it is in the words of `onFailure`.
        certain: whether it certainly had no effect.
    """

    status: int | None
    attempts: int
    classes: list[str]
    certain: bool


class Reaction(TypedDict):
    """The actions that follow a step's end.

    Attributes:
        rule: position of the rule of `onFailure` that they belong to; None: they are those of `onRejected`.
        do: what follows them.
        request: what failed, where people are to judge it afterwards.
        flow: how the actions ended, once they have.
    """

    rule: int | None
    do: Literal["continue", "hold", "stop"]
    request: Request | None
    flow: Flow | None


class FailureRoot(ErrorEntry):
    """What templates find under `failure`.

    Attributes:
        status: HTTP status of the answer, if there was one.
        attempts: how often it was tried, where a step has failed.
    """

    status: int | None
    attempts: int | None


class RunFailure(TypedDict):
    """Why a run has failed, for the actions that follow.

    Attributes:
        reason: why, where a `stop` said so.
        failure: what templates find under `failure`.
    """

    reason: str | None
    failure: FailureRoot


class CarriedState(TypedDict):
    """Everything that a run hands to the next one of its chain, beside event and plan."""

    variables: dict[str, Any]
    memory: dict[str, Memory]
    claims: list[str]
    began: str
    resets: int
    earlier: BeforeReset | None
    entries: dict[str, Entry]
    extra: int
    holds: list[HoldState]
    audit: list[AuditEntry]
    refusals: int
    changes: int
    sizes: dict[str, int]
    failed: NotRequired[RunFailure | None]
    arrivals: NotRequired[ArrivalsState]
    admitted: NotRequired[bool]


# Pauses: while no worker sends to an account, as a limit of the vendor's is used up.

PAUSE = "trunkline:pause"
"""Workflow type of the workflows that run while an account is paused; their ids begin with it."""

PAUSES = "trunkline:pauses"
"""Task queue of those workflows, the same for all workers of a namespace."""

EXTEND = "extend"
"""Signal that makes a pause last until a later time (Unix, in seconds)."""

PAUSE_GRACE = 10.0
"""Seconds after which Temporal ends a pause by itself that no worker has ended in time."""

# Budgets: what connections are used for in a day, counted for a whole namespace.

BUDGET = "trunkline:budget"
"""Workflow type of the workflows that count, one for each connection with a budget; their ids begin with it."""

BUDGETS = "trunkline:budgets"
"""Task queue of those workflows, the same for all workers of a namespace."""

RESERVE = "reserve"
"""Update that sets aside what a use may take, where that much is left."""

SETTLE = "settle"
"""Signal that counts what a use took in place of what was set aside for it."""


class ReserveQuestion(TypedDict):
    """What a use may take: the argument of `RESERVE`.

    Attributes:
        amounts: how much, by what is counted.
        limits: how much of each a day may take.
    """

    amounts: dict[str, int]
    limits: dict[str, int]


class ReserveAnswer(TypedDict):
    """The answer to `RESERVE`.

    Attributes:
        day: the day (UTC, ISO 8601) on which it counts.
        used: what was taken or set aside before.
        lacking: what there is not enough of; nothing where it was set aside.
    """

    day: str
    used: dict[str, int]
    lacking: list[str]


class Settlement(TypedDict):
    """The argument of `SETTLE`.

    Attributes:
        day: the day on which it was set aside.
        amounts: by how much the day's amounts change.
    """

    day: str
    amounts: dict[str, int]


class Count(TypedDict):
    """What a workflow that counts begins with.

    Attributes:
        day: the day that it counts.
        used: what was taken or set aside on it.
    """

    day: str
    used: dict[str, int]
