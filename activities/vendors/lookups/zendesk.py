"""Zendesk's tickets: one that the step gives an id of its own (`external_id`) is known by that, and by its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from activities.openapi.lookups import UnknownRequest

CLOCKS = timedelta(minutes=1)
"""How far Zendesk's clock may be behind ours; the id tells the step's ticket from all others."""

TICKETS = "/api/v2/tickets.json"
MOST_LISTED = 100


def identity(body: Any) -> str | None:
    """Return the ticket's id: two steps may give the same one of their own."""
    ticket = body.get("ticket") if isinstance(body, Mapping) else None
    id_ = ticket.get("id") if isinstance(ticket, Mapping) else None
    return f"zendesk:{id_}" if id_ else None


async def found(sent: UnknownRequest) -> list[Any]:
    """Return the tickets of this `external_id` and subject since then; none where the step gives no such id."""
    wanted = sent.values.get("ticket")
    external = wanted.get("external_id") if isinstance(wanted, Mapping) else None
    if not isinstance(wanted, Mapping) or not external:
        return []
    listed = await sent.read(TICKETS, {"external_id": external, "per_page": MOST_LISTED})
    return [
        {"ticket": one}
        for one in listed["tickets"]
        if str(one.get("external_id")) == str(external)
        and wanted.get("subject") in {None, one.get("subject")}
        and sent.after(datetime.fromisoformat(one["created_at"]), CLOCKS)
    ]
