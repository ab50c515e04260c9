"""What a run that was reset may have carried out before: read from the histories that the reset left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from temporalio import activity

from trunkline.wire import BEFORE_RESET, EVERY_STEP, NOT_SENT, REFUSED, SENDING, UNAVAILABLE
from workers.client.history.chain import run_alone
from workers.client.history.rows import Activity, ResetFrom, Run
from workers.errors import NotFoundError
from workflows.run.encrypted import needs_key

if TYPE_CHECKING:
    from temporalio.api.failure.v1 import Failure
    from temporalio.client import Client

    from trunkline.wire import ResetQuestion

CERTAIN = frozenset({REFUSED, UNAVAILABLE, NOT_SENT})
"""Error types that say that an attempt had no effect."""

ALL_OF_IT = 0


class ResetActivities:
    """Answers which steps of a reset run may have been carried out in the histories before its reset.

    Args:
        client: reads histories.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @activity.defn(name=BEFORE_RESET)
    async def earlier(self, args: dict[str, Any]) -> list[str]:
        """Return the activity ids of those steps; `*` alone where a history is gone, so that any may have run."""
        question = cast("ResetQuestion", args)
        workflow_id, run = question["workflow"], activity.info().workflow_run_id
        try:
            own, left = await self._own(workflow_id, run, question["resets"])
            left += await self._others(workflow_id, own)
            return sorted(await self._carried_out(workflow_id, own, left))
        except NotFoundError:
            return [EVERY_STEP]

    async def _own(self, workflow_id: str, run: str | None, resets: int) -> tuple[set[str], list[ResetFrom]]:
        """Return the runs that this one goes on from, back to the first reset, and what the resets left behind."""
        own: set[str] = set()
        left: list[ResetFrom] = []
        while run and len(left) < resets:
            history = await self._history(workflow_id, run)
            own.add(run)
            left += history.resets
            run = history.start.continues
        return own, left

    async def _others(self, workflow_id: str, own: set[str]) -> list[ResetFrom]:
        """Return the runs that are themselves reset ones, such as an earlier reset to a point before this one's."""
        quoted = workflow_id.replace("\\", "\\\\").replace('"', '\\"')
        listed = [run.run_id async for run in self.client.list_workflows(f'WorkflowId = "{quoted}"')]
        others = [run for run in listed if run not in own]
        return [ResetFrom(run, ALL_OF_IT) for run in others if (await self._history(workflow_id, run)).resets]

    async def _carried_out(self, workflow_id: str, own: set[str], left: list[ResetFrom]) -> set[str]:
        """Return what was done in the histories that were left behind, and in all that led to or followed from them."""
        seen: dict[str, int] = {}
        done: set[str] = set()
        while left:
            one = left.pop()
            if one.run in own or seen.get(one.run, one.event + 1) <= one.event:
                continue
            seen[one.run] = one.event
            history = await self._history(workflow_id, one.run)
            done |= {sent.id for sent in history.activities if await self._may_have_run(sent, one.event)}
            left += [ResetFrom(base.run, min(base.event, one.event)) for base in history.resets]
            if history.continued_as is not None:
                left.append(ResetFrom(history.continued_as, ALL_OF_IT))
        return done

    async def _history(self, workflow_id: str, run: str) -> Run:
        activity.heartbeat()
        return await run_alone(self.client, workflow_id, run)

    async def _may_have_run(self, request: Activity, since: int) -> bool:
        """Say whether an activity had not ended before `since`, or certainly in vain.

        A step that is repeated schedules one activity after the other under the same id: one of them suffices.
        """
        end = request.end
        if end is None or end.kind == "canceled":
            return True
        if end.event < since:
            return False
        if end.failure is None:
            return True
        if end.kind == "failed":
            return end.failure.application_failure_info.type not in CERTAIN
        return await self._was_sent(end.failure)

    async def _was_sent(self, failure: Failure) -> bool:
        """Say whether the last attempt of an activity that was too late had marked that it sends."""
        codec, read = self.client.data_converter.payload_codec, type(failure)()
        read.CopyFrom(failure)
        if codec is not None:
            await codec.decode_failure(read)
        details = read.timeout_failure_info.last_heartbeat_details.payloads
        return any(needs_key(payload) or SENDING.encode() in payload.data for payload in details)
