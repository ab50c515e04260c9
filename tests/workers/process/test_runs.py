"""Runs for actions: planned once for each key, and asked about until they have ended."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.errors import Pending, Refused
from workers.process.runs import TemporalRuns


async def test_a_run_is_planned_once_for_each_key_and_asked_about(temporal: WorkflowEnvironment) -> None:
    runs = TemporalRuns(temporal.client, f"nobody-{uuid.uuid4().hex}", attributes=True)
    key, soon = uuid.uuid4().hex, datetime.now(UTC) + timedelta(hours=1)
    first = await runs.plan("report", {"n": 1}, soon, key=key, by="caller/1")
    again = await runs.plan("report", {"n": 1}, soon + timedelta(hours=5), key=key, by="caller/1")
    assert first.run == again.run == f"report/{key}"
    assert abs(again.starts_at - soon) < timedelta(seconds=2), "the first attempt has said when"
    with pytest.raises(Pending) as pending:
        await runs.ended("report", key=key)
    assert pending.value.retry_after is not None
    handle = temporal.client.get_workflow_handle(first.run)
    given = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
    assert b'"source":"/runs/caller/1"' in given.input.payloads[0].data
    await handle.terminate("for the test")
    with pytest.raises(Refused, match=f"The run report/{key} failed"):
        await runs.ended("report", key=key)
    with pytest.raises(Refused, match="Temporal does not keep it any more"):
        await runs.ended("report", key="nobody-knows-it")
    with pytest.raises(Refused, match="at most 512 KiB"):
        await runs.plan("report", {"pad": "x" * 600_000}, soon, key="large", by="caller/1")
