"""The opponent: the same automation, hand-written as one would for Temporal in Python, with default settings."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import httpx
    from pydantic import BaseModel


class Contact(BaseModel):
    """Who called."""

    name: str


class Call(BaseModel):
    """The call that ended."""

    waiting_time: int


class EventData(BaseModel):
    """What the event carries."""

    contact: Contact
    call: Call


class Event(BaseModel):
    """The event that starts a run."""

    id: str
    type: str
    source: str
    data: EventData


class Notification(BaseModel):
    """What one activity posts."""

    url: str
    name: str
    waited: int
    step: int


class Answer(BaseModel):
    """What the receiver answered."""

    status: int
    body: dict[str, object]


class Activities:
    """The one activity, with the HTTP client that its attempts share."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    @activity.defn
    async def notify(self, notification: Notification) -> Answer:
        """Post a notification."""
        body = {"customer": {"name": notification.name}, "waited": notification.waited, "step": notification.step}
        response = await self.client.post(notification.url, json=body)
        response.raise_for_status()
        return Answer(status=response.status_code, body=response.json())


async def _notify(event: Event, count: int, url: str) -> list[int]:
    if event.data.call.waiting_time <= 60:  # noqa: PLR2004 # the condition of the automation
        return []
    statuses = []
    for step in range(count):
        answer = await workflow.execute_activity_method(
            Activities.notify,
            Notification(url=url, name=event.data.contact.name, waited=event.data.call.waiting_time, step=step),
            start_to_close_timeout=timedelta(seconds=30),
        )
        statuses.append(answer.status)
    return statuses


class Job(BaseModel):
    """One run: the event, how many actions, and where they go."""

    event: Event
    count: int
    url: str


@workflow.defn
class Handwritten:
    """Posts `count` notifications in a row if the caller waited long enough."""

    @workflow.run
    async def run(self, job: Job) -> list[int]:
        """Run it."""
        return await _notify(job.event, job.count, job.url)


async def main(address: str, task_queue: str) -> None:
    """Serve until the process is ended."""
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    async with httpx.AsyncClient(timeout=30) as http:
        activities = Activities(http)
        await Worker(client, task_queue=task_queue, workflows=[Handwritten], activities=[activities.notify]).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
