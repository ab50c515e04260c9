"""What the gateway tells of itself: what was decided, and how much waits for people, and for how long."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from tests.engine import Engine
from workers.gateway.counters import Counters
from workers.gateway.noted import RequestNotes
from workers.gateway.waiting import Waiting, WaitingCount, age_of_oldest
from workflows.view.attributes import HOLDS

HOUR = 3600.0


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return the samples of a text by name and labels."""
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_counted() -> None:
    counters = Counters()
    counters.answered("/events", 202, 0.02, RequestNotes(source="events", events=["a", "b"]))
    counters.answered("/events", 400, 0.02, RequestNotes(source="events"))
    counters.answered("/hold", 303, 0.02, RequestNotes(decision="accepted"))
    counters.decided("slack", "stale")
    found = samples(counters.text(Waiting(3, 120.4)))
    assert found["trunkline_gateway_requests_total", "/events,202"] == 1
    assert found["trunkline_gateway_events_total", "events,202"] == 2
    assert found["trunkline_gateway_events_total", "events,400"] == 1
    assert found["trunkline_gateway_decisions_total", "page,accepted"] == 1
    assert found["trunkline_gateway_decisions_total", "slack,stale"] == 1
    assert found["trunkline_gateway_request_seconds_count", "/events"] == 2
    assert found["trunkline_gateway_runs_with_open_holds", ""] == 3
    assert found["trunkline_gateway_oldest_open_hold_age_seconds", ""] == 120
    assert "holds" not in counters.text(None)


@pytest.mark.parametrize("age", [0.0, 59.0, 61.0, HOUR, 26 * HOUR, 400 * 24 * HOUR])
async def test_the_oldest_is_found_by_counting(age: float) -> None:
    asked = []

    async def is_older(than: float) -> bool:
        asked.append(than)
        return age > than

    assert age <= await age_of_oldest(is_older) <= max(60.0, age * 1.03)
    assert len(asked) <= 30


async def test_what_waits_is_counted_in_temporals_list_and_seldom(engine: Engine) -> None:
    since = SearchAttributeKey.for_datetime("TrunklineHeldSince")
    attributes = TypedSearchAttributes([SearchAttributePair(HOLDS, ["a"])])
    counting = WaitingCount(engine.client, engine.task_queue)
    assert await counting.now() == Waiting(0, None)
    for number in range(2):
        await engine.client.start_workflow(
            "held", id=f"{engine.task_queue}/{number}", task_queue=engine.task_queue, search_attributes=attributes
        )
    assert await counting.now() == Waiting(0, None), "Temporal is not asked again at once"
    async with asyncio.timeout(10):
        while (found := await WaitingCount(engine.client, engine.task_queue).now()) != Waiting(2, None):
            assert found is not None
            await asyncio.sleep(0.1)
    await registered(engine, since)
    old = TypedSearchAttributes(
        [SearchAttributePair(HOLDS, ["a"]), SearchAttributePair(since, datetime.now(UTC) - timedelta(hours=5))]
    )
    await engine.client.start_workflow(
        "held", id=f"{engine.task_queue}/old", task_queue=engine.task_queue, search_attributes=old
    )
    async with asyncio.timeout(10):
        while (found := await WaitingCount(engine.client, engine.task_queue).now()) is None or found.runs < 3:
            await asyncio.sleep(0.1)
    assert found.oldest is not None
    assert 5 * HOUR <= found.oldest <= 5.2 * HOUR


async def registered(engine: Engine, key: SearchAttributeKey[datetime]) -> None:
    """Let the namespace know a search attribute, where it does not."""
    request = AddSearchAttributesRequest(
        search_attributes={key.name: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME}, namespace=engine.client.namespace
    )
    with contextlib.suppress(RPCError):  # it knows it
        await engine.client.operator_service.add_search_attributes(request)
