"""What one attempt sends counts against a connection's rate, request by request."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from tests.engine import Engine, step
from trunkline.actions import Config, Connection, Context, Result, Static, action
from trunkline.wire import TURN

RATE = 10
EACH = 5
MANY = 8
BURST = 12
"""The server shares a rate out to four partitions, each of which may begin a few actions at once."""


class Org(Connection):
    """An organization's account."""

    kind: ClassVar[str] = "org"


class Several(Config):
    """What is sent."""

    times: int = Field(default=1, description="How often.")
    connection: Annotated[str | None, Static()] = Field(default=None, description="Which organization.")


@action(
    "org.send",
    repeat="safe",
    example={"times": 2},
    connections=(Org,),
    requests=lambda raw: raw.get("times", 1) if isinstance(raw.get("times"), int) else 1,
)
async def several(config: Several, context: Context) -> Result:
    """Send several requests."""
    org = context.connection(config.connection, Org)
    for _ in range(config.times):
        await context.request("GET", f"{org.base_url}/several")
    return Result()


def equip(engine: Engine) -> None:
    engine.actions = {**engine.actions, several.name: several}
    engine.connections |= {
        "rated": {"kind": "org", "baseUrl": engine.receiver.url, "rateLimit": {"requestsPerSecond": RATE}},
        "narrow": {"kind": "org", "baseUrl": engine.receiver.url, "concurrency": 3},
        "free": {"kind": "org", "baseUrl": engine.receiver.url},
    }


async def test_a_composite_reserves_its_own_number(engine: Engine) -> None:
    equip(engine)
    engine.define(f"""
        name: sends
        trigger: {{event: test.fired, data: [each]}}
        actions:
          - forEach: "{{{{each}}}}"
            parallel: 100
            actions: [{{actionType: org.send, config: {{times: {EACH}, connection: rated}}}}]
          - {{id: one, actionType: org.send, config: {{connection: rated}}}}
          - {{id: narrow, actionType: org.send, config: {{times: {EACH}, connection: narrow}}}}
          - {{id: free, actionType: org.send, config: {{times: {EACH}, connection: free}}}}
    """)
    handle = await engine.start("sends", engine.event({"each": list(range(MANY))}))
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert len(engine.receiver.to("/several")) == MANY * EACH + 1 + 2 * EACH
    events = list((await handle.fetch_history()).events)
    scheduled = {
        event.event_id: event.activity_task_scheduled_event_attributes
        for event in events
        if event.HasField("activity_task_scheduled_event_attributes")
    }
    queues = Counter((one.activity_type.name, one.task_queue.name.rpartition("/")[2]) for one in scheduled.values())
    assert queues == {
        (TURN, "rated"): MANY * (EACH - 1),
        ("org.send", "rated"): MANY + 1,
        ("org.send", "narrow"): 1,
        ("org.send", engine.task_queue): 1,
    }
    handed_out = sorted(
        event.event_time.ToMicroseconds() / 1e6
        for event in events
        if scheduled.get(event.activity_task_started_event_attributes.scheduled_event_id) is not None
        and scheduled[event.activity_task_started_event_attributes.scheduled_event_id].task_queue.name.endswith("rated")
    )
    assert handed_out[-1] - handed_out[0] >= (MANY * EACH - BURST) / RATE * 0.7


async def test_a_step_whose_turns_do_not_come_in_time_has_sent_nothing(engine: Engine) -> None:
    equip(engine)
    engine.connections["rated"]["rateLimit"] = {"requestsPerSecond": 1}
    engine.define("""
        name: slow
        trigger: {event: test.fired}
        actions: [{id: many, actionType: org.send, config: {times: 90, connection: rated}, retry: {within: 2s}, timeout: 2s}]
    """)
    ended = step(await engine.run("slow"), "many")
    assert (ended["status"], ended["error"]["type"]) == ("failed", "Unavailable")
    assert "too much waits there" in ended["error"]["message"]
    assert not engine.receiver.requests


@pytest.mark.parametrize("most", [0, 101])
def test_a_number_that_cannot_be_reserved_is_told_at_once(most: int) -> None:
    with pytest.raises(ValueError, match="must send 1 to 100 requests"):
        action("org.x", repeat="safe", example={}, requests=most)(several.function)


@pytest.mark.parametrize("written", ["id", "org:nobody", "Org:times", "org:times:times"])
def test_what_is_no_record_is_told_at_once(written: str) -> None:
    with pytest.raises(ValueError, match="as in 'ticket:ticket_id'"):
        action("org.x", repeat="safe", example={}, connections=(Org,), writes=(written,))(several.function)
