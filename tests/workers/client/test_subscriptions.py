"""Lists of who waits for events, asked while they continue as new."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from temporalio.client import Client, WorkflowExecutionStatus

from tests.engine import Engine
from tests.starts import StartServer
from trunkline.keyed import Wish
from workers.client.gates import Gates
from workers.client.keyed import is_open
from workers.client.subscriptions import Subscriptions
from workers.payloads.converter import DATA_CONVERTER
from workers.payloads.keyed_hash import KeyedHash


class Late:
    """A client that Temporal tells of each workflow's first run, once, as if the current one had just followed it.

    Args:
        client: the client.
        firsts: run id of the first run, by workflow id.
    """

    def __init__(self, client: Client, firsts: dict[str, str]) -> None:
        self.client = client
        self.firsts = firsts

    def get_workflow_handle(self, workflow_id: str) -> Any:
        handle = self.client.get_workflow_handle(workflow_id)
        if (first := self.firsts.pop(workflow_id, None)) is None:
            return handle
        past = self.client.get_workflow_handle(workflow_id, run_id=first)
        describe = handle.describe

        async def once(**options: Any) -> Any:
            handle.describe = describe  # type: ignore[method-assign] # this handle alone
            return await past.describe(**options)

        handle.describe, handle.query = once, past.query  # type: ignore[method-assign] # same
        return handle


async def test_a_list_that_continues_as_new_while_it_is_asked_loses_no_event(
    start_server: StartServer, tmp_path: Path
) -> None:
    few = "limit.historyCount.suggestContinueAsNew=40"
    async with await start_server(few, data_converter=DATA_CONVERTER) as server, Engine(server, tmp_path) as engine:
        await engine.serve()
        client, kind = server.client, f"survey.{uuid.uuid4().hex}"
        subscriptions = Subscriptions(client, KeyedHash())
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        run = await client.start_workflow("waits", {}, id=f"waits/{kind}", task_queue="nobody")
        wish = Wish(event=kind, field="wanted.id", value=1, automation="waits", run=run.id, until=until)
        for number in range(30):
            await subscriptions.subscribe(wish | {"run": run.id if number == 0 else f"gone/{number}"})
        firsts = {}
        for place in (*subscriptions._fields(kind), *subscriptions._runs(kind, "wanted.id", 1)):
            found = [one async for one in client.list_workflows(f"WorkflowId = '{place}'")]
            first = min(found, key=lambda one: one.start_time)
            assert first.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
            firsts[place] = first.run_id
        for place in firsts:
            late = cast("Client", Late(client, dict(firsts)))
            assert await is_open(late, place)
            assert await Gates(cast("Client", Late(client, dict(firsts))), KeyedHash()).standing(place) == "running"
        late = cast("Client", Late(client, dict(firsts)))
        brought = await Subscriptions(late, KeyedHash()).deliver({"type": kind, "id": "e", "data": {"id": 1}})
        assert [one["workflowId"] for one in brought] == [run.id]


class Counting:
    """A client that counts what it is asked about."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.asked: list[str] = []

    def get_workflow_handle(self, workflow_id: str) -> Any:
        self.asked.append(workflow_id)
        return self.client.get_workflow_handle(workflow_id)

    async def execute_update_with_start_workflow(self, *arguments: Any, **options: Any) -> Any:
        self.asked.append("join")
        return await self.client.execute_update_with_start_workflow(*arguments, **options)


async def test_an_event_for_which_nobody_waits_asks_one_list(engine: Engine) -> None:
    await engine.serve()
    counting = Counting(engine.client)
    subscriptions = Subscriptions(cast("Client", counting), KeyedHash())
    first = uuid.uuid4().hex
    wish = Wish(event=f"{first}.answered.*", automation="waits", run="run", until="")
    assert not await subscriptions.awaited(f"{first}.answered.late")
    assert len(counting.asked) == 1
    later = [datetime.now(UTC) + timedelta(hours=hours) for hours in (1, 2, 30)]
    for until in later:
        await subscriptions.subscribe(wish | {"until": until.isoformat()})
    assert counting.asked.count("join") == 2 * len(later) + 2, "a list that lasts long enough is not joined again"
    assert await subscriptions.awaited(f"{first}.answered.late")
    assert not await subscriptions.awaited(f"{first}.asked.late")
    assert not await subscriptions.awaited(first)
    [place] = subscriptions._beginning(first)
    members = await engine.client.get_workflow_handle(place).query("members")
    assert datetime.fromisoformat(members[""]["until"]) > later[-1]
    await engine.client.get_workflow_handle(place).terminate()


async def test_a_run_that_waits_for_a_type_of_one_word_is_found(engine: Engine) -> None:
    await engine.serve()
    subscriptions = Subscriptions(engine.client, KeyedHash())
    kind = uuid.uuid4().hex
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert not await subscriptions.awaited(kind)
    await subscriptions.subscribe(Wish(event=kind, automation="waits", run="run", until=until))
    assert await subscriptions.awaited(kind)
    assert not await subscriptions.awaited(f"{kind}.answered")
