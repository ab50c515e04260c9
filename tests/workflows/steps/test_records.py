"""What steps of one run write to the same record arrives one after the other; nothing else waits for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated, ClassVar

import pytest
from aiohttp import web
from pydantic import Field
from temporalio import workflow

from tests.engine import Engine, step
from trunkline.actions import Config, Connection, Context, Result, Static, action
from workflows.run import walk


class Desk(Connection):
    """Where the tickets are."""

    kind: ClassVar[str] = "desk"


class Ticket(Config):
    """A ticket."""

    id: str | list[str] = Field(description="Its id, or several.")
    n: int = Field(default=0, description="Which write it is.")
    connection: Annotated[str | None, Static()] = Field(default=None, description="Which desk.")


@action("desk.touch", repeat="never", example={"id": "1"}, connections=(Desk,), writes=("ticket:id",))
async def touch(config: Ticket, context: Context) -> Result:
    """Write a ticket."""
    desk = context.connection(config.connection, Desk)
    await context.request("POST", f"{desk.base_url}/touch", json=config.model_dump(mode="json"))
    return Result()


class Later(Ticket):
    """A ticket that is written in the background."""


@action(
    "desk.later",
    repeat="safe",
    example={"id": "1"},
    connections=(Desk,),
    writes=("ticket:id",),
    background=lambda _raw: True,
)
async def later(config: Later, context: Context) -> Result:
    """Write a ticket in the background."""
    await touch.function(config, context)
    return Result()


class Tickets:
    """Takes a while for each write, and remembers which of them overlapped."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.order: list[tuple[str, int]] = []
        self.flying: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        sent = await request.json()
        ids = sent["id"] if isinstance(sent["id"], list) else [sent["id"]]
        self.order += [(one, sent["n"]) for one in ids]
        self.flying.update([*ids, "all"])
        self.most |= self.flying
        await asyncio.sleep(self.seconds)
        self.flying.subtract([*ids, "all"])
        return web.json_response({})


def tickets(engine: Engine, seconds: float = 0.05) -> Tickets:
    made = Tickets(seconds)
    engine.actions = {**engine.actions, touch.name: touch, later.name: later}
    engine.connections["desk"] = {"kind": "desk", "baseUrl": engine.receiver.url}
    engine.receiver.answers["/touch"] = [made]
    return made


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs continue as new early, once."""

    def must(self: walk.Walk) -> bool:
        early = workflow.info().get_current_history_length() > 20 and workflow.info().continued_run_id is None
        return self.continuing_as_new or early

    monkeypatch.setattr(walk.Walk, "must_continue_as_new", must)


@pytest.mark.usefixtures("short")
async def test_writes_of_one_record_keep_their_order_and_slow_no_other(engine: Engine) -> None:
    seen = tickets(engine)
    engine.define("""
        name: writes
        trigger: {event: test.fired, data: [writes]}
        paths:
          - actions:
              - {actionType: desk.later, config: {id: 7, n: 0}}
              - forEach: "{{writes}}"
                parallel: 4
                actions: [{actionType: desk.touch, config: {id: "{{item.id}}", n: "{{item.n}}", connection: desk}}]
          - actions: [{actionType: desk.touch, config: {id: [x, y]}}]
          - actions: [{actionType: desk.touch, config: {id: [y, x]}}]
    """)
    writes = [{"id": name, "n": n} for n in range(1, 6) for name in ("7", "8")]
    handle = await engine.start("writes", engine.event({"writes": writes}))
    assert (await engine.finish(handle))["outcome"] == "completed"
    assert [n for name, n in seen.order if name == "7"] == [0, 1, 2, 3, 4, 5]
    assert [n for name, n in seen.order if name == "8"] == [1, 2, 3, 4, 5]
    assert {seen.most[name] for name in ("7", "8", "x", "y")} == {1}
    assert seen.most["all"] >= 2, "records do not wait for each other"
    described = await engine.client.get_workflow_handle(handle.id).describe()
    assert described.run_id != handle.first_execution_run_id, "it continued as new"


async def test_who_waits_for_people_or_is_canceled_is_not_waited_for(engine: Engine) -> None:
    seen = tickets(engine, seconds=0.2)
    engine.define("""
        name: held
        trigger: {event: test.fired}
        paths:
          - actions: [{id: asked, actionType: desk.touch, config: {id: a, n: 1}, requireApproval: {approvers: [ada]}}]
          - actions: [{id: free, actionType: desk.touch, config: {id: a, n: 2}}]
          - actions: [{id: failing, actionType: desk.touch, config: {id: a, n: "{{event.source}}"}, onFailure: continue}]
          - actions: [{id: last, actionType: desk.touch, config: {id: a, n: 3}}]
    """)
    handle = await engine.start("held")
    (hold,) = await engine.held(handle)
    while len(seen.order) < 2 or seen.flying["a"]:
        await asyncio.sleep(0.02)
    assert seen.order == [("a", 2), ("a", 3)]
    seen.seconds = 30
    await engine.decide(handle, hold=hold["hold"], decision="approve", by="ada")
    while not seen.flying["a"]:
        await asyncio.sleep(0.02)
    assert seen.order[-1] == ("a", 1)
    await handle.cancel()
    report = await engine.finish(handle, limit=20)
    assert (report["outcome"], step(report, "asked")["status"]) == ("canceled", "unknown")


async def test_a_cancel_frees_who_waits_for_a_record(engine: Engine) -> None:
    seen = tickets(engine, seconds=30)
    engine.define("""
        name: waiting
        trigger: {event: test.fired}
        paths:
          - actions: [{id: first, actionType: desk.touch, config: {id: a, n: 1}}]
          - actions: [{id: second, actionType: desk.touch, config: {id: a, n: 2}}]
    """)
    handle = await engine.start("waiting")
    while not seen.order:
        await asyncio.sleep(0.02)
    await handle.cancel()
    report = await engine.finish(handle, limit=20)
    assert seen.order == [("a", 1)]
    assert step(report, "second")["status"] == "canceled"
