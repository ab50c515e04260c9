"""A play with recorded answers: the same request of the same step gets what it got, and people decide what they did."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from activities.action import Action
from trunkline.keyed import ARRIVE
from trunkline.wire import CHECK
from workers.client.recordings import HistoryRecording
from workers.rehearsal.answers import Answers
from workers.rehearsal.approvals import checkable
from workers.rehearsal.arrivals import RehearsedArrivals
from workers.rehearsal.attempts import step_sent
from workers.rehearsal.explained.guide import Guide
from workers.rehearsal.explained.guided import GuidedAttempts, GuidedPlay
from workers.rehearsal.ledger import Ledger, decisions_of, ended, given, not_recorded
from workers.rehearsal.performance import Performance, Stage
from workers.rehearsal.record import base_id


class ReplayGuide(Guide):
    """Guides a play from a recording: the events for which it waits come as they did, and nothing fails besides."""

    def failure(self, step: str, action: Action) -> None:  # noqa: ARG002 # guides differ in what they do with it
        """Let a step succeed of which nobody knows how it ends."""
        self.unanswered.add(base_id(step))

    def event(self, step: str) -> None:
        """Bring none besides."""


class ReplayedAttempts(GuidedAttempts):
    """Carries out activities from a recording.

    Attributes:
        ledger: what the recording has.
    """

    ledger: Ledger

    async def local(self, activity: str, argument: Any) -> Any:
        """Return what the run's worker answers; in a group that is not known here are those who have decided."""
        if activity == CHECK:
            argument = checkable(argument, self.approvals.groups, self.ledger.deciders)
        return await super().local(activity, argument)

    async def activity(self, activity: str, argument: Any, options: Mapping[str, Any]) -> Any:
        """Return what an activity came to, or the mark where it has not ended."""
        step = step_sent(activity, options)
        known = None if step is None else self.ledger.answer(step, argument)
        if step is None or known is None:
            return await super().activity(activity, argument, options)
        if lacking := not_recorded(self.actions[activity], argument, known):
            self.record.lacking[step] = lacking
            return await super().activity(activity, argument, options)
        return await given(self, activity, step, argument, known)

    def child(self, automation: str, event: Mapping[str, Any], run: str) -> asyncio.Future[Any]:
        """Return how a run that a step started has ended, or the mark where it has not."""
        known = self.ledger.call(automation, event["data"])
        return super().child(automation, event, run) if known is None else ended(self, known, event, run)


@dataclass
class ReplayedPlay(GuidedPlay):
    """A play from a recording, under a guide: what was not recorded, and is not assumed, is unknown.

    Attributes:
        recording: what answers and decides.
        past_holds: the holds that the recorded run had; an approval that it did not ask for counts as given. None: this
            is the recorded run itself, and only people who did decide do.
    """

    recording: HistoryRecording | None = None
    past_holds: Collection[str] | None = None

    def _carrier(self) -> ReplayedAttempts:
        if self.recording is None:
            raise TypeError("A play from a recording needs one.")
        made = self._carrying(ReplayedAttempts)
        made.guide, made.ledger = self._guide, Ledger(self.recording)
        return made

    def whole(self) -> Performance:
        """Play the run, with the events that were brought to it as long after its beginning as they were."""
        for event, at in () if self.recording is None else self.recording.arrived:
            after = max((at - self.clock).total_seconds(), 0)
            self.loop.call_later(after, self._bring, event)
        return super().whole()

    def _bring(self, event: Any) -> None:
        arrive = self.host.signals.get(ARRIVE)
        if arrive is not None:
            with self._hosted():
                self.loop.create_task(arrive(event))

    def _may_approve(self, hold: str) -> bool:
        return self.past_holds is not None and hold not in self.past_holds


def replay(
    stage: Stage,
    recording: HistoryRecording,
    guide: ReplayGuide,
    *,
    assumed: Mapping[str, Any] | None = None,
    past_holds: Collection[str] | None = None,
) -> Performance:
    """Play a plan for the event of a recording, with its answers and decisions.

    Args:
        stage: what runs.
        recording: what was recorded for the event; it may be that of the dispatch alone.
        guide: reads what is unknown.
        assumed: answers for what was not recorded, by step or request.
        past_holds: see `ReplayedPlay`.
    """
    return ReplayedPlay(
        stage,
        recording.event or {},
        recording.began,
        Answers((assumed or {},)),
        decisions_of(recording),
        RehearsedArrivals((), recording.began, guide.watch),
        {},
        None,
        stage.packed,
        guide=guide,
        recording=recording,
        past_holds=past_holds,
    ).whole()
