"""The ledger of one recorded run: what its requests came to, each given once to the same request of the same step."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError

from activities.action import Action
from activities.exchange.headers import is_recorded, place_of
from trunkline.wire import EVERY_HEADER, UsedHeaders
from workers.client.history.called import RUN_AUTOMATION, CalledRun
from workers.client.recordings import ActivityOutcome, HistoryRecording
from workers.rehearsal.attempts import RehearsedActivities
from workers.rehearsal.failures import activity_error, fail_child
from workers.rehearsal.performance import PlayedDecision
from workers.rehearsal.record import RequestAttempt, base_id

NOT_SENT = ("hold", "digest", "proof")
"""What of a recorded decision is not sent again: the request may be another one now."""


class Ledger:
    """What a recording has, until it is used up.

    Args:
        recording: the recording.

    Attributes:
        deciders: who has decided anything.
    """

    def __init__(self, recording: HistoryRecording) -> None:
        self.deciders = [str(made.says.get("by")) for made in recording.decisions]
        self._answers: dict[str, deque[ActivityOutcome]] = {}
        self._calls = [one for one in recording.calls if one.answer is not None or one.failure is not None]
        for one in recording.answers:
            if one.answer is not None or one.failure is not None:
                self._answers.setdefault(_key(one.step, one.config, one.pick), deque()).append(one)

    def answer(self, step: str, call: Mapping[str, Any]) -> ActivityOutcome | None:
        """Return what a request of a step came to; None where it was never sent, or was given before."""
        waiting = self._answers.get(_key(step, call["config"], call.get("pick")))
        return waiting.popleft() if waiting else None

    def call(self, automation: str, data: Any) -> CalledRun | None:
        """Return what a run that was started came to."""
        found = next((one for one in self._calls if (one.automation, one.data) == (automation, data)), None)
        if found is not None:
            self._calls.remove(found)
        return found


def not_recorded(action: Action, call: Mapping[str, Any], known: ActivityOutcome) -> list[str]:
    """Return the headers that a call uses of its answer, and that were not recorded with it."""
    used: UsedHeaders = call.get("headers", ())
    place = None if action.result is None else place_of(action.result)
    if place is None or "pick" in call or known.answer is None or known.headers == EVERY_HEADER:
        return []
    if used == EVERY_HEADER:
        return [EVERY_HEADER]
    found = known.answer["result"]
    for key in place:
        found = found[key]
    return [name for name in used if name not in found and not is_recorded(name, known.headers)]


async def given(
    attempts: RehearsedActivities, activity: str, step: str, call: Mapping[str, Any], known: ActivityOutcome
) -> Any:
    """Return what an activity came to, as it was recorded, and write down that it was sent.

    Raises:
        ActivityError: it failed.
    """
    await asyncio.sleep(0)
    config = json.loads(json.dumps(call["config"]))
    attempts.record.requests.append(
        RequestAttempt(step, activity, attempts.loop.now(), 1, call["key"], config, known.answer)
    )
    if known.failure is not None:
        raise activity_error(activity, step) from known.failure
    return json.loads(json.dumps(known.answer))


def ended(attempts: RehearsedActivities, known: CalledRun, event: Mapping[str, Any], run: str) -> asyncio.Future[Any]:
    """Return how a run that a step starts ends, as it was recorded, and write down that it was started."""
    ends = attempts.begin_child(run)
    config = {"automation": known.automation, "data": dict(event["data"])}
    attempts.record.requests.append(
        RequestAttempt(attempts.caller(run), RUN_AUTOMATION, attempts.loop.now(), 1, event["id"], config, known.answer)
    )
    if known.failure is not None:
        fail_child(ends, run, ApplicationError(str(known.failure), type="AutomationFailed"))
    else:
        ends.set_result(attempts.ended({"outcome": "completed", "result": None, **(known.answer or {})}))
    return ends


def decisions_of(recording: HistoryRecording) -> tuple[PlayedDecision, ...]:
    """Return the decisions of a recorded run, each so long after its hold has opened as it was made then."""
    return tuple(
        PlayedDecision(
            hold=str(made.says.get("hold")),
            says={key: value for key, value in made.says.items() if key not in NOT_SENT},
            after=timedelta(seconds=recording.after(made)),
        )
        for made in recording.decisions
    )


def _key(step: str, config: Any, pick: Any) -> str:
    return json.dumps([base_id(step), config, pick], sort_keys=True)
