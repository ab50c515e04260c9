"""The opponent outside Temporal's sandbox, which is on by default: the same workflow, the same activity."""

from __future__ import annotations

import asyncio
import sys

import httpx
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.handwritten import Activities, Handwritten


async def main(address: str, task_queue: str) -> None:
    """Serve until the process is ended."""
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    async with httpx.AsyncClient(timeout=30) as http:
        activities = Activities(http)
        await Worker(
            client,
            task_queue=task_queue,
            workflows=[Handwritten],
            activities=[activities.notify],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
