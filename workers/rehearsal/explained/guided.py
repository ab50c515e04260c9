"""A play under a guide: what has no answer is unknown and goes on, and approvals count as given at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

from activities.attempt.results import kept
from activities.http_client.statuses import SUCCESS
from trunkline.wire import CHECK
from workers.rehearsal.answers import request_line
from workers.rehearsal.approvals import checkable
from workers.rehearsal.attempts import UNANSWERED, RehearsedActivities, step_sent
from workers.rehearsal.explained.failing import failure_of
from workers.rehearsal.explained.guide import Guide
from workers.rehearsal.explained.unknown import mark
from workers.rehearsal.kept_values import keeps
from workers.rehearsal.play import Play
from workers.rehearsal.record import RequestAttempt, base_id
from workers.rehearsal.results import completed, is_answered_over_http
from workflows.host import read_by

GIVEN = "as given"
"""Who approves in a play in which approvals count as given."""


class GuidedAttempts(RehearsedActivities):
    """Carries out activities; a request without an answer is answered with what is unknown.

    Attributes:
        guide: what reads and chooses for the run.
    """

    guide: Guide

    async def local(self, activity: str, argument: Any) -> Any:
        """Return what the run's worker answers; who is in a group that is not known here nobody needs to know."""
        if activity == CHECK:
            argument = checkable(argument, self.approvals.groups)
            if self.guide.is_partial(argument.get("request")):
                del argument["request"]
        return await super().local(activity, argument)

    async def activity(self, activity: str, argument: Any, options: Mapping[str, Any]) -> Any:
        """Return the result of an activity, or the mark where nobody has said what it is."""
        step = step_sent(activity, options)
        if step is None:
            return await super().activity(activity, argument, options)
        if step in self.guide.partial or keeps(self.actions[activity]):  # what is kept by then nobody knows
            return await self._as_said(activity, step, argument)
        try:
            return await super().activity(activity, argument, options)
        except ActivityError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.type == UNANSWERED:
                return self._unknown(activity, step)
            raise

    async def _as_said(self, activity: str, step: str, call: Mapping[str, Any]) -> Any:
        """Answer a request that cannot be judged, because some of it is unknown, or what was kept before it is."""
        action = self.actions[activity]
        found, answer = self.answers.next(base_id(step), request_line(action, call["config"]))
        await asyncio.sleep(0)
        config = json.loads(json.dumps(call["config"]))
        requested = RequestAttempt(step, activity, self.loop.now(), 1, call["key"], config, answer)
        self.record.requests.append(requested)
        if not found:
            self.record.unanswered.append(requested)
        if not found:
            return self._unknown(activity, step)
        if "fails" in answer:
            raise failure_of(answer["fails"], activity, step)
        result = completed(action, answer)
        if is_answered_over_http(action) and result.status not in SUCCESS:
            return self._unknown(activity, step)
        return json.loads(json.dumps(kept(result, call.get("pick"), call.get("headers", ()))))

    def _unknown(self, activity: str, step: str) -> dict[str, Any]:
        """Return the mark for an answer that nobody knows; on a way on which the step fails, raise its failure."""
        failure = self.guide.failure(step, self.actions[activity])
        if failure is not None:
            raise failure_of(failure, activity, step)
        return {"result": mark()}

    def child(self, automation: str, event: Mapping[str, Any], run: str) -> asyncio.Future[Any]:
        """Return how a run that a step starts ends; unknown where nobody says it."""
        ends = super().child(automation, event, run)
        error = ends.exception() if ends.done() else None
        if not isinstance(error, ChildWorkflowError) or not _unanswered(error):
            return ends
        self.guide.unanswered.add(base_id(self.caller(run)))
        ends = self.begin_child(run)
        ends.set_result(self.ended({"outcome": mark(), "result": mark()}))
        return ends


def _unanswered(error: ChildWorkflowError) -> bool:
    return isinstance(error.cause, ApplicationError) and error.cause.type == UNANSWERED


@dataclass
class GuidedPlay(Play):
    """A play in which a guide reads what is unknown, and every approval is given as soon as it is asked for."""

    guide: Guide | None = None

    def _carrier(self) -> GuidedAttempts:
        made = self._carrying(GuidedAttempts)
        made.guide = self._guide
        return made

    @property
    def _guide(self) -> Guide:
        if self.guide is None:
            raise TypeError("A guided play needs a guide.")
        return self.guide

    @contextmanager
    def _hosted(self) -> Iterator[None]:
        with super()._hosted(), read_by(self._guide):
            yield

    def _note_holds(self) -> None:
        """Keep every hold, and tell the guide who is asked."""
        before = set(self.holds)
        super()._note_holds()
        for name in self.holds.keys() - before:
            self._guide.held(name.partition("#")[0], self.holds[name])

    def _decide(self, end: datetime | None) -> bool:
        """Give the approvals that are asked for, and say whether there was one."""
        return self._approve() or super()._decide(end)

    def _may_approve(self, hold: str) -> bool:  # noqa: ARG002 # not every approval counts as given elsewhere
        """Say whether the approval of a hold counts as given."""
        return True

    def _approve(self) -> bool:
        state, given = self.automation.state, False
        for hold in [] if state is None else state.holds.open():
            if hold.kind == "approval" and hold.decision is None and self._may_approve(hold.hold):
                hold.settle("approve", GIVEN, self.loop.now())
                given = True
        return given
