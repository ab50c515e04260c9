"""The action that changes a ticket's status."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from activities.action import action
from activities.context import Context
from activities.tickets.changing import changed
from activities.tickets.helpdesks import HELPDESKS
from activities.tickets.ticket import WRITES, TicketConfig, TicketState

AWAY = timedelta(days=1)
"""How long a ticket is pending where a step does not say and the helpdesk wants to know."""

FROM_NOW = re.compile(r"([0-9]{1,4})([mhd])")
INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
TIME = re.compile(f"({FROM_NOW.pattern}|{INSTANT})")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _a_time(value: str) -> str:
    if not TIME.fullmatch(value):
        raise ValueError("this must be an instant such as 2030-01-31T09:00:00Z, or a time from now such as 3d")
    if not FROM_NOW.fullmatch(value):
        datetime.fromisoformat(value)
    return value


Time = Annotated[str, AfterValidator(_a_time), WithJsonSchema({"type": "string", "pattern": f"^{TIME.pattern}$"})]


class Status(TicketConfig):
    """A ticket's new status."""

    status: str = Field(
        min_length=1,
        description="`new`, `open`, `pending`, `hold`, `solved`, `closed`, as far as the helpdesk has them, or the "
        "name of one of its own.",
    )
    pending_time: Time | None = Field(
        default=None,
        description="When a pending ticket of Zammad's comes back: an instant in ISO 8601, or a time from now such as "
        "`3d`; by default a day from now. The others take no notice.",
    )

    def until(self, now: datetime) -> datetime:
        """Return when a pending ticket comes back."""
        if self.pending_time is None:
            return now + AWAY
        if part := FROM_NOW.fullmatch(self.pending_time):
            return now + timedelta(**{UNITS[part[2]]: int(part[1])})
        instant = datetime.fromisoformat(self.pending_time)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


@action(
    "set_status",
    repeat="safe",
    connections=HELPDESKS,
    writes=WRITES,
    example={"status": "pending"},
)
async def set_status(config: Status, context: Context) -> TicketState:
    """Change a ticket's status.

    `solved` becomes `closed` where the helpdesk knows no difference (Zammad); `closed` is final in Zendesk.
    """
    until = config.until(datetime.now(UTC))
    return await changed(config, context, lambda helpdesk: helpdesk.set_status(config.ticket_id, config.status, until))
