"""Budgets of connections hold for all workers together, over their ends, and for one day."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio import workflow

from activities.errors import Refused, Unavailable
from tests.engine import JSON, Engine
from trunkline.wire import BUDGET
from workers.process.budgets import TemporalBudgets, budget_workers
from workers.process.limits import running
from workers.sandbox import Sandbox
from workflows import budgets

MANY = """
name: many
trigger: {event: test.fired, data: [numbers]}
actions:
  - forEach: "{{numbers}}"
    parallel: 20
    actions:
      - {id: ask, actionType: generate_ai_response, config: {promptTemplate: "Say {{item}}", maxTokens: 10}, onFailure: continue}
"""


@pytest.fixture
def name() -> str:
    return f"model-{uuid.uuid4().hex[:8]}"


@asynccontextmanager
async def counting(engine: Engine, name: str, per_day: JSON) -> AsyncIterator[TemporalBudgets]:
    """Serve the workflows that count, and nothing else."""
    engine.connections[name] = {"kind": "openai", "apiKey": "key-1234567890", "budget": {"perDay": per_day}}
    async with running(budget_workers(engine.client, engine.make_connections().usable())):
        yield TemporalBudgets(engine.client)


async def test_workers_share_a_budget_and_what_exceeds_it_is_not_sent(engine: Engine, name: str) -> None:
    engine.define(MANY)
    async with Sandbox(port=0) as sandbox:
        model = {"kind": "openai", "apiKey": "key-1234567890", "model": "m", "baseUrl": f"{sandbox.url}/openai"}
        engine.connections[name] = {**model, "budget": {"perDay": {"calls": 7}}}
        await engine.serve()
        elsewhere = TemporalBudgets(engine.client)
        await asyncio.gather(*(elsewhere.reserve(name, {"calls": 1}, {"calls": 7}) for _ in range(2)))
        reports = [await engine.run("many", engine.event({"numbers": [*range(10)]})) for _ in range(2)]
        assert len(sandbox.requests("openai")) == 5
    errors = [one["error"]["message"] for report in reports for one in report["steps"] if one["id"].endswith("ask")]
    assert len(errors) == 15
    assert all("budget" in error and f"'{name}'" in error and "7 of 7 calls" in error for error in errors)


async def test_what_was_used_is_known_after_all_workers_have_ended(engine: Engine, name: str) -> None:
    for left in (2, 1):
        async with counting(engine, name, {"calls": 2}) as counted:
            await counted.reserve(name, {"calls": 1}, {"calls": 2})
            if left == 1:
                with pytest.raises(Refused, match="2 of 2 calls"):
                    await counted.reserve(name, {"calls": 1}, {"calls": 2})


async def test_what_was_used_counts_in_place_of_what_was_set_aside(engine: Engine, name: str) -> None:
    limits = {"tokens": 1_000}
    async with counting(engine, name, limits) as counted:
        first = await counted.reserve(name, {"calls": 1, "tokens": 900}, limits)
        with pytest.raises(Refused, match="900 of 1,000 tokens are used or set aside, and this call may take 200"):
            await counted.reserve(name, {"calls": 1, "tokens": 200}, limits)
        await counted.settle(first, {"calls": 1, "tokens": 100})
        await counted.reserve(name, {"calls": 1, "tokens": 900}, limits)
        with pytest.raises(Refused, match="1,000 of 1,000"):
            await counted.reserve(name, {"calls": 1, "tokens": 1}, limits)


async def test_a_new_day_has_a_new_budget(engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"calls": 1}
    async with counting(engine, name, limits) as counted:
        before = await counted.reserve(name, {"calls": 1}, limits)
        monkeypatch.setattr(budgets, "_today", lambda: "2999-12-31")
        after = await counted.reserve(name, {"calls": 1}, limits)
        assert (before.day < after.day, after.day) == (True, "2999-12-31")
        await counted.settle(before, {})
        with pytest.raises(Refused, match="for 2999-12-31"):
            await counted.reserve(name, {"calls": 1}, limits)


async def test_a_count_outlives_its_history_and_replays(
    engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"calls": 30}
    with monkeypatch.context() as short:
        short.setattr(
            workflow.Info, "is_continue_as_new_suggested", lambda info: info.get_current_history_length() > 40
        )
        async with counting(engine, name, limits) as counted:
            for _ in range(3):
                done = await asyncio.gather(*(counted.reserve(name, {"calls": 1}, limits) for _ in range(10)))
                assert len(done) == 10
            with pytest.raises(Refused, match="30 of 30"):
                await counted.reserve(name, {"calls": 1}, limits)
        assert await engine.replay_ended(f"{BUDGET}/{name}") >= 1, "it continued as new"


async def test_where_nobody_counts_nothing_is_sent(engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.process.budgets.PATIENCE", timedelta(seconds=1))
    with pytest.raises(Unavailable, match=f"budget of the connection '{name}' could not be asked"):
        await TemporalBudgets(engine.client).reserve(name, {"calls": 1}, {"calls": 1})
