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
