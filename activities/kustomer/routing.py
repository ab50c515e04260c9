"""Queues: the work that waits in them, and the sessions of who does it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from activities.action import Result
from activities.context import Context
from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.lists import MOST, GetResponse, listing
from activities.vendors.kustomer.records import attribute, flat, same
from activities.vendors.kustomer.service import KUSTOMER


class PageConfig(KustomerConfig):
    """Where a list begins."""

    page: int | None = Field(default=None, ge=1, description="Page to begin with; by default the first.")
    page_size: int = Field(default=MOST, ge=1, le=MOST, description="Entries of a page; all pages are read.")


class QueueItems(PageConfig):
    """Whose work items are listed."""

    queue: str = Field(min_length=1, description="Id of the queue.")


class QueueSessions(PageConfig):
    """Which sessions are listed."""

    queue: str = Field(min_length=1, description="Id of the queue.")
    status: Literal["available", "unavailable", "busy"] = Field(
        serialization_alias="statusType", description="State of the sessions."
    )
    active: bool | None = Field(default=None, description="Whether only sessions that go on are listed.")


class OfQueue(KustomerConfig):
    """Whose next work item is read."""

    queue: str = Field(min_length=1, description="Id of the queue.")


class WorkItem(Result):
    """A work item."""

    found: bool = Field(default=True, description="Whether one waits; all else is null where none does.")
    id: str | None = Field(default=None, description="Id.")
    type: str | None = Field(default=None, description="Type of the record: `work_item`.")
    resource_type: str | None = Field(default=None, description="What is worked on: `conversation`.")
    status: str | None = Field(
        default=None, description="`ivr`, `queued`, `routed`, `assigned`, `wrap-up` or `completed`."
    )
    paused: bool | None = Field(default=None, description="Whether the conversation is snoozed.")
    channel: str | None = Field(default=None, description="Channel of the conversation.")
    first_enter_queue_at: str | None = Field(default=None, description="When it first entered a queue.")
    queued_count: int | float | None = Field(default=None, description="How often it was queued.")
    priority: int | float | None = Field(default=None, description="Priority of the queue.")
    item_size: int | float | None = Field(default=None, description="Weight that the queue gives it.")
    created_at: str | None = Field(default=None, description="When it was made.")
    updated_at: str | None = Field(default=None, description="When it was last updated.")
    modified_at: str | None = Field(default=None, description="When it was last modified.")
    resource_rev: int | float | None = Field(default=None, description="Revision of the conversation.")
    resource_created_at: str | None = Field(default=None, description="When the conversation was made.")
    rev: int | float | None = Field(default=None, description="Its revision.")
    last_revision: dict[str, Any] | None = Field(default=None, description="What its last revision changed.")
    queue: str | None = Field(default=None, description="Id of the queue.")


def _next(body: Any) -> dict[str, Any]:
    """Return the item that is next."""
    return {"found": False} if body["data"] is None else flat(body["data"])


WORK_ITEMS = listing(
    "kustomer.work_item_find_by_queue",
    "List the work items of a queue, all pages joined.",
    "GET /v1/routing/queues/{queue}/work-items",
    QueueItems,
    description="List the work items of a queue, all pages joined.\n\n"
    "The key needs the role `org.permission.queue.read` or `org.permission.routing.read`.",
    example={"queue": "{{team.queueId}}"},
)

SESSIONS = listing(
    "kustomer.work_session_find_by_status_type",
    "List the work sessions of a queue that are in a state, all pages joined.",
    "GET /v1/routing/queues/{queue}/work-sessions",
    QueueSessions,
    description="List the work sessions of a queue that are in a state, all pages joined.\n\n"
    "Kustomer documents the filter for the sessions of all queues; that it holds for one queue is checked session by "
    "session.\nThe key needs the role `org.permission.work_session.read` or `org.permission.routing.read`.",
    example={"queue": "{{team.queueId}}", "status": "available"},
)


async def _in_that_state(config: QueueSessions, context: Context) -> GetResponse:
    """List the sessions, and leave out those in another state."""
    answer: GetResponse = await SESSIONS.function(config, context)
    fitting = [each for each in answer.data if same(attribute(each, "statusType"), config.status)]
    return answer.model_copy(update={"data": fitting})


NEXT_WORK_ITEM = endpoint(
    KUSTOMER,
    "kustomer.work_item_find_next_by_queue",
    "Find the work item of a queue that is routed next; it stays in the queue.",
    "GET /v1/routing/queues/{queue}/work-items/next",
    OfQueue,
    WorkItem,
    missing=WorkItem(found=False),
    unwrap=_next,
    description="Find the work item of a queue that is routed next; it stays in the queue.\n\n"
    "The key needs the role `org.permission.queue.read` or `org.permission.routing.read`.",
    example={"queue": "{{team.queueId}}"},
)

ROUTING = (WORK_ITEMS, NEXT_WORK_ITEM, replace(SESSIONS, function=_in_that_state))
