"""A small catalog with every mark that a contract may carry."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from activities.action import Action, Config, Credential, Raw, Result, Static, Syntax, action
from activities.automations.run_automation import run_automation
from activities.context import Context
from activities.slack.send_slack_approval import send_slack_approval


class Sms(Config):
    sender: str = Field(alias="from", description="Number to send from.", pattern=r"^\+[0-9]+$")
    recipient: str = Field(alias="to", description="Number to send to.", pattern=r"^\+[0-9]+$")
    text: str = Field(description="Body.", max_length=160)


class Receipt(Result):
    message_id: str = Field(description="Id of the message.")


@action("send_sms", repeat="never", attempts=3, example={"from": "+15550100", "to": "+15550101", "text": "Hi"})
async def send_sms(config: Sms, context: Context) -> Receipt:
    """Send one text message."""
    raise NotImplementedError


class Post(Config):
    channel: str = Field(description="Channel to post to.")
    text: Annotated[str, Syntax("slack")] = Field(description="The message.")
    token: Annotated[str | None, Credential()] = Field(default=None, description="Token to use.")


@action("send_slack_message", repeat="never", example={"channel": "#ops", "text": "Hi"})
async def send_slack_message(config: Post, context: Context) -> Receipt:
    """Post one message."""
    raise NotImplementedError


class Entry(Config):
    key: str = Field(description="Key.")
    value: Any = Field(description="Value.")
    format: Literal["Number", "String"] = Field(default="String", description="Type of the value.")


class Limits(Config):
    most: int = Field(description="Most answers.", ge=1)


class Request(Config):
    method: Literal["GET", "POST"] = Field(description="Method.")
    url: Annotated[str, Syntax("url")] = Field(description="Address.")
    headers: dict[str, str] | list[Entry] = Field(default_factory=dict, description="Headers.")
    body: list[Entry] | dict[str, Any] | str | None = Field(default=None, description="Body.")
    limits: Limits | None = Field(default=None, description="Limits.")
    retries: int = Field(default=0, description="Not for GET.", ge=0)
    parse_response: Annotated[bool, Static()] = Field(default=True, description="Wait for the answer.")

    @model_validator(mode="after")
    def _consistent(self) -> Request:
        if self.method == "GET" and self.body is not None:
            raise ValueError("a GET has no body")
        return self


class Answer(Result):
    status: int = Field(description="Status.")
    body: Any = Field(description="Body.")


def repeats(raw: Raw) -> Literal["safe", "never"]:
    return "safe" if raw.get("method") == "GET" else "never"


@action(
    "http_request",
    repeat=repeats,
    background=lambda raw: raw.get("parseResponse") is False,
    example={"method": "GET", "url": "https://example.com"},
)
async def http_request(config: Request, context: Context) -> Answer:
    """Send one request."""
    raise NotImplementedError


class Recording(Config):
    defaults: ClassVar[dict[str, Any]] = {"recording": "{{recording.url}}"}

    recording: str = Field(default="{{recording.url}}", description="Address of the recording.")
    language: str = Field(default="en-US", description="Language.")


class Transcript(Result):
    text: str = Field(description="Everything that was said.")


@action(
    "transcribe_recording",
    repeat="safe",
    timeout=timedelta(hours=2),
    triggers=("recording.uploaded",),
    example={"language": "en-US"},
)
async def transcribe_recording(config: Recording, context: Context) -> Transcript:
    """Transcribe a recording."""
    raise NotImplementedError


SAMPLE: dict[str, Action] = {
    found.name: found
    for found in (
        send_sms,
        send_slack_message,
        http_request,
        transcribe_recording,
        run_automation,
        send_slack_approval,
    )
}
