"""The automation with DBOS, as its documentation writes one: a FastAPI application that starts a durable workflow."""

from __future__ import annotations

import os
import sys
from typing import Any

import httpx
import uvicorn
from dbos import DBOS, DBOSConfig, SetWorkflowID
from fastapi import FastAPI

RECEIVER = os.environ["RECEIVER"]

config: DBOSConfig = {"name": "peers", "system_database_url": os.environ["DBOS_SYSTEM_DATABASE_URL"]}
DBOS(config=config)
app = FastAPI()
client = httpx.Client(timeout=30)


@DBOS.step(retries_allowed=True)
def notify(event: str, name: str, waited: int, step: int) -> int:
    """Post a notification."""
    body = {"event": event, "customer": {"name": name}, "waited": waited, "step": step}
    return client.post(RECEIVER, json=body).raise_for_status().status_code


@DBOS.workflow()
def call_ended(event: dict[str, Any]) -> None:
    """Post three notifications if the caller waited long enough."""
    waited = event["data"]["call"]["waiting_time"]
    if waited > 60:  # noqa: PLR2004 # the condition
        for step in range(3):
            notify(event["id"], event["data"]["contact"]["name"], waited, step)


@app.post("/hooks/calls", status_code=202)
def take(event: dict[str, Any]) -> None:
    """Take an event: an id that is known starts nothing."""
    with SetWorkflowID(event["id"]):
        DBOS.start_workflow(call_ended, event)


if __name__ == "__main__":
    DBOS.launch()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
