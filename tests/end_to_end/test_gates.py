"""Runs of one key, on a real server: the earlier is canceled, or the later waits, is not started, or replaces it."""

from __future__ import annotations

import asyncio
import uuid
from base64 import b64encode
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from tests.end_to_end.test_event_waits import emit
from tests.engine import JSON, Engine
from tests.histories.features import KEY
from tests.workers.command import on
from trunkline.keyed import Entrance
from workers.client import dispatch
from workers.client.gates import Gates
from workers.client.listing import ListedRun
from workers.client.states import look
from workers.definitions.automations import Automations
from workers.payloads.keyed_hash import KeyedHash

KEYED = """
name: NAME
trigger: {event: TYPE, data: [ticket]}
perKey: {key: "{{ticket.id}}", PER_KEY}
conditions: {field: ticket.spam, operator: not_equals, value: true}
actions:
  - {id: send, actionType: http_request, config: {method: POST, url: "RECEIVER/{{run.automation}}/{{event.id}}"}}
  - {id: hold, actionType: http_request, config: {method: POST, url: RECEIVER/held}, requireApproval: {approvers: [ann]}}
"""


class Keyed:
    """An automation of a key, and the events that it gets."""

    def __init__(self, engine: Engine, name: str, per_key: str) -> None:
        self.engine, self.ticket = engine, uuid.uuid4().hex
        self.name, self.type = f"{name}-{self.ticket[:8]}", f"{name}.{self.ticket[:8]}"
        text = KEYED.replace("NAME", self.name).replace("TYPE", self.type)
        engine.define(text.replace("PER_KEY", per_key))

    async def emit(self, name: str, **ticket: Any) -> JSON:
        """Let an event happen, and return what became of it."""
        event = self.event(name, **ticket)
        [line] = [one for one in await emit(self.engine, event) if one["automation"] == self.name]
        return line

    def event(self, name: str, **ticket: Any) -> JSON:
        """Return an event of that name."""
        data = {"ticket": {"id": self.ticket, **ticket}}
        return self.engine.event(data, id=f"{name}-{self.ticket}", type=self.type)

    def run(self, name: str) -> WorkflowHandle[Any, Any]:
        """Return the run of an event."""
        handle = self.engine.client.get_workflow_handle(f"{self.name}/{name}-{self.ticket}")
        if all(handle.id != one.id for one in self.engine.handles):
            self.engine.handles.append(handle)
        return handle

    async def approve(self, name: str) -> JSON:
        """Approve what a run holds, and return its report."""
        run = self.run(name)
        hold = (await self.engine.held(run))[0]["hold"]
        await self.engine.decide(run, hold=hold, decision="approve", by="ann")
        return await self.engine.finish(run)

    async def ended(self, name: str) -> JSON:
        """Wait until a run has ended, and return its report."""
        run = self.run(name)
        while (await run.describe()).status is WorkflowExecutionStatus.RUNNING:
            await asyncio.sleep(0.05)
        report: JSON = await run.query("report")
        return report

    @property
    def sent(self) -> list[str]:
        """The events whose runs have sent something, in that order."""
        paths = [request.path for request in self.engine.receiver.requests]
        found = [path.rpartition("/")[2] for path in paths if path.startswith(f"/{self.name}/")]
        return [one.partition("-")[0] for one in found]


async def test_a_later_run_replaces_the_earlier(engine: Engine) -> None:
    await engine.serve()
    keyed = Keyed(engine, "restart", "mode: restart")
    assert (await keyed.emit("one"))["started"]
    await engine.held(keyed.run("one"))
    assert (await keyed.emit("two"))["started"]
    report = await keyed.ended("one")
    assert report["outcome"] == "canceled"
    assert keyed.run("two").id in report["reason"]
    assert (await keyed.run("one").describe()).status is WorkflowExecutionStatus.CANCELED
    assert not (await keyed.emit("one"))["started"], "an event that comes twice replaces nothing"
    assert (await keyed.approve("two"))["outcome"] == "completed"
    assert (await keyed.emit("three"))["started"]
    assert (await keyed.approve("three"))["outcome"] == "completed"
    assert keyed.sent == ["one", "two", "three"]


async def test_runs_wait_for_each_other_in_the_order_of_their_events(engine: Engine) -> None:
    await engine.serve()
    keyed = Keyed(engine, "queue", "mode: queue")
    for name in ("one", "two", "three"):
        assert (await keyed.emit(name))["started"]
    await engine.stop()
    four = keyed.event("four")
    queued = await engine.client.start_workflow("event", four, id=f"event/{four['id']}", task_queue=engine.task_queue)
    await engine.serve()
    assert [line["started"] for line in await queued.result() if line["automation"] == keyed.name] == [True]
    assert not (await keyed.emit("five", spam=True))["started"]
    plain = await engine.start(keyed.name, keyed.event("plain"), id=keyed.run("plain").id)
    await engine.held(plain)
    await engine.held(keyed.run("one"))
    assert keyed.sent in (["one", "plain"], ["plain", "one"]), "who starts a run by name passes no gate"
    assert "another run for the same key goes on" in (await keyed.run("two").query("report"))["gate"]
    found = await look(engine.client, ListedRun(run=keyed.run("two").id, automation=keyed.name))
    assert (found["state"], found["why"]) == ("waiting", [(await keyed.run("two").query("report"))["gate"]])
    for command in (["report"], ["explain", "--run"]):
        assert f"  {found['why'][0]}" in f"  {(await on(engine, *command, keyed.run('two').id)).out}".replace(
            "\n", "\n  "
        )
    assert "gate" not in await keyed.run("one").query("report")
    await keyed.run("two").cancel()
    two = await keyed.ended("two")
    assert (two["outcome"], "gate" in two) == ("canceled", False)
    assert (await keyed.approve("one"))["outcome"] == "completed"
    await engine.held(keyed.run("three"))
    assert [name for name in keyed.sent if name != "plain"] == ["one", "three"]
    assert (await keyed.approve("three"))["outcome"] == "completed"
    assert (await keyed.approve("four"))["outcome"] == "completed"
    assert [name for name in keyed.sent if name != "plain"] == ["one", "three", "four"]
    await keyed.approve("plain")


async def test_nothing_is_started_while_another_run_goes_on(engine: Engine) -> None:
    await engine.serve()
    keyed = Keyed(engine, "skip", "mode: skip")
    matches = [*Automations(engine.folder, engine.actions).matching(keyed.event("one"))]
    [first, *_] = await dispatch.emit(engine.client, matches, keyed.event("one"), task_queue=engine.task_queue)
    assert first.started
    line = await keyed.emit("two")
    assert (line["started"], line["reason"]) == (False, f"A run for the same key is under way: {keyed.run('one').id}.")
    matches = [*Automations(engine.folder, engine.actions).matching(keyed.event("two"))]
    [again, *_] = await dispatch.emit(engine.client, matches, keyed.event("two"), task_queue=engine.task_queue)
    assert (again.started, again.reason, again.failed) == (False, line["reason"], False)
    await engine.held(keyed.run("one"))
    await keyed.run("one").terminate()
    engine.handles.clear()
    assert (await keyed.emit("three"))["started"], "one that was terminated keeps nobody out"
    assert (await keyed.approve("three"))["outcome"] == "completed"
    assert not (await keyed.emit("three"))["started"]
    assert (await keyed.emit("four"))["started"], "nor does an event that comes twice"
    assert (await keyed.approve("four"))["outcome"] == "completed"


async def test_a_gate_works_where_everything_is_encrypted(engine: Engine) -> None:
    engine.hold_keys(KEY)
    await engine.serve()
    keyed = Keyed(engine, "sealed", "mode: queue")
    for name in ("one", "two"):
        assert (await keyed.emit(name))["started"]
    await engine.held(keyed.run("one"))
    assert keyed.sent == ["one"]
    for name in ("one", "two"):
        assert (await keyed.approve(name))["outcome"] == "completed"
    entrance = Entrance(run="", automation=keyed.name, admission={"key": keyed.ticket, "mode": "queue"})
    [place] = Gates(engine.client, KeyedHash([KEY])).ids(entrance)
    history = await engine.client.get_workflow_handle(place).fetch_history()
    assert b64encode(b"json/plain").decode() not in history.to_json()
