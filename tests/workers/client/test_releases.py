"""Two versions of the workers on a real server: which work goes where, what stays, and what may be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus

from tests.engine import Engine
from tests.starts import StartServer
from tests.workers.command import Ended, on, trunkline
from workers.payloads.converter import DATA_CONVERTER
from workflows.run import walk
from workflows.view.attributes import ALL

POST = "actionType: http_request, config: {method: POST, url: RECEIVER/orders, body: {amount: 25}}"
STAYS = f"""
name: stays
trigger: {{event: test.fired, data: [numbers]}}
onRelease: stay
actions:
  - {{id: ask, {POST}, requireApproval: true}}
  - {{id: each, forEach: "{{{{numbers}}}}", actions: [{{id: one, {POST}}}]}}
  - {{id: last, {POST}, requireApproval: true}}
"""
MOVES = f"""
name: moves
trigger: {{event: test.fired, data: [numbers]}}
actions:
  - {{id: ask, {POST}, requireApproval: true}}
  - {{id: keep, actionType: remember, config: {{key: "{{{{run.id}}}}", value: 1}}}}
"""
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


class Versions:
    """Workers of builds of the deployment `tests`, and what is released of it."""

    def __init__(self, engine: Engine, stack: AsyncExitStack) -> None:
        self.engine = engine
        self.stack = stack
        self.workers: dict[str, AsyncExitStack] = {}

    async def start(self, build: str) -> None:
        self.engine.settings = {"deployment": "tests", "build": build}
        self.workers[build] = await self.stack.enter_async_context(AsyncExitStack())
        await self.workers[build].enter_async_context(self.engine.assembly().polling())

    async def stop(self, build: str) -> None:
        await self.workers.pop(build).aclose()

    async def release(self, *arguments: str) -> Ended:
        return await on(self.engine, "release", *arguments, TRUNKLINE_DEPLOYMENT="tests")

    async def builds(self, count: int) -> list[dict[str, Any]]:
        """Wait until Temporal knows so many builds, and return them."""
        for _ in range(50):
            found: list[dict[str, Any]] = (await self.release("--json")).json["builds"]
            if len(found) == count:
                return found
        raise AssertionError(found)

    async def begin(self, automation: str, number: str = "1") -> Any:
        event = self.engine.event({"numbers": [1, 2, 3, 4, 5, 6]})
        return await self.engine.client.start_workflow(
            automation, event, id=f"{automation}/{number}", task_queue=self.engine.task_queue
        )


@pytest_asyncio.fixture
async def versions(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Versions]:
    """A server of its own: a release counts for task queues that all workers of a namespace share."""

    def long(_: walk.Walk) -> bool:
        return workflow.info().get_current_history_length() > 30

    monkeypatch.setattr("workers.client.releases.INDEXED", 0.5)
    monkeypatch.setattr(walk.Walk, "must_continue_as_new", long)
    environment = await start_server(search_attributes=list(ALL), data_converter=DATA_CONVERTER)
    async with environment, Engine(environment, tmp_path) as engine, AsyncExitStack() as stack:
        engine.define(STAYS)
        engine.define(MOVES)
        yield Versions(engine, stack)


async def builds_of(handle: Any) -> list[str]:
    """Return the build that carried out each task of a run, those of the whole chain."""
    client, found = handle._client, []
    runs = [one async for one in client.list_workflows(f"WorkflowId = '{handle.id}'")]
    for run in sorted(runs, key=lambda one: one.start_time):
        history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        tasks = [one.workflow_task_completed_event_attributes for one in history.events if one.event_type == COMPLETED]
        found += [task.deployment_version.build_id for task in tasks]
    return found


async def reset_stays(engine: Engine, run: str, run_id: str) -> None:
    """Reset a run to its last task, and see that its build does not change."""
    history = await engine.client.get_workflow_handle(run, run_id=run_id).fetch_history()
    ended = [one for one in history.events if one.event_type == COMPLETED][-1]
    again = await engine.reset(run, ended.event_id, run_id)
    await engine.finish(again)
    tasks = [one for one in (await again.fetch_history()).events if one.event_type == COMPLETED]
    assert tasks[-1].workflow_task_completed_event_attributes.deployment_version.build_id == "1"


async def test_what_stays_stays_and_what_moves_moves(versions: Versions) -> None:
    engine = versions.engine
    nothing = await versions.release()
    assert (nothing.code, "no deployment 'tests'" in " ".join(nothing.err.split())) == (4, True)

    await versions.start("1")
    moving, staying = await versions.begin("moves"), await versions.begin("stays")
    await asyncio.sleep(0.5)
    assert len((await moving.fetch_history()).events) == 2, "nothing begins before a version is current"
    first = await versions.release("1", "--json")
    assert first.code == 0, first.err
    assert first.json == {
        "deployment": "tests",
        "builds": [
            {"build": "1", "status": "current", "polls": True, "stay": 1, "runs": ["stays/1"], "mayStop": False}
        ],
    }
    await engine.held(moving)
    await engine.held(staying)

    wrong = await versions.release("2", "--within", "0s")
    assert wrong.code == 3
    assert "no worker of tests:2 polls" in " ".join(wrong.err.split())
    assert "Workers of 1 do" in " ".join(wrong.err.split())
    await versions.start("2")
    newest = (await versions.builds(2))[0]
    assert (newest["build"], newest["status"], newest["mayStop"]) == ("2", "inactive", False)
    second = await versions.release("2")
    assert second.code == 0, second.err
    assert "tests:2 current" in second.out
    assert "1 run stays on it" in second.out
    assert "- stays/1" in second.out

    await versions.stop("1")
    await engine.decide(moving, hold="ask", decision="approve", by="ann")
    assert (await engine.finish(moving))["outcome"] == "completed", "what is found by a key is served as well"
    assert (await builds_of(moving))[0] == "1"
    assert (await builds_of(moving))[-1] == "2"
    hold = {"hold": "ask", "by": "ann"}
    await staying.signal("approve", hold)
    await asyncio.sleep(1)
    assert set(await builds_of(staying)) == {"1"}
    assert (await staying.describe()).status is WorkflowExecutionStatus.RUNNING, "it waits for a worker of its version"

    await versions.start("1")
    await engine.held(staying)
    later = (await staying.describe()).run_id
    assert later != staying.first_execution_run_id, "it has continued as new"
    await staying.signal("approve", {"hold": "last", "by": "ann"})
    latest = engine.client.get_workflow_handle(staying.id)
    assert (await engine.finish(latest))["outcome"] == "completed"
    assert set(await builds_of(staying)) == {"1"}

    await reset_stays(engine, staying.id, later)

    for _ in range(20):  # Temporal's list lags behind
        last = (await versions.release("--json")).json["builds"]
        if not last[1]["stay"]:
            break
    assert [(one["build"], one["status"], one["mayStop"]) for one in last] == [
        ("2", "current", False),
        ("1", "draining", True),
    ]
    replayed = await on(engine, "replay", "--last", "20")
    assert replayed.code == 0, replayed.out
    assert "0 could not be" in replayed.out


async def test_a_part_of_the_work_goes_to_a_build_first(versions: Versions) -> None:
    await versions.start("1")
    assert (await versions.release("1")).code == 0
    await versions.start("2")
    ramped = await versions.release("2", "--ramp", "100", "--json")
    assert ramped.code == 0, ramped.err
    assert {one["build"]: one["status"] for one in ramped.json["builds"]} == {"1": "current", "2": "ramping"}
    assert not any(one["mayStop"] for one in ramped.json["builds"])
    current = await versions.release("1", "--ramp", "5")
    assert (current.code, "Temporal refused" in current.err) == (1, True)
    handle = await versions.begin("moves")
    await versions.engine.held(handle)
    assert set(await builds_of(handle)) == {"2"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["1"], "TRUNKLINE_DEPLOYMENT is not set"),
        (["--ramp", "5"], "--ramp goes with BUILD"),
        (["1", "--ramp", "101"], "from 0 to 100"),
        (["1", "--within", "soon"], "--within: 'soon' is no duration"),
        (["a:b"], "must be a name"),
    ],
)
async def test_what_makes_no_sense_is_said(arguments: list[str], says: str) -> None:
    ended = await trunkline("release", *arguments)
    assert ended.code == 2
    assert says in " ".join(ended.err.split())
