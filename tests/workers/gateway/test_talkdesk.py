"""Being a bridge of Talkdesk's: who may, what is answered, and that `auth` goes nowhere."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client

from tests.engine import Engine, step
from tests.workers.command import call
from tests.workers.gateway.doors import Answer, Served, served
from workers.gateway.config import load_config
from workers.gateway.talkdesk import door
from workers.settings import SettingsError

AUTH = {"username": "agent@example.com", "password": "hidden-password"}
CONFIG = """\
talkdesk:
  create-case:
    auth: {username: agent@example.com, password: [hidden-password, old]}
    response: {message: "Case {{variables.made.id}} for {{data.subject}}", external_id: "{{variables.made.id}}", contact_external_id: "{{meta.contact_external_id}}", contact_external_type: ""}
  by-id: {auth: {token: "5"}, id: "{{data.interaction}}", response: {message: "{{data.x | plus: 1}}"}}
  careful: {auth: none, timeout: 1s, response: {message: done}}
  broken: {auth: none}
  picky: {auth: none}
  list-contacts: {kind: contacts, auth: none, response: {contacts: "{{variables.found}}", next_offset: "{{variables.more}}"}}
  slow-list: {kind: agents, auth: none, timeout: 1s}
  list-interactions: {kind: interactions, auth: none, response: "{{variables.found}}"}
"""
AUTOMATIONS = """\
name: create-case
trigger: {event: talkdesk.action, data: [data, meta]}
actions: [{set: {made: {id: 17, subject: "{{data.subject}}"}}}]
---
name: by-id
trigger: {event: talkdesk.action, data: [data, meta]}
actions: [{set: {a: 1}}]
---
name: careful
trigger: {event: talkdesk.action, data: [data, meta]}
actions: [{actionType: http_request, config: {method: POST, url: RECEIVER/x}, requireApproval: true}]
---
name: broken
trigger: {event: talkdesk.action, data: [data, meta]}
actions: [{stop: failed, reason: No such customer}]
---
name: picky
trigger: {event: talkdesk.action, data: [data, meta]}
conditions: {all: [{field: data.x, operator: equals, value: 1}]}
actions: [{set: {a: 1}}]
---
name: list-contacts
trigger: {event: talkdesk.contacts, data: [data, meta]}
actions: [{set: {found: [{id: "1", name: Ada}], more: ""}}]
---
name: slow-list
trigger: {event: talkdesk.agents, data: [data, meta]}
actions: [{wait: 1h}]
---
name: list-interactions
trigger: {event: talkdesk.interactions, data: [data, meta]}
actions: [{set: {found: [{id: "1", subject: Hi, type: call}]}}]
"""


@pytest_asyncio.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Served]:
    """A gateway whose Temporal does not answer."""
    client = await Client.connect("127.0.0.1:1", lazy=True)
    async with served(client, tmp_path, CONFIG) as one:
        yield one


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("create-case", {"auth": AUTH, "data": {}}, 503),
        ("create-case", {"auth": {**AUTH, "password": "old", "more": 1}}, 503),
        ("create-case", {"auth": {**AUTH, "password": "wrong"}}, 401),
        ("create-case", {"auth": {"password": "old"}}, 401),
        ("create-case", {"auth": {**AUTH, "password": ["old"]}}, 401),
        ("create-case", {"auth": {**AUTH, "password": None}}, 401),
        ("create-case", {"auth": [], "data": []}, 401),
        ("create-case", {}, 401),
        ("create-case", "", 400),
        ("create-case", "{“auth”: {}}", 400),
        ("create-case", [], 400),
        ("create-case", {"auth": AUTH, "data": []}, 400),
        ("create-case", {"auth": AUTH, "meta": "x"}, 400),
        ("create-case", {"auth": AUTH, "data": {"x": "y" * 530_000}}, 503),
        ("by-id", {"auth": {"token": 5}, "data": None, "meta": None}, 503),
        ("by-id", {"auth": {"token": True}}, 401),
        ("careful", {}, 503),
        ("careful/auth", {}, 200),
        ("create-case/auth", {"auth": AUTH}, 200),
        ("create-case/auth", {"auth": {**AUTH, "username": ""}}, 401),
        ("nobody", {}, 404),
        ("nobody/auth", {}, 404),
    ],
)
async def test_who_may_and_what_is_malformed(closed: Served, path: str, body: Any, status: int) -> None:
    answer = await closed.post(f"/talkdesk/{path}", body)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (status, "application/json")
    assert answer.json == {} if status == 200 else answer.json["message"]
    assert (await closed.send("GET", f"/talkdesk/{path}")).status == 405


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{}", "`talkdesk.a.auth`: this key is missing"),
        ("{auth: {}}", "says the word `none`"),
        ("{auth: {password: ''}}", "at least 1 characters"),
        ("{auth: none, kind: tickets}", "`talkdesk.a.kind`"),
        ("{auth: none, timeout: 2m}", "from 1s to 60s"),
        ("{auth: none, timeout: soon}", "is no duration"),
        ("{auth: none, id: '{{variables.x}}'}", "there is no 'variables' here: a template sees data, meta"),
        ("{auth: none, response: {messages: a}}", "`response` has 'messages'; Talkdesk reads message"),
        ("{auth: none, response: '{{variables.x}}'}", "`response` of an action must be an object"),
        ("{auth: none, response: {message: '{{x'}}", "this is no template"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(tmp_path: Path, entry: str, sentence: str) -> None:
    (tmp_path / "gateway.yaml").write_text(f"talkdesk: {{a: {entry}}}")
    with pytest.raises(SettingsError, match=r"gateway\.yaml, line 1") as error:
        load_config(tmp_path / "gateway.yaml", {})
    assert sentence in str(error.value)


def test_reserved_names_are_no_automations(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text("talkdesk: {inline: {auth: none}}")
    with pytest.raises(SettingsError, match="'inline' is no automation's name"):
        load_config(tmp_path / "gateway.yaml", {})


async def test_what_a_run_comes_to_is_what_talkdesk_hears(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for text in AUTOMATIONS.split("---\n"):
        engine.define(text)
    await engine.serve()
    async with served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as gateway:

        async def ask(name: str, **body: Any) -> Answer:
            return await gateway.post(f"/talkdesk/{name}", body)

        meta = {"contact_external_id": "c1", "agent_external_id": ""}
        data = {"subject": engine.task_queue}
        answer = await ask("create-case", auth=AUTH, data=data, meta=meta)
        message = f"Case 17 for {engine.task_queue}"
        expected = {"message": message, "external_id": "17", "contact_external_id": "c1"}
        assert (answer.status, answer.json) == (201, expected)
        again = await ask("create-case", auth=AUTH, data=data, meta={**meta, "agent_external_id": None})
        assert (again.status, again.json) == (201, expected)
        [one] = await found(engine, "create-case")
        history = await engine.client.get_workflow_handle(one).fetch_history()
        assert "hidden-password" not in history.to_json()
        assert "hidden-password" not in caplog.text
        assert (await ask("create-case", auth=AUTH, data={**data, "x": 1})).status == 201
        assert len(await found(engine, "create-case")) == 2, "another request is another run"

        interaction = f"i-{engine.task_queue}"
        token = {"token": "5"}
        for x in (1, 2):
            answer = await ask("by-id", auth=token, data={"interaction": interaction, "x": x})
            assert (answer.status, answer.json) == (201, {"message": str(x + 1)}), "the same interaction, answered anew"
        assert await found(engine, "by-id") == [f"by-id/talkdesk:{interaction}"]
        answer = await ask("by-id", auth=token, data={"interaction": interaction, "x": {}})
        assert (answer.status, "It is done" in answer.json["message"]) == (201, True)
        assert (await ask("by-id", auth=token, data={"interaction": "ü" * 300, "x": 1})).status == 201
        assert (await ask("by-id", auth=token, data={"x": engine.task_queue})).status == 201, "where it gives nothing"

        answer = await ask("careful", data=data)
        assert (answer.status, "goes on" in answer.json["message"]) == (201, True)
        answer = await ask("broken", data=data)
        assert (answer.status, "has failed: No such customer" in answer.json["message"]) == (400, True)
        answer = await ask("picky", data=data)
        assert (answer.status, "has ended as skipped" in answer.json["message"]) == (400, True)
        answer = await ask("create-case", auth=AUTH, data={"x": "y" * 530_000})
        assert (answer.status, "512 KiB" in answer.json["message"]) == (413, True)

        answer = await ask("list-contacts", meta={"synchronization_checkpoint": engine.task_queue, "offset": None})
        assert (answer.status, answer.json) == (200, {"contacts": [{"id": "1", "name": "Ada"}]})
        answer = await ask("list-interactions", data=data)
        assert (answer.status, answer.json) == (200, [{"id": "1", "subject": "Hi", "type": "call"}])
        answer = await ask("slow-list", data=data)
        assert (answer.status, "ask again" in answer.json["message"]) == (400, True), (
            "no list is better than half of one"
        )


CALLER = """
name: caller
trigger: {event: test.fired, data: [order]}
actions:
  - {actionType: execute_bridge_action, config: {connection: ours, data: {subject: "{{order.id}}"}, contactExternalId: c9}, saveAs: made}
  - {id: wrong, actionType: execute_bridge_action, config: {connection: theirs, data: {}}, onFailure: continue}
  - {id: alone, actionType: execute_bridge_action, config: {url: "BRIDGE/talkdesk/broken", data: {}}, onFailure: continue}
"""


async def test_a_bridge_of_ours_and_a_caller_of_ours_work_with_each_other(engine: Engine, tmp_path: Path) -> None:
    engine.define(AUTOMATIONS.split("---\n", maxsplit=1)[0])
    engine.define(AUTOMATIONS.split("---\n")[3])
    async with served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as gateway:
        address = f"{gateway.url}/talkdesk/create-case"
        engine.connections["ours"] = {"kind": "talkdesk_bridge", "url": address, "auth": AUTH}
        engine.connections["theirs"] = {"kind": "talkdesk_bridge", "url": address, "auth": {"username": "nobody-knows"}}
        engine.define(CALLER.replace("BRIDGE", gateway.url))
        await engine.serve()
        report = await engine.run("caller", engine.event({"order": {"id": engine.task_queue}}, type="test.fired"))
    assert report["variables"]["made"] == {
        "message": f"Case 17 for {engine.task_queue}",
        "externalId": "17",
        "contactExternalId": "c9",
        "contactExternalType": None,
        "contactExternalUrl": None,
    }
    assert "The bridge answered 401" in step(report, "wrong")["error"]["message"]
    assert "No such customer" in step(report, "alone")["error"]["message"]


async def test_identical_requests_within_a_minute_are_one_whenever_it_begins(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.define(AUTOMATIONS.split("---\n", maxsplit=1)[0])
    await engine.serve()
    body = {"auth": AUTH, "data": {"subject": engine.task_queue}}
    begun = datetime.now(UTC)
    first = begun.replace(second=0, microsecond=0) - timedelta(seconds=1)  # a minute that has just ended

    async with served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue) as gateway:
        for at, count in ((first, 1), (begun, 1), (begun + timedelta(seconds=62), 2)):
            monkeypatch.setattr(door, "clock", at.timestamp)
            assert (await gateway.post("/talkdesk/create-case", body)).status == 201
            assert len(await found(engine, "create-case")) == count, at


async def found(engine: Engine, automation: str) -> list[str]:
    """Return the ids of the runs of an automation, from the server's own list."""
    query = f"WorkflowType = '{automation}' AND TaskQueue = '{engine.task_queue}'"
    return [run.id async for run in engine.client.list_workflows(query)]


DECLARED = """
name: create-case
trigger:
  event: talkdesk.action
  data:
    type: object
    properties:
      data:
        type: object
        required: [subject]
        properties: {subject: {type: string, title: Subject line}, due_date: {type: string}}
actions: [{set: {a: "{{data.subject}}"}}]
"""


def test_the_manifest_says_what_the_automation_declares(tmp_path: Path) -> None:
    (tmp_path / "automations").mkdir()
    (tmp_path / "automations" / "case.yaml").write_text(DECLARED)
    (tmp_path / "automations" / "bad.yaml").write_text("a: [")
    text = CONFIG.replace("[hidden-password, old]", '"${NOT_SET_HERE}"').replace('token: "5"', "token: x")
    (tmp_path / "gateway.yaml").write_text(f"baseUrl: https://hooks.example.com\n{text}")
    ended = call("talkdesk", "manifest", "create-case", cwd=tmp_path)
    assert ended.code == 0, ended.err
    field = {"source": "input", "mandatory": True, "type": "input", "store": True}
    assert ended.json == {
        "integration": {
            "name": "trunkline",
            "display_name": "Trunkline",
            "authentication_type": "custom",
            "authentication_configuration": [
                {"username": {**field, "display": "Username"}},
                {"password": {**field, "display": "Password"}},
            ],
            "auth_validation_endpoint": "https://hooks.example.com/talkdesk/create-case/auth",
            "contact_synchronization_endpoint": "https://hooks.example.com/talkdesk/list-contacts",
            "agent_synchronization_endpoint": "https://hooks.example.com/talkdesk/slow-list",
            "interaction_retrieval_endpoint": "https://hooks.example.com/talkdesk/list-interactions",
        },
        "action": {
            "provider": "trunkline",
            "name": "create_case",
            "display": "create case",
            "description": "Create case",
            "endpoint": "https://hooks.example.com/talkdesk/create-case",
            "inputs": [
                {"key": "subject", "name": "Subject line", "mandatory": True},
                {"key": "due_date", "name": "Due date", "mandatory": False},
            ],
        },
    }
    ended = call("talkdesk", "manifest", "nobody", cwd=tmp_path)
    assert (ended.code, "has the automation 'nobody'" in ended.err) == (4, True)
    (tmp_path / "automations" / "case.yaml").write_text(
        "name: broken\ntrigger: {event: a.b, data: [data]}\nactions: []"
    )
    ended = call("talkdesk", "manifest", "broken", cwd=tmp_path)
    assert (ended.code, "must be a JSON Schema that says what `data` holds" in ended.err) == (1, True)
    (tmp_path / "gateway.yaml").write_text(text)
    ended = call("talkdesk", "manifest", "broken", cwd=tmp_path)
    assert (ended.code, "has no `baseUrl`" in ended.err) == (1, True)
    (tmp_path / "gateway.yaml").write_text("talkdesk: {other: {auth: none}}")
    ended = call("talkdesk", "manifest", "broken", cwd=tmp_path)
    assert (ended.code, "no `talkdesk.broken`; it has other" in ended.err) == (1, True)
