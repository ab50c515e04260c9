"""The web hook in front of Prefect, as its documentation writes one: a FastAPI application that delays a task."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from prefect_tasks import call_ended

app = FastAPI()


@app.post("/hooks/calls", status_code=202)
def take(event: dict[str, Any]) -> None:
    """Take an event."""
    call_ended.delay(event)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
