"""Replays recorded histories against this version, as a worker would that takes over their runs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import EventType
from temporalio.common import HeaderCodecBehavior
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from workers.payloads.converter import PlainFailures, of_worker
from workers.process.replay_clock import ReplayClock
from workflows.automation import Automation
from workflows.budgets import BudgetCount
from workflows.keyed.gate import Gate
from workflows.keyed.subscriptions import SubscriptionList
from workflows.keyed.value import KeptValue
from workflows.pauses import Pause
from workflows.starter import Starter
from workflows.view.details import Details

if TYPE_CHECKING:
    from temporalio.client import WorkflowHistory
    from temporalio.converter import DataConverter
    from temporalio.runtime import Runtime

    from workers.client.histories import RecordedHistory

WORKFLOWS = (Automation, Starter, Gate, KeptValue, SubscriptionList, BudgetCount, Pause)
"""Everything that a worker carries out as a workflow."""

MESSAGE = re.compile(r'message: "(?P<sentence>(?:[^"\\]|\\.)*)"')
"""The message of a failure as Temporal's core prints it."""

OTHERWISE = "[TMPRL1100] Nondeterminism error: "
"""What it begins with where the workflow did something else than the history says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What became of one history.

    Attributes:
        run: workflow id.
        automation: the workflow type.
        place: where the history is from: a file, or the run id.
        why: why this version cannot take the run over; None where it can.
    """

    run: str
    automation: str
    place: str
    why: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        document = {"run": self.run, "automation": self.automation, "from": self.place, "replays": self.why is None}
        return document if self.why is None else {**document, "why": self.why}


def replayer(converter: DataConverter, runtime: Runtime | None = None) -> Replayer:
    """Return what replays a run as a worker would.

    Args:
        converter: the converter of clients.
        runtime: Temporal's, where it is not the process's own.
    """
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=replace(of_worker(converter), failure_converter_class=PlainFailures),  # what fails is to be read
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        interceptors=[Details()],
        plugins=[ReplayClock()],
        runtime=runtime,
    )


async def replay(
    histories: AsyncIterator[RecordedHistory], converter: DataConverter, runtime: Runtime
) -> AsyncIterator[ReplayResult]:
    """Yield what becomes of each history; one in which no worker has done anything yet replays.

    Args:
        histories: the histories.
        converter: the converter of clients, with the keys and the payload store that the runs need.
        runtime: Temporal's, which says where its core's warnings go.
    """
    places: list[RecordedHistory] = []

    async def begun() -> AsyncIterator[WorkflowHistory]:
        async for one in histories:
            places.append(one)
            if any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED for event in one.history.events):
                yield one.history

    async with replayer(converter, runtime).workflow_replay_iterator(begun()) as results:
        async for result in results:
            while places[0].history is not result.history:
                yield _replayed(places.pop(0), None)
            yield _replayed(places.pop(0), result.replay_failure)
    for one in places:
        yield _replayed(one, None)


def _replayed(one: RecordedHistory, failure: Exception | None) -> ReplayResult:
    started = one.history.events[0].workflow_execution_started_event_attributes
    why = None if failure is None else _sentence(str(failure))
    return ReplayResult(run=one.history.workflow_id, automation=started.workflow_type.name, place=one.place, why=why)


def _sentence(message: str) -> str:
    found = MESSAGE.search(message)
    sentence = message if found is None else found["sentence"].replace('\\"', '"').replace("\\n", " ")
    if sentence.startswith(OTHERWISE):
        return f"This version would do something else. {sentence.removeprefix(OTHERWISE)}"
    return f"It cannot be replayed. {sentence}"
