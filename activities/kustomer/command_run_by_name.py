"""The action that runs a command of an app, as a row."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.action import Result
from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.service import KUSTOMER


class CommandByName(KustomerConfig):
    """Which command is run, with what."""

    name: str = Field(
        min_length=1, description="Full name of the command: that of its app, `.app.`, and its own in the app."
    )
    args: dict[str, Any] | None = Field(default=None, description="Arguments.")
    body: Any = Field(default=None, description="Body of the request that the command makes.")
    headers: dict[str, str] | None = Field(default=None, description="Headers of that request.")
    url_args: dict[str, Any] | None = Field(default=None, description="Arguments in the address of that request.")


class CommandRun(Result):
    """What the command did."""

    command_id: str | None = Field(default=None, description="Id of the command.")
    args: Any = Field(default=None, description="Its arguments.")
    url: str | None = Field(default=None, description="Where its request went.")
    request_headers: Any = Field(default=None, description="Headers of its request.")
    request_body: Any = Field(default=None, description="Body of its request.")
    response_body: Any = Field(default=None, description="What was answered to it.")
    status_code: int | None = Field(default=None, description="Status of that answer.")
    request_error: Any = Field(default=None, description="Why its request failed, if it did.")


COMMANDS = (
    endpoint(
        KUSTOMER,
        "kustomer.command_run_by_name",
        "Run a command of an app that is installed in Kustomer.",
        "POST /v1/commands/{name}/run",
        CommandByName,
        CommandRun,
        unwrap=lambda body: body["data"]["attributes"],
        description="Run a command of an app that is installed in Kustomer.\n\nKustomer's own SDK calls it so; its "
        "reference does not list the operation. What a command does when it is run twice is its own matter, so it is "
        "run at most once.",
        example={"name": "ecommstore.app.store.refundOrder", "body": {"order": "{{variables.order.id}}"}},
    ),
)
