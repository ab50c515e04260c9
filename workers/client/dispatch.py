"""Dispatch: starts every automation that an event concerns, and says of each other one why it does not."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trunkline.keyed import PER_KEY, Admission, Entrance
from trunkline.wire import DispatchEntry, EmittedEvent, MatchAnswer
from workers.client.start import LONGEST_SUMMARY
from workers.definitions.matching import Match, worth_keeping
from workers.errors import TrunklineError
from workers.payloads.keyed_hash import KeyedHash
from workflows.event import BY_HAND, kept_out

if TYPE_CHECKING:
    from temporalio.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchResult:
    """What became of one automation.

    Attributes:
        automation: the automation's name.
        workflow_id: id of the run, new or earlier.
        started: whether a new run was started.
        reason: why none was.
        failed: whether one should have been: the event concerns the automation, and has not started it before.
        delivered: whether the run waited for the event, and got it.
    """

    automation: str
    workflow_id: str
    started: bool = False
    reason: str | None = None
    failed: bool = False
    delivered: bool = False

    def to_json(self) -> DispatchEntry:
        """Return it in the public words of the command line and of the workflow type `event`."""
        line = DispatchEntry(automation=self.automation, workflowId=self.workflow_id, started=self.started)
        if self.delivered:
            line["delivered"] = True
        if self.reason is not None:
            line["reason"] = self.reason
        return line


async def emit(
    client: Client,
    matches: Iterable[Match],
    event: Mapping[str, Any],
    *,
    task_queue: str,
    keys: Sequence[str] = (),
) -> list[DispatchResult]:
    """Start each automation that matches, once for this event, and bring it to the runs that wait for it.

    A run of the type `event` keeps in Temporal's history what came and what became of it, whether anything did; of
    what it did not start, the first ones.

    Args:
        client: a connected client.
        matches: what `Automations.matching(event)` said.
        event: the whole event.
        task_queue: the task queue of the workers.
        keys: encryption keys, as the setting has them.

    Returns:
        One entry for every automation, in the order of `matches`, and one for each run that waited for the event.

    Raises:
        TrunklineError: no worker answers that could say which runs wait.
    """
    keyed, judged = KeyedHash(keys), list(matches)
    started = await asyncio.gather(*(_dispatch(client, match, event, task_queue, keyed) for match in judged))
    dispatched = [*started, *await _delivered(client, event, keyed)]
    kept = [*worth_keeping(judged)]
    names = {one.automation for one in kept}
    emitted = EmittedEvent(
        matches=[MatchAnswer(automation=one.automation, matches=one.matches, reason=one.reason) for one in kept],
        answer=[one.to_json() for one in dispatched if one.delivered or one.automation in names],
    )
    await _keep(client, event, emitted, task_queue)
    return dispatched


def not_started(match: Match, event: Mapping[str, Any]) -> DispatchResult:
    """Return what becomes of an automation that an event does not start."""
    run = f"{match.automation}/{event['id']}"
    return DispatchResult(automation=match.automation, workflow_id=run, reason=match.reason)


async def _keep(client: Client, event: Mapping[str, Any], emitted: EmittedEvent, task_queue: str) -> None:
    """Keep an event, and what became of it the first time that it was emitted, in Temporal's history."""
    from temporalio.common import WorkflowIDReusePolicy
    from temporalio.exceptions import WorkflowAlreadyStartedError

    from workflows.run.beginning import DISPATCH

    with contextlib.suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            DISPATCH,
            args=[event, emitted],
            id=emitted_id(event["id"], event["source"]),
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"{event['type']} {event['id']}"[:LONGEST_SUMMARY],
        )


def emitted_id(event_id: str, source: str = BY_HAND) -> str:
    """Return the id of the workflow that keeps an emitted event; that of no automation's run begins so."""
    return f"event~/{hashlib.sha256(json.dumps([source, event_id]).encode()).hexdigest()}"


async def _delivered(client: Client, event: Mapping[str, Any], keyed: KeyedHash) -> list[DispatchResult]:
    from temporalio.service import RPCError

    from workers.client.subscriptions import Subscriptions

    subscriptions = Subscriptions(client, keyed)
    if not await subscriptions.awaited(event["type"]):
        return []
    try:
        found = await subscriptions.deliver(event)
    except RPCError as error:
        raise TrunklineError(
            f"Runs may wait for {event['type']}, and the event could not be brought to them ({error.message}). Emit it "
            "once more while a worker runs: that is harmless."
        ) from error
    return [
        DispatchResult(automation=one["automation"], workflow_id=one["workflowId"], delivered=True) for one in found
    ]


async def _dispatch(
    client: Client, match: Match, event: Mapping[str, Any], task_queue: str, keyed: KeyedHash
) -> DispatchResult:
    from workers.client.start import start

    name = match.automation
    concerned = not_started(match, event)
    if not match.matches:
        return concerned
    if match.reason is not None:
        return replace(concerned, failed=True)
    memo = None if match.admission is None else {PER_KEY: match.admission}
    try:
        inside = await _inside(client, match, event, keyed)
        if inside is not None:
            return replace(concerned, reason=kept_out(inside))
        started = await start(
            client, name, event, task_queue=task_queue, priority=match.priority, once=match.once, memo=memo
        )
        if started.started and match.admission is not None and match.admission["mode"] != "skip":
            await _enter(client, name, started.workflow_id, match.admission, keyed)
    except TrunklineError as failure:
        return replace(concerned, reason=str(failure), failed=True)
    return DispatchResult(
        automation=name,
        workflow_id=started.workflow_id,
        started=started.started,
        reason=started.reason,
        failed=started.refused is not None,
    )


async def _inside(client: Client, match: Match, event: Mapping[str, Any], keyed: KeyedHash) -> str | None:
    """Return which run keeps an event from starting anything, because it is under way for the same key."""
    from workers.client.start import workflow_id

    if match.admission is None or match.admission["mode"] != "skip":
        return None
    run = workflow_id(match.automation, event["id"], match.once)
    return await _enter(client, match.automation, run, match.admission, keyed)


async def _enter(client: Client, automation: str, run: str, admission: Admission, keyed: KeyedHash) -> str | None:
    from temporalio.client import RPCTimeoutOrCancelledError
    from temporalio.service import RPCError

    from workers.client.gates import Gates

    entrance = Entrance(run=run, automation=automation, admission=admission)
    try:
        return await Gates(client, keyed).enter(entrance)
    except (RPCError, RPCTimeoutOrCancelledError) as error:
        sentence = f"Nobody says which run is under way for its key ({error}): start a worker, and emit it once more."
        raise TrunklineError(sentence) from error
