"""Notes and replies whose answer got lost, in a real run against the sandbox: found where they arrived, else said so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
import pytest_asyncio

from tests.engine import Engine, step
from workers.sandbox import Sandbox, connections

HELPDESKS = {"zendesk": "PUT", "zammad": "POST", "freshdesk": "POST"}
ACTIONS = ("add_internal_note", "send_reply")
SENT = {
    "zendesk": ("PUT", "/zendesk/api/v2/tickets/7"),
    "zammad": ("POST", "/zammad/api/v1/ticket_articles"),
    "freshdesk": ("POST", "/freshdesk/api/v2/tickets/7/"),
}


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as made:
        yield made


async def run(engine: Engine, sandbox: Sandbox, action: str, kind: str) -> dict[str, Any]:
    engine.connections = connections(sandbox.url)
    engine.define(f"""
        name: say
        trigger: {{event: ticket.created}}
        actions:
          - label: Say
            actionType: {action}
            config: {{content: "Hi **{{{{customer.name}}}}**", connection: sandbox-{kind}}}
            saveAs: said
        """)
    return await engine.run("say", engine.event({"ticket": {"id": 7}, "customer": {"name": "Ada"}}))


def sent(sandbox: Sandbox, kind: str) -> int:
    method, path = SENT[kind]
    return sum(one.request.method == method and one.request.path.startswith(path) for one in sandbox.requests(kind))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("kind", HELPDESKS)
async def test_what_arrived_is_found_and_nothing_is_sent_twice(
    engine: Engine, sandbox: Sandbox, action: str, kind: str
) -> None:
    sandbox.fail(kind, method=HELPDESKS[kind], drop="after")
    report = await run(engine, sandbox, action, kind)
    assert step(report, "Say")["status"] == "succeeded"
    assert report["variables"]["said"]["messageId"] == "1"
    assert sent(sandbox, kind) == 1


@pytest.mark.parametrize("kind", HELPDESKS)
async def test_what_did_not_arrive_is_said_to_be_unknown(engine: Engine, sandbox: Sandbox, kind: str) -> None:
    sandbox.fail(kind, method=HELPDESKS[kind], drop="before")
    report = await run(engine, sandbox, "send_reply", kind)
    assert step(report, "Say")["status"] == "unknown"
    assert sent(sandbox, kind) == 1


@pytest.mark.parametrize("accept", [True, False])
async def test_a_conflict_of_zendesks_is_judged_by_its_comments(
    engine: Engine, sandbox: Sandbox, accept: Literal[True, False]
) -> None:
    sandbox.fail("zendesk", method="PUT", status=409, accept=accept)
    report = await run(engine, sandbox, "add_internal_note", "zendesk")
    assert step(report, "Say")["status"] == "succeeded"
    assert report["variables"]["said"]["messageId"] == "1"
    assert sent(sandbox, "zendesk") == (1 if accept else 2)


async def test_values_of_the_event_stay_plain_text(engine: Engine, sandbox: Sandbox) -> None:
    engine.connections = connections(sandbox.url)
    engine.define("""
        name: say
        trigger: {event: ticket.created}
        actions:
          - {label: Say, actionType: send_reply, config: {content: "Hi **{{customer.name}}**", connection: sandbox-zendesk}}
        """)
    name = "[click](https://evil.example) <img src=x>"
    report = await engine.run("say", engine.event({"ticket": {"id": 7}, "customer": {"name": name}}))
    assert step(report, "Say")["status"] == "succeeded"
    [update] = [one.request.json for one in sandbox.requests("zendesk") if one.request.method == "PUT"]
    html = update["ticket"]["comment"]["html_body"]
    assert "<a" not in html
    assert "<img" not in html
    assert "[click](https://evil.example)" in html
