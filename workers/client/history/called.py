"""How the runs of other automations ended that a run has called: as Temporal told it, or as it has asked later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trunkline.step_key import keyed
from workers.client.history.picks import unpicked

if TYPE_CHECKING:
    from datetime import datetime

    from workers.client.history.chain import History
    from workers.client.history.rows import Activity, StartedRun
    from workers.client.history.values import HistoryValues

RUN_AUTOMATION = "run_automation"
"""The action that calls, and the activity by which a run asks how what it has called ended."""

KEPT = ("outcome", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledRun:
    """A run that a run has called.

    Attributes:
        run: its workflow id.
        automation: its automation's name.
        data: the data of its event.
        answer: its outcome and its result, as far as the history has them; None where it did not end well.
        failure: why it failed; None where it did not.
        ended: when it ended, or the caller learned of it; None where it has not.
    """

    run: str
    automation: str
    data: Any
    answer: dict[str, Any] | None = None
    failure: BaseException | None = None
    ended: datetime | None = None


async def called_runs(history: History) -> dict[str, CalledRun]:
    """Return the runs that a run has called, in order, each under its workflow id.

    Raises:
        MissingKeyError: one is encrypted under a key that is not at hand, or out of reach.
        PayloadError: one is no JSON.
    """
    values = history.values
    questions = {run: one for one in history.activities() if (run := await asks_about(one, history.run, values))}
    calls: dict[str, StartedRun] = {}
    for call in history.calls():
        if call.run not in calls or call.end is not None:  # one that was reset calls again, and finds it called
            calls[call.run] = call
    return {run: await _called(call, questions.get(run), values) for run, call in calls.items()}


async def asks_about(one: Activity, caller: str, values: HistoryValues) -> str | None:
    """Return the workflow id of the run of which an activity asks how it ended; None where it is another activity."""
    if one.name != RUN_AUTOMATION:
        return None
    call = keyed(await values.value(one.input), caller, one.id)
    return f"{call['config']['automation']}/{call['key']}"


async def _called(call: StartedRun, question: Activity | None, values: HistoryValues) -> CalledRun:
    event = await values.value(call.input)
    end = call.end if call.end is not None and call.end.kind in {"completed", "failed"} else None
    answer = None if end is None else await values.value(end.result)
    if end is None and question is not None and question.end is not None:
        end = question.end
        request, kept = await values.value(question.input), await values.value(end.result)
        answer = None if kept is None else unpicked(kept["result"], request.get("pick"))
    return CalledRun(
        run=call.run,
        automation=call.automation,
        data=event.get("data") if isinstance(event, dict) else None,
        answer=None if answer is None else {name: answer[name] for name in KEPT if name in answer},
        failure=None if end is None or end.failure is None else await values.failure(end.failure),
        ended=None if end is None else end.at,
    )
