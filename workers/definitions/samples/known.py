"""An example of every documented field of the known event types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLES: Mapping[str, Any] = {
    "call": {
        "external_number": "+420777123456",
        "waiting_time": 75,
        "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "agent_id": 4711,
        "agent_email": "lee@example.com",
    },
    "contact": {
        "id": 42,
        "name": "Ada Byron",
        "title": "Engineer",
        "company": "Analytical Engines",
        "industry": "Machines",
        "address": "1 Main Street",
        "city": "Prague",
        "zip": "11000",
        "state": "CZ",
        "type": "contact",
        "tags": ["vip"],
        "custom_fields": {"MRR": "120"},
        "emails": ["ada@example.com"],
    },
    "input": {"123": {"value": "5"}},
    "recording": {
        "id": "rec_1",
        "url": "https://pbx.example.com/recordings/rec_1.wav",
        "uri": "gs://recordings/rec_1.wav",
        "duration": 63,
        "format": "wav",
        "size": 1_008_044,
        "channels": 1,
        "sample_rate": 8000,
        "language": "en-US",
        "created_at": "2026-11-23T09:00:00Z",
    },
    "ticket": {
        "id": "7",
        "subject": "Where is my order?",
        "status": "open",
        "priority": "high",
        "tags": ["orders"],
        "assignee": {"id": "12", "name": "Lee Moss", "email": "lee@example.com"},
    },
    "customer": {"id": "9", "name": "Ada Byron", "email": "ada@example.com", "isVip": True},
    "message": {"id": "31", "body": "Order 4712 has not arrived.", "senderName": "Ada Byron"},
    "customFields": {"order": "4712"},
}
"""By root: one plausible value of each field."""

TYPES: Mapping[str, tuple[str, ...]] = {
    "call.*": ("call.ended", "call.missed"),
    "recording.uploaded": ("recording.uploaded",),
    "ticket.*": ("ticket.created", "ticket.updated"),
    "message.*": ("message.received",),
    "schedule.fired": ("schedule.fired",),
}
"""By pattern of the known types: those that are usual."""
