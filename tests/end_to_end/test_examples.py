"""Every example of the repository runs, against the sandbox, to the end that its description promises."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.engine import JSON, Engine
from workers.sandbox import Sandbox, connections

EXAMPLES = Path(__file__).parents[2] / "examples"
WEIGHTS = EXAMPLES.parent / ".cache" / "whisper-base"
RECORDING = EXAMPLES / "recordings" / "unhappy-caller.wav"

CALL = {"external_number": "+15550123456", "waiting_time": 75, "agent_email": "agent@example.com"}
CONTACT = {"id": "c1", "name": "Ada", "tags": ["Vip"], "emails": ["a@example.com", "b@example.com"], "company": "ACME"}
FIELDS = {"MRR": 49, "Order": "4712"}
RECORDED: JSON = {
    "call": CALL,
    "contact": {**CONTACT, "custom_fields": FIELDS},
    "recording": {"url": RECORDING.as_uri()},
}

EVENTS: dict[str, tuple[str, JSON]] = {
    "call-survey-to-crm": ("call.ended", {"call": CALL, "contact": CONTACT, "input": {"123": {"value": "5"}}}),
    "demo": ("recording.uploaded", RECORDED),
    "missed-call-follow-up": ("call.missed", {"call": CALL, "contact": CONTACT}),
    "order-with-compensation": (
        "order.placed",
        {"order": {"id": "4712", "amount": 49.9}, "customer": {"email": "ada@example.net"}},
    ),
    "refund-by-amount": (
        "order.returned",
        {
            "order": {"id": "4712", "amount": 1_490.5, "handledBy": "kim@example.com"},
            "customer": {"name": "Ada", "email": "ada@example.net"},
        },
    ),
    "refund-with-approval": (
        "order.returned",
        {"order": {"id": "4712", "amount": 49.9}, "customer": {"name": "Ada", "phone": "+15550123456"}},
    ),
    "request-received": ("ticket.created", {"ticket": {"id": "7"}, "customer": {"name": "Ada"}}),
    "ticket-escalation": (
        "ticket.overdue",
        {"ticket": {"id": "7", "subject": "All is down"}, "customer": {"name": "Ada", "isVip": True}},
    ),
    "unhappy-caller": ("recording.uploaded", RECORDED),
    "vip-ticket-escalation": (
        "ticket.created",
        {
            "ticket": {"id": "7", "subject": "All is down", "priority": "urgent"},
            "customer": {"name": "Ada", "isVip": True},
        },
    ),
}
"""An event for each example; one without is a failure of the test below."""

GROUPS = {"support": ["kim@example.com", "lee@example.com"], "finance": ["max@example.com", "joe@example.com"]}

ANSWERS: dict[str, JSON] = {
    "/crm/accounts": {"ownerChannel": "#owners"},
    "/helpdesk/api/tickets/7": {"status": "open"},
    "/payments/refunds": {"id": "R-1"},
    "/payments/charges": {"id": "C-1"},
    "/mail/follow-ups": {"id": "f1"},
    "/crm/surveys": {"id": "s1"},
    "/shop/orders/4712": {"number": "4712", "total": 49.9, "currency": "EUR"},
    "/shop/orders/4712/refunds": {"id": "R-2"},
}


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
async def test_runs_to_its_end(engine: Engine, file: Path) -> None:
    kind, data = EVENTS[file.stem]
    async with Sandbox(port=0) as sandbox:
        for path, answer in ANSWERS.items():
            sandbox.respond(path, answer)
        engine.connections = {**connections(sandbox.url), "sandbox-whisper": {"kind": "whisper", "model": str(WEIGHTS)}}
        engine.files = RECORDING.parent
        engine.groups = GROUPS
        engine.environment |= {
            f"TRUNKLINE_SECRET_{name}": f"secret-of-{name.lower()}"
            for name in (
                "CRM_TOKEN",
                "MAIL_TOKEN",
                "PAYMENTS_TOKEN",
                "SHOP_TOKEN",
                "HELPDESK_USER",
                "HELPDESK_PASSWORD",
            )
        }
        text = re.sub(r"https://(\w+)\.example\.com", rf"{sandbox.url}/http/\1", file.read_text(encoding="utf-8"))
        name = engine.define(re.sub(r"wait: \d+m", "wait: 200", text))
        if file.stem == "demo":
            data["contact"]["custom_fields"]["Shop API"] = f"{sandbox.url}/http/shop"
        handle = await engine.start(name, engine.event(data, type=kind))
        report: JSON = {"outcome": None}
        while report["outcome"] is None:
            for hold in await handle.query("holds"):
                voted = [vote["by"] for vote in hold["votes"]]
                by = next(person for person in hold["approvers"] if person not in voted)
                await engine.decide(handle, hold=hold["hold"], decision="approve", by=by)
            await asyncio.sleep(0.1)
            report = await handle.query("report")
        await engine.finish(handle)
        assert report["outcome"] == "completed", [entry.get("error") for entry in report["steps"]]
        failed = [entry for entry in report["steps"] if entry["status"] not in {"succeeded", "skipped"}]
        assert not failed
        refused = [r for r in sandbox.requests() if not r.accepted]
        assert not refused, "the sandbox took every request"


def test_every_example_has_an_event() -> None:
    assert set(EVENTS) == {file.stem for file in EXAMPLES.glob("*.yaml")}
