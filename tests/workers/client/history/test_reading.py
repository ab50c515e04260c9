"""Histories that were recorded, read into rows: chains, resets, calls, decisions, and what is encrypted."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from tests.histories.features import KEY
from tests.histories.test_histories import FOLDER, VERSIONS, history
from workers.client.history.called import CalledRun, called_runs
from workers.client.history.chain import History
from workers.client.history.reading import local_activity_of, run_of
from workers.client.history.rows import Activity
from workers.client.history.values import HistoryValues, given
from workers.client.pinned import plan_of
from workers.payloads.converter import data_converter
from workflows.run.encrypted import MissingKeyError


def recorded(feature: str, *keys: str) -> History:
    """Return the history of a feature, of all runs of its chain."""
    paths = sorted((FOLDER / VERSIONS[0]).glob(f"{feature}.*.json"))
    runs = [run_of(history(path).events) for path in paths]
    return History(run=feature, runs=runs, values=HistoryValues(data_converter(keys)))


def ends(activities: list[Activity]) -> list[tuple[str, int, str | None]]:
    return [(one.id, one.attempts, None if one.end is None else one.end.kind) for one in activities]


async def test_a_chain_is_read_as_one_run() -> None:
    found = recorded("continue-as-new")
    first, second = found.runs
    assert (second.start.continues is not None, first.start.continues) == (True, None)
    assert (first.closed, second.closed, second.continued_as) == (None, "completed", None)
    assert first.continued_as is not None
    assert [one.id for one in found.activities()] == ["refund", *(f"each[{n}].one" for n in range(6)), "last"]
    assert {one.end.kind for one in found.activities() if one.end} == {"completed"}
    assert (first.start.handed_over, second.start.handed_over is not None) == (None, True)
    plan = await plan_of(found)
    assert plan is not None
    assert plan["automation"] == "recorded"
    name, event = await given(found.start, found.values)
    assert (name, event["type"]) == ("recorded", "test.fired")


async def test_a_run_that_was_reset_says_what_it_goes_on_from_and_has_what_was_before_as_its_own() -> None:
    [before, after] = recorded("reactions").runs
    assert (before.closed, before.resets) == ("failed", [])
    assert (after.closed, [reset.event for reset in after.resets]) == ("completed", [24])
    assert ends(after.activities) == [
        *ends(before.activities),
        ("5", 1, "completed"),
        ("pay", 1, "completed"),
        ("keep", 1, "completed"),
    ]
    failed = after.activities[0]
    assert failed.end is not None
    assert failed.end.failure is not None
    assert failed.end.failure.application_failure_info.type == "Refused"


async def test_decisions_that_a_reset_brings_again_are_known_by_what_they_were() -> None:
    [whole] = recorded("quorum").runs
    events = list(history(FOLDER / VERSIONS[0] / "quorum.1.json").events)
    brought: list[HistoryEvent] = []
    for event in events:
        accepted = event.workflow_execution_update_accepted_event_attributes
        if event.HasField("workflow_execution_update_accepted_event_attributes"):
            again = HistoryEvent(event_id=event.event_id)
            again.workflow_execution_update_admitted_event_attributes.request.CopyFrom(accepted.accepted_request)
            brought.append(again)
            accepted.ClearField("accepted_request")
        brought.append(event)
    read = run_of(brought)
    assert [(one.name, one.input, one.completed, one.at) for one in read.updates] == [
        (one.name, one.input, one.completed, one.at) for one in whole.updates
    ]
    assert [one.name for one in read.updates] == ["decide"] * 3


async def test_updates_and_signals_have_what_was_sent_and_what_was_answered() -> None:
    found = recorded("approval")
    values, [run] = found.values, found.runs
    said = [(await values.value(one.input), await values.value(one.result)) for one in run.updates]
    assert [(says["by"], receipt["result"]) for says, receipt in said] == [("eve", "not_allowed"), ("ann", "accepted")]
    assert all(one.completed is not None for one in run.updates)
    rejected = recorded("rejection")
    [signal] = rejected.runs[0].signals
    assert (signal.name, (await rejected.values.value(signal.input))["by"]) == ("reject", "ann")


async def test_attempts_and_what_was_canceled() -> None:
    [run] = recorded("retries").runs
    assert ends(run.activities) == [("look", 2, "completed"), ("refund", 1, "failed")]
    assert run.activities[0].last_failure is not None
    [run] = recorded("race").runs
    assert [end for _, _, end in ends(run.activities)] == ["canceled", "canceled", "completed", "completed"]
    assert recorded("cancel").runs[0].closed == "canceled"


async def test_how_a_called_run_ended_is_known_though_the_caller_had_to_ask() -> None:
    [told] = (await called_runs(recorded("call"))).values()
    [asked] = (await called_runs(recorded("call-continued"))).values()
    assert (told.answer, told.failure) == ({"outcome": "completed", "result": {"how": "automation.called"}}, None)
    assert (asked.automation, asked.data) == ("called", {})
    assert (asked.answer, asked.failure) == ({"outcome": "completed", "result": None}, None)
    alone = History(
        run="a", runs=recorded("call-continued").runs[:1], values=recorded("call-continued").values
    )  # before it had asked
    assert list((await called_runs(alone)).values()) == [CalledRun(run=asked.run, automation="called", data={})]


async def test_what_is_encrypted_is_read_with_its_key_and_rows_need_none() -> None:
    found, locked = recorded("encryption", KEY), recorded("encryption")
    assert [one.id for one in locked.activities() if not one.name.startswith("trunkline:")] == ["refund"]
    assert [one.name for one in locked.local_activities()] == [one.name for one in found.local_activities()]
    assert (await plan_of(found)) is not None
    assert (await given(found.start, found.values))[1]["data"] == {}
    for read in (plan_of(locked), given(locked.start, locked.values)):
        with pytest.raises(MissingKeyError):
            await read


def test_a_marker_that_no_worker_answered_and_a_history_without_its_beginning_are_told_apart() -> None:
    patch = HistoryEvent()
    patch.marker_recorded_event_attributes.marker_name = "core_patch"
    patch.marker_recorded_event_attributes.details["data"].payloads.add(data=b'{"id": "x", "deprecated": false}')
    assert local_activity_of(patch) is None
    failed = HistoryEvent()
    failed.workflow_task_failed_event_attributes.cause = (
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
    )
    for events in ([], [failed]):
        with pytest.raises(ValueError, match="begins with the event"):
            run_of(events)
