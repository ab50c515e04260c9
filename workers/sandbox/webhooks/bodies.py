"""Bodies of web hooks, as their senders shape them; each names one thing, and says when it happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ticket_event(delivery: str, at: datetime) -> Any:
    """Zendesk: an event of a ticket (developer.zendesk.com, webhook event types)."""
    return {
        "type": "zen:event-type:ticket.status_changed",
        "account_id": 12514403,
        "id": delivery,
        "time": _instant(at),
        "zendesk_event_version": "2022-11-06",
        "subject": "zen:ticket:4712",
        "detail": {
            "id": "4712",
            "subject": "My order has not arrived",
            "status": "OPEN",
            "priority": "HIGH",
            "tags": ["delivery", "vip"],
            "requester_id": "8447388090494",
            "updated_at": _instant(at),
        },
        "event": {"current": "OPEN", "previous": "NEW"},
    }


def ticket_rule(_: str, at: datetime) -> Any:
    """Freshdesk: the content that an automation rule's author has written."""
    return {
        "ticket_id": 4712,
        "stamp": _instant(at),
        "subject": "My order has not arrived",
        "status": "Open",
        "email": "dana@example.com",
    }


def ticket_trigger(_: str, at: datetime) -> Any:
    """Zammad: the usual payload of a trigger, shortened (docs.zammad.org, webhook payloads)."""
    return {
        "ticket": {
            "id": 4712,
            "number": "24712",
            "title": "My order has not arrived",
            "state": "open",
            "priority": {"id": 3, "name": "3 high"},
            "customer": {"id": 17, "email": "dana@example.com", "firstname": "Dana", "lastname": "Price"},
            "updated_at": _instant(at),
        },
        "article": {"id": 90210, "from": "dana@example.com", "body": "Where is my order?", "internal": False},
    }


def conversation(delivery: str, at: datetime) -> Any:
    """Kustomer: an event of a conversation (developer.kustomer.com, outbound webhooks)."""
    return {
        "id": delivery,
        "name": "kustomer.conversation.update",
        "createdAt": _instant(at),
        "data": {
            "type": "conversation",
            "id": "5f1e0a3c9b2d4e0012ab34cd",
            "attributes": {"name": "My order has not arrived", "status": "open", "updatedAt": _instant(at)},
            "relationships": {"customer": {"data": {"type": "customer", "id": "5f1e0a3c9b2d4e0012ab34ce"}}},
        },
        "changes": {"attributes": {"status": {"before": "snoozed", "after": "open"}}},
    }


def call_workflow(delivery: str, _: datetime) -> Any:
    """CloudTalk: the keys that a workflow automation's author has listed."""
    return {"call": {"uuid": delivery, "external_number": "+15550123", "waiting_time": 75}, "caller": "Dana Price"}


def incoming_text(delivery: str, _: datetime) -> Any:
    """Twilio: an incoming text (twilio.com/docs, Twilio's request to your webhook URL)."""
    return {
        "MessageSid": f"SM{delivery}",
        "AccountSid": "AC00000000000000000000000000000000",
        "From": "+15550123",
        "To": "+15550100",
        "Body": "Where is my order?",
        "NumMedia": "0",
    }


def workspace_message(delivery: str, at: datetime) -> Any:
    """Slack: a message, as the Events API sends it (docs.slack.dev, Events API)."""
    seconds = int(at.timestamp())
    return {
        "token": "sandbox",
        "team_id": "T0SANDBOX",
        "api_app_id": "A0SANDBOX",
        "type": "event_callback",
        "event_id": f"Ev{delivery}",
        "event_time": seconds,
        "event": {
            "type": "message",
            "channel": "C0SUPPORT",
            "user": "U0DANA",
            "text": "Where is my order?",
            "ts": f"{seconds}.000100",
        },
    }


def payment(delivery: str, at: datetime) -> Any:
    """Stripe: an event (docs.stripe.com/api/events)."""
    charge = {"id": "ch_4712", "object": "charge", "amount": 4990, "currency": "eur", "refunded": True}
    return {
        "id": f"evt_{delivery}",
        "object": "event",
        "type": "charge.refunded",
        "created": int(at.timestamp()),
        "livemode": False,
        "data": {"object": charge},
    }


def workflow_run(_: str, at: datetime) -> Any:
    """GitHub: a workflow's run that has ended (docs.github.com, webhook events and payloads)."""
    return {
        "action": "completed",
        "workflow_run": {"id": 4712, "name": "CI", "conclusion": "failure", "updated_at": _instant(at)},
        "repository": {"full_name": "acme/shop"},
        "sender": {"login": "dana"},
    }


def standard(_: str, at: datetime) -> Any:
    """Whoever keeps to Standard Webhooks: type, time and data."""
    return {"type": "invoice.paid", "timestamp": _instant(at), "data": {"id": "4712", "amount": 49.9}}


def talkdesk_request(_: str, at: datetime) -> Any:
    """Talkdesk: the request for an action (docs.talkdesk.com, implementing an action executor)."""
    return {
        "data": {"subject": "My order has not arrived", "interaction": f"i-{int(at.timestamp() * 1000)}"},
        "meta": {"contact_external_id": "4712", "agent_external_id": "", "contact_external_type": ""},
    }


def cloud_event(delivery: str, at: datetime) -> Any:
    """An event of CloudEvents 1.0."""
    return {
        "specversion": "1.0",
        "id": delivery,
        "source": "/sandbox",
        "type": "call.ended",
        "time": _instant(at),
        "data": {
            "call": {"external_number": "+15550123", "waiting_time": 75},
            "contact": {"name": "Dana Price"},
        },
    }
