"""What makes an event the same: its source and id, or what `trigger.once` makes of it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine import Engine
from tests.workers.command import on
from workers.client.dispatch import DispatchResult, emit
from workers.client.earlier import source_of
from workers.client.start import start, start_inline
from workers.definitions.automations import Automations

COUNTED = """
    name: NAME
    trigger: {event: order.paid, data: [order]ONCE}
    actions: [{label: Enough, stop: completed}]
"""


@pytest.fixture
def name(engine: Engine) -> str:
    """The name of an automation of its own, because all tests share one namespace."""
    return f"counted-{engine.task_queue[5:]}"


def define(engine: Engine, name: str, once: str | None = None) -> None:
    said = "" if once is None else f", once: {json.dumps(once)}"
    engine.define(COUNTED.replace("NAME", name).replace("ONCE", said))


def paid(source: str = "/shop", event_id: str = "evt_1", order: dict[str, Any] | None = None) -> dict[str, Any]:
    data = {"order": order or {}}
    return {"specversion": "1.0", "id": event_id, "source": source, "type": "order.paid", "data": data}


async def emitted(engine: Engine, event: dict[str, Any]) -> DispatchResult:
    await engine.serve()
    matches = [*Automations(engine.folder, engine.actions).matching(event)]
    (found,) = await emit(engine.client, matches, event, task_queue=engine.task_queue)
    return found


async def dispatched(engine: Engine, event: dict[str, Any], run: str) -> dict[str, Any]:
    """Let the workflow type `event` dispatch it."""
    (found,) = await engine.finish(await engine.start("event", event, id=run))
    assert isinstance(found, dict)
    return found


async def test_the_same_id_from_another_source_is_another_event(engine: Engine, name: str) -> None:
    define(engine, name)
    first = await emitted(engine, paid("/shop"))
    other = await emitted(engine, paid("/returns"))
    assert (first.started, first.failed) == (True, False)
    assert (other.started, other.failed, other.workflow_id) == (False, True, f"{name}/evt_1")
    assert other.reason is not None
    assert "'/shop'" in other.reason
    assert "'/returns'" in other.reason
    assert "received before" not in other.reason
    again = await emitted(engine, paid("/shop"))
    assert (again.started, again.failed) == (False, False)
    assert "received before" in str(again.reason)


async def test_the_type_event_compares_sources_too(engine: Engine, name: str) -> None:
    define(engine, name)
    assert (await dispatched(engine, paid("/shop"), f"{name}-1"))["started"]
    other = await dispatched(engine, paid("/returns"), f"{name}-2")
    assert not other["started"]
    assert "'/shop'" in other["reason"]
    again = await dispatched(engine, paid("/shop"), f"{name}-3")
    assert not again["started"]
    assert again["reason"] == "This event has started it before."


@pytest.mark.parametrize(
    ("argument", "source"),
    [
        ({"type": "t", "data": {}}, "manual"),
        ({"type": "t", "source": None, "data": {}}, "manual"),
        ({"type": "t", "source": "/a", "data": {}}, "/a"),
        ({"source": 5}, None),
        ("no event", None),
        (None, None),
    ],
)
async def test_what_a_plain_client_started_a_run_with_says_its_source(
    engine: Engine, name: str, argument: Any, source: str | None
) -> None:
    run = f"{name}/{hashlib.sha256(json.dumps(argument).encode()).hexdigest()[:8]}"
    await engine.client.start_workflow(name, argument, id=run, task_queue="nobody-polls-here")
    assert await source_of(engine.client, run) == source
    await engine.client.get_workflow_handle(run).terminate()


async def test_a_run_of_no_event_is_not_taken_for_a_duplicate(engine: Engine, name: str) -> None:
    define(engine, name)
    await engine.client.start_workflow(name, "no event", id=f"{name}/evt_1", task_queue=engine.task_queue)
    answer = await emitted(engine, paid())
    assert (answer.started, answer.failed) == (False, True)
    assert "cannot be read" in str(answer.reason)


async def test_an_encrypted_run_is_compared_with_the_key_alone(engine: Engine, name: str) -> None:
    bare = engine.client
    engine.hold_keys(f"k1:{base64.b64encode(bytes(32)).decode()}")
    define(engine, name)
    assert (await emitted(engine, paid("/shop"))).started
    assert "'/shop'" in str((await emitted(engine, paid("/returns"))).reason)
    assert not (await emitted(engine, paid("/shop"))).failed
    assert await source_of(bare, f"{name}/evt_1") is None


async def test_of_two_sources_that_come_at_once_one_is_refused(engine: Engine, name: str) -> None:
    define(engine, name)
    both = await asyncio.gather(emitted(engine, paid("/shop")), emitted(engine, paid("/returns")))
    assert sorted((one.started, one.failed) for one in both) == [(False, True), (True, False)]


async def test_an_inline_run_is_compared_by_the_event_beside_its_definition(engine: Engine, name: str) -> None:
    await engine.serve()
    definition = {"name": name, "trigger": {"event": "order.paid"}, "actions": [{"stop": "completed"}]}
    queue = engine.task_queue
    assert (await start_inline(engine.client, definition, paid("/shop"), task_queue=queue)).started
    other = await start_inline(engine.client, definition, paid("/returns"), task_queue=queue)
    assert "'/shop'" in str(other.refused)
    again = await start_inline(engine.client, definition, paid("/shop"), task_queue=queue)
    assert (again.started, again.refused) == (False, None)


@pytest.mark.parametrize(
    ("once", "order", "text"),
    [
        ("{{order.id}}", {"id": "A/1"}, "A/1"),
        ("{{order.id}}", {"id": 42}, "42"),
        ("{{order.id}}", {"id": "Größe 💶"}, "Größe 💶"),
        ("{{order.id}}-{{order.line}}", {"id": "A", "line": 2}, "A-2"),
        ("{{event.data.order.id}}", {"id": "A"}, "A"),
        ("{{order.ids}}", {"ids": ["a", 1]}, '["a", 1]'),
        ("{{order.id}}", {"id": False}, "false"),
    ],
)
async def test_once_says_what_makes_an_event_the_same(
    engine: Engine, name: str, once: str, order: dict[str, Any], text: str
) -> None:
    define(engine, name, once)
    first = await emitted(engine, paid("/shop", "evt_1", order))
    assert (first.started, first.workflow_id) == (True, f"{name}/{text}")
    other = await emitted(engine, paid("/returns", "evt_2", order))
    assert (other.started, other.failed, other.workflow_id) == (False, False, f"{name}/{text}")
    assert "received before" in str(other.reason)
    by_event = await dispatched(engine, paid("/elsewhere", "evt_3", order), f"{name}-3")
    assert (by_event["started"], by_event["workflowId"]) == (False, f"{name}/{text}")
    assert "before" in by_event["reason"]
    different = await emitted(engine, paid("/shop", "evt_1", {"id": "another", "line": 1, "ids": ["b"]}))
    assert different.started


@pytest.mark.parametrize("text", ["x" * 300, "ä" * 130, "two\nlines", "nul\0"], ids=["long", "bytes", "line", "nul"])
async def test_what_no_workflow_id_can_hold_is_hashed(engine: Engine, name: str, text: str) -> None:
    define(engine, name, "{{order.id}}")
    expected = f"{name}/{hashlib.sha256(text.encode()).hexdigest()}"
    first = await emitted(engine, paid(order={"id": text}))
    assert (first.started, first.workflow_id) == (True, expected)
    by_event = await dispatched(engine, paid(order={"id": text}), f"{name}-2")
    assert (by_event["started"], by_event["workflowId"]) == (False, expected)


@pytest.mark.parametrize(
    ("once", "order"),
    [
        ("{{order.id}}", {}),
        ("{{order.id}}", {"id": None}),
        ("{{order.id}}", {"id": "  "}),
        ("{{order.id}}", {"id": []}),
        ("order {{order.id}}", {"id": ""}),
        ("{{order.id | default: 'none'}}", {}),
        ("{{order.id | minus: 1}}", {"id": "x"}),
    ],
)
async def test_where_once_comes_to_nothing_nothing_starts(
    engine: Engine, name: str, once: str, order: dict[str, Any]
) -> None:
    define(engine, name, once)
    answer = await emitted(engine, paid(order=order))
    assert (answer.started, answer.failed) == (False, True)
    assert "`trigger.once`" in str(answer.reason)
    by_event = await dispatched(engine, paid(order=order), f"{name}-2")
    assert not by_event["started"]
    assert by_event["reason"] == answer.reason


async def test_once_counts_only_where_the_conditions_hold(engine: Engine, name: str) -> None:
    define(engine, name, "{{order.id}}")
    path = engine.folder / f"{name}.yaml"
    path.write_text(path.read_text() + "conditions: {all: [{field: order.total, operator: greater_than, value: 5}]}\n")
    answer = await emitted(engine, paid(order={"total": 1}))
    assert (answer.started, answer.failed) == (False, False)
    assert "once" not in str(answer.reason)


async def test_a_plain_client_chooses_its_own_id(engine: Engine, name: str) -> None:
    define(engine, name, "{{order.id}}")
    report = await engine.run(name, paid())
    assert report["outcome"] == "completed"


async def test_again_runs_under_an_id_of_its_own(engine: Engine, name: str) -> None:
    await engine.serve()
    define(engine, name, "{{order.id}}")
    found = await start(engine.client, name, paid(), task_queue=engine.task_queue, once="x" * 250, again=True)
    assert found.started
    assert found.workflow_id.startswith(f"{name}/{hashlib.sha256(b'x' * 250).hexdigest()}~")


@pytest.mark.parametrize("command", ["emit", "run", "file"])
async def test_commands_fail_loudly_for_another_event_of_the_same_id(
    engine: Engine, name: str, tmp_path: Path, command: str
) -> None:
    define(engine, name)
    await engine.serve()
    words = {
        "emit": ["emit"],
        "run": ["run", name, "--event"],
        "file": ["run", f"{engine.folder}/{name}.yaml", "--event"],
    }

    async def send(event: dict[str, Any]) -> Any:
        (tmp_path / "event.json").write_text(json.dumps(event))
        folder = str(engine.folder)
        return await on(engine, *words[command], tmp_path / "event.json", "--json", TRUNKLINE_AUTOMATIONS=folder)

    def answer(ended: Any) -> dict[str, Any]:
        found: dict[str, Any] = ended.json[0] if command == "emit" else ended.json
        return found

    first, other, again = [await send(paid(source)) for source in ("/shop", "/returns", "/shop")]
    assert (first.code, answer(first)["started"]) == (0, True)
    assert (other.code, answer(other)["started"]) == (1, False)
    assert "'/shop'" in answer(other)["reason"]
    assert (again.code, answer(again)["started"]) == (0, False)
    define(engine, name, "{{order.id}}")
    empty = await send(paid())
    assert (empty.code, answer(empty)["started"]) == (1, False)
    assert "`trigger.once`" in answer(empty)["reason"]
    same = [await send(paid(source, event_id, {"id": "7"})) for source, event_id in (("/a", "1"), ("/b", "2"))]
    assert [(one.code, answer(one)["started"]) for one in same] == [(0, True), (0, False)]
    assert answer(same[1])["workflowId"] == f"{name}/7"


async def test_following_another_events_run_is_refused(engine: Engine, name: str, tmp_path: Path) -> None:
    define(engine, name)
    assert (await emitted(engine, paid("/shop"))).started
    (tmp_path / "event.json").write_text(json.dumps(paid("/returns")))
    folder = str(engine.folder)
    ended = await on(engine, "run", name, "--event", tmp_path / "event.json", "--wait", TRUNKLINE_AUTOMATIONS=folder)
    assert ended.code == 1
    assert "another event" in ended.out
