"""One automation with every ticket action runs on three helpdesks, and changes what people see there."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
import yaml

from tests.engine import Engine
from workers.sandbox import Sandbox, connections

EXAMPLE = Path(__file__).parents[2] / "examples" / "ticket-escalation.yaml"
DOCUMENT = """
actionType: send_reply
config:
  content: "Hi {{customer.name}}, your request has been received."
  includeSignature: true
"""
"""A step as a helpdesk's documentation has it, word for word."""

EVENT = {
    "ticket": {"id": 4711, "subject": "Where is <my> order?"},
    "customer": {"name": "Ada *the first*", "isVip": True},
}


def test_the_documentations_reply_stands_in_an_example() -> None:
    steps = yaml.safe_load((EXAMPLE.parent / "request-received.yaml").read_text(encoding="utf-8"))["actions"]
    words = yaml.safe_load(DOCUMENT)
    assert any({**one, **words} == one for one in steps)


@pytest.mark.parametrize("kind", ["zendesk", "zammad", "freshdesk"])
async def test_every_ticket_action_runs_on(engine: Engine, kind: str) -> None:
    async with Sandbox(0) as sandbox, aiohttp.ClientSession() as browser:
        engine.connections = connections(sandbox.url)
        text = EXAMPLE.read_text(encoding="utf-8").replace("sandbox-zendesk", f"sandbox-{kind}")
        name = engine.define(text)
        report = await engine.run(name, engine.event(EVENT, type="ticket.overdue"))
        assert [entry["status"] for entry in report["steps"]] == ["succeeded"] * 7, report["steps"]
        ticket = report["variables"]["ticket"]
        assert ticket == {
            "ticketId": "4711",
            "status": "pending",
            "priority": "high",
            "assignee": "unassigned",
            "tags": ["overdue", "escalated"],
            "updatedAt": ticket["updatedAt"],
            "url": ticket["url"],
        }
        assert ticket["url"].startswith(sandbox.url)
        assert ticket["updatedAt"].startswith("20")
        assert report["variables"]["reply"]["messageId"] == "2"
        async with browser.get(f"{sandbox.url}/?vendor={kind}") as answer:
            page = await answer.text()
    board = page.partition('<details class="panel')[2].partition("</details>")[0]
    for said in (
        "ticket 4711",
        "tags: overdue, escalated",
        "group: Escalations",
        "Note",
        "Overdue: Where is &lt;my&gt; order?",
        "customer: Ada *the first*",
        "Reply",
        "The support team",
    ):
        assert said in board, board
