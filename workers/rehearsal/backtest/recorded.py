"""A play with recorded answers: the same request of the same step gets what it got, and people decide what they did."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trunkline.keyed import SUBSCRIBE, UNSUBSCRIBE
from trunkline.wire import CHECK
from workers.client.recordings import Recording
from workers.rehearsal.answers import Answers
from workers.rehearsal.attempts import Attempts, step_sent
from workers.rehearsal.desk import checkable
from workers.rehearsal.ledger import Ledger, decisions_of, ended, given
from workers.rehearsal.performance import Performance, Stage
from workers.rehearsal.play import Play
from workflows.automation import DISPATCH

DECIDER = "as recorded"


class RecordedAttempts(Attempts):
    """Carries out activities from a recording, and what that does not have from the answers that are assumed.

    Attributes:
        ledger: what the recording has.
    """

    ledger: Ledger

    async def local(self, activity: str, argument: Any) -> Any:
        """Return what the run's worker answers; in a group that is not known here are those who have decided."""
        if activity == CHECK:
            argument = checkable(argument, self.desk.groups, self.ledger.deciders)
        return await super().local(activity, argument)

    async def activity(self, activity: str, argument: Any, options: Mapping[str, Any]) -> Any:
        """Return what an activity came to."""
        if activity in {SUBSCRIBE, UNSUBSCRIBE}:
            return "rehearsed"
        step = step_sent(activity, options)
        known = None if step is None else self.ledger.answer(step, argument)
        if step is None or known is None:
            return await super().activity(activity, argument, options)
        return await given(self, activity, step, argument, known)

    def child(self, automation: str, event: Mapping[str, Any], run: str) -> asyncio.Future[Any]:
        """Return how a run that a step starts ends: as it did."""
        known = self.ledger.call(automation, event["data"])
        return super().child(automation, event, run) if known is None else ended(self, known, event, run)


@dataclass
class RecordedPlay(Play):
    """A play from a recording.

    Attributes:
        recording: what answers and decides.
        asked: the holds that the recorded run had; an approval that it did not ask for counts as given. None: this is
            the recorded run itself.
    """

    recording: Recording | None = None
    asked: Collection[str] | None = None

    def _carrier(self) -> RecordedAttempts:
        if self.recording is None:
            raise TypeError("A play from a recording needs one.")
        made = RecordedAttempts(self.loop, self.stage.actions, self.answers, self.stage.desk, self.packed)
        made.ledger = Ledger(self.recording)
        return made

    def _decide(self, end: datetime | None) -> bool:
        """Decide what people decided, and give the approvals for which nobody was asked."""
        if super()._decide(end):
            return True
        state = self.automation.state
        if self.asked is None or state is None:
            return False
        settled = False
        for hold in state.holds.open():
            if hold.kind == "approval" and hold.decision is None and hold.hold not in self.asked:
                hold.settle("approve", DECIDER, self.loop.now())
                settled = True
        return settled


def play_recorded(
    stage: Stage,
    recording: Recording,
    *,
    assumed: Mapping[str, Any] | None = None,
    asked: Collection[str] | None = None,
    packed: Any = None,
) -> Performance:
    """Play a plan for the event of a recording, with its answers and decisions.

    Args:
        stage: what runs.
        recording: what was recorded for the event; it may be that of the dispatch alone.
        assumed: answers for what was not recorded, by step or request.
        asked: see `RecordedPlay`.
        packed: what the run is answered that asks for its plan, instead of the stage's.
    """
    decisions = () if recording.automation == DISPATCH else decisions_of(recording)
    event: Mapping[str, Any] = recording.event or {}
    made = RecordedPlay(
        stage,
        event,
        recording.began,
        Answers((assumed or {},)),
        decisions,
        None,
        None,
        packed or stage.packed,
        recording=recording,
        asked=asked,
    )
    return made.whole()
