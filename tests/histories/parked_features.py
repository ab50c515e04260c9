"""A run that is parked until another worker, which knows its automation, takes it over."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio.client import Client, WorkflowHandle

from tests.engine import Engine

KNOWN = """
name: recorded
trigger: {event: test.fired}
onRelease: stay
actions: [{actionType: http_request, config: {method: POST, url: RECEIVER/orders}}]
"""


async def parked(engine: Engine) -> WorkflowHandle[Any, Any]:
    """A run of a name that the first worker does not know; it continues as new once a second one knows it."""
    engine.settings = {"unknown_for": 120.0}
    run = await engine.start("recorded", engine.event())
    while "parked" not in await run.query("report"):
        await asyncio.sleep(0.05)
    engine.folder = engine.folder.parent / "newer"
    engine.folder.mkdir()
    engine.define(KNOWN)
    target = engine.client.service_client.config.target_host
    engine.client = await Client.connect(target, data_converter=engine.client.data_converter, identity="recorded")
    async with engine.assembly().polling():
        await engine.finish(run, limit=180)
    return run
