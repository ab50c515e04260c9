"""Starting a run once for each event."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.common import TypedSearchAttributes

LONGEST_SUMMARY = 200


def workflow_id(automation: str, event_id: str, once: str | None = None, *, again: bool = False) -> str:
    """Return the workflow id under which an automation runs for an event; see `workflows.event.run_id`.

    Raises:
        TrunklineError: Temporal's databases do not take so long an id.
    """
    from workflows.event import EventError, run_id

    try:
        return run_id(automation, event_id, once, again=f"~{uuid.uuid4().hex[:8]}" if again else "")
    except EventError as error:
        raise TrunklineError(str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartResult:
    """What became of the wish to run an automation for an event.

    Attributes:
        automation: the automation's name.
        workflow_id: id of the run, new or earlier.
        started: whether a new run was started.
        outcome: where the event has started one before, how that stands: `running` or its outcome.
        refused: where it has not, why it starts none now.
        same: what was received before, as a sentence names it.
    """

    automation: str
    workflow_id: str
    started: bool
    outcome: str | None = None
    refused: str | None = None
    same: str = "This event"

    @property
    def reason(self) -> str | None:
        """Say why nothing was started, or nothing if something was."""
        if self.started or self.refused is not None:
            return self.refused
        how = "is still running" if self.outcome == "running" else f"has ended: {self.outcome}"
        return f"{self.same} has been received before: {self.workflow_id} {how}."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A run that shall exist once."""

    automation: str
    run: str
    workflow_type: str
    argument: Mapping[str, Any]
    event: Mapping[str, Any]
    task_queue: str
    priority: Mapping[str, Any] = field(default_factory=dict)
    once: str | None = None
    memo: Mapping[str, Any] | None = None


async def start(  # noqa: PLR0913 # what starting takes, by name
    client: Client,
    automation: str,
    event: Mapping[str, Any],
    *,
    task_queue: str,
    again: bool = False,
    priority: Mapping[str, Any] | None = None,
    once: str | None = None,
    memo: Mapping[str, Any] | None = None,
) -> StartResult:
    """Start an automation for an event, once: a duplicate is answered with how the earlier run stands.

    An event of the same id that came from another source is no duplicate, and is refused.

    Args:
        client: a connected client.
        automation: the automation's name, which is the workflow type.
        event: the whole event, with its `id`.
        task_queue: the task queue of the workers.
        again: run once more, under an id of its own, for an event that was received before.
        priority: Temporal's `priority_key` and `fairness_key` of the run, where they are known.
        once: what the automation's `trigger.once` makes of the event: then that tells duplicates, and no source.
        memo: what the run knows from its start.
    """
    run = workflow_id(automation, event["id"], once, again=again)
    return await _start_once(
        client,
        _Wanted(
            automation=automation,
            run=run,
            workflow_type=automation,
            argument=event,
            event=event,
            task_queue=task_queue,
            priority=priority or {},
            once=once,
            memo=memo,
        ),
    )


async def start_inline(  # noqa: PLR0913 # what starting takes, by name
    client: Client,
    definition: Mapping[str, Any],
    event: Mapping[str, Any],
    *,
    task_queue: str,
    again: bool = False,
    once: str | None = None,
) -> StartResult:
    """Start a definition that no folder has to hold; see `start`.

    It shares the workflow ids of the automation whose name it has: an event runs once, wherever the definition stands.
    """
    from workflows.run.beginning import INLINE

    automation = str(definition["name"])
    run = workflow_id(automation, event["id"], once, again=again)
    return await _start_once(
        client,
        _Wanted(
            automation=automation,
            run=run,
            workflow_type=INLINE,
            argument={"automation": definition, "event": event},
            event=event,
            task_queue=task_queue,
            once=once,
        ),
    )


async def _start_once(client: Client, wanted: _Wanted) -> StartResult:
    from temporalio.common import TypedSearchAttributes
    from temporalio.exceptions import WorkflowAlreadyStartedError
    from temporalio.service import RPCError, RPCStatusCode

    try:
        try:
            await _start(client, wanted, _search_attributes(wanted))
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT or "search attribute" not in error.message.lower():
                raise
            # This namespace does not know our search attributes: runs work without them, only searching is poorer.
            await _start(client, wanted, TypedSearchAttributes.empty)
    except WorkflowAlreadyStartedError:
        return await _duplicate(client, wanted)
    return StartResult(automation=wanted.automation, workflow_id=wanted.run, started=True)


async def _duplicate(client: Client, wanted: _Wanted) -> StartResult:
    """Say what became of an event whose workflow id is taken: it has run before, or is another event than that."""
    from workers.client.earlier import outcome, source_of
    from workflows.event import another_event

    refused = None
    if wanted.once is None:
        refused = another_event(wanted.run, wanted.event, await source_of(client, wanted.run))
    return StartResult(
        automation=wanted.automation,
        workflow_id=wanted.run,
        started=False,
        outcome=await outcome(client, wanted.run) if refused is None else None,
        refused=refused,
        same="This event" if wanted.once is None else "An event that `trigger.once` takes for the same",
    )


async def _start(client: Client, wanted: _Wanted, attributes: TypedSearchAttributes) -> None:
    from temporalio.common import Priority, WorkflowIDReusePolicy

    await client.start_workflow(
        wanted.workflow_type,
        wanted.argument,
        id=wanted.run,
        task_queue=wanted.task_queue,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        search_attributes=attributes,
        static_summary=f"{wanted.event['type']} {wanted.event['id']}"[:LONGEST_SUMMARY],
        static_details=_details(wanted),
        priority=Priority(**wanted.priority),
        memo=wanted.memo,
    )


def _search_attributes(wanted: _Wanted) -> TypedSearchAttributes:
    from temporalio.common import SearchAttributePair, TypedSearchAttributes

    from workflows.view.attributes import AUTOMATION, EVENT

    return TypedSearchAttributes(
        [SearchAttributePair(AUTOMATION, wanted.automation), SearchAttributePair(EVENT, wanted.event["id"])]
    )


def _details(wanted: _Wanted) -> str:
    event = {f"Event {key}": wanted.event.get(key) for key in ("id", "type", "source", "time")}
    rows = {"Automation": wanted.automation, **event}
    return "\n".join(
        f"- {key}: `{str(value)[:LONGEST_SUMMARY].replace('`', ' ')}`" for key, value in rows.items() if value
    )
