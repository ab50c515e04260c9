"""The automation with Prefect, as its documentation writes background tasks: a task that calls tasks."""

from __future__ import annotations

import os
from typing import Any

import httpx
from prefect import task

client = httpx.AsyncClient(timeout=30)


@task(retries=3, retry_delay_seconds=1)
async def notify(event: str, name: str, waited: int, step: int) -> int:
    """Post a notification."""
    body = {"event": event, "customer": {"name": name}, "waited": waited, "step": step}
    answer = await client.post(os.environ["RECEIVER"], json=body)
    return answer.raise_for_status().status_code


@task
async def call_ended(event: dict[str, Any]) -> None:
    """Post three notifications if the caller waited long enough."""
    waited = event["data"]["call"]["waiting_time"]
    if waited > 60:  # noqa: PLR2004 # the condition
        for step in range(3):
            await notify(event["id"], event["data"]["contact"]["name"], waited, step)
