"""What a step says of a message to Slack."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AliasChoices, Field, ValidationInfo, field_validator, model_validator

from activities.action import Config, Credential, Raw, Static, SyntaxName, names
from activities.slack.limits import excess
from activities.slack.markup import block_syntaxes, text_syntax

MOST_TEXT = 40_000
MOST_MARKDOWN = 12_000
MOST_BLOCKS = 50
METADATA = "trunkline_step"
"""Type under which a message's metadata holds the step's key; a later look-up finds the message by it."""


class SlackMessage(Config):
    """A message to a Slack channel."""

    channel: str = Field(description="Channel to post to: its id (C…), or its name (#support-alerts).", min_length=1)
    text: str | None = Field(
        default=None,
        validation_alias=AliasChoices("text", "message"),
        description="The message. Beside `blocks` it is what notifications show.",
        max_length=MOST_TEXT,
    )
    blocks: list[dict[str, Any]] | None = Field(
        default=None,
        description="The message as Block Kit blocks; a section's text has at most 3,000 characters.",
        min_length=1,
        max_length=MOST_BLOCKS,
    )
    use_markdown: bool | None = Field(
        default=None,
        alias="use_markdown",
        validation_alias=AliasChoices("use_markdown", "useMarkdown"),
        description=(
            "true: `text` is standard Markdown (**bold**), at most 12,000 characters, and no blocks. "
            "false: it is shown without formatting. Not given: Slack's own markup (*bold*)."
        ),
    )
    icon_emoji: str | None = Field(
        default=None,
        alias="icon_emoji",
        validation_alias=AliasChoices("icon_emoji", "iconEmoji"),
        description="Emoji to show instead of the app's icon (:telephone_receiver:); needs chat:write.customize.",
    )
    icon_url: str | None = Field(
        default=None,
        alias="icon_url",
        validation_alias=AliasChoices("icon_url", "iconUrl"),
        description="Image to show instead of the app's icon; needs the scope chat:write.customize.",
    )
    thread_ts: str | None = Field(default=None, description="`ts` of the message to reply to, in quotes.")
    connection: Annotated[str | None, Static()] = Field(
        default=None,
        description="Which Slack connection posts it; the only one, or the default, needs no naming.",
    )
    token: Annotated[str | None, Credential()] = Field(
        default=None,
        description="Token to use instead of the connection's: {{secrets.name}}. No connection is needed then.",
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say how customers' words are escaped, so that they can neither mention anybody nor fake a link."""
        flag = next((raw[key] for key in names(cls, "use_markdown") if key in raw), None)
        texts = {f"/{key}": text_syntax(flag) for key in names(cls, "text") if isinstance(raw.get(key), str)}
        return {**texts, **dict(block_syntaxes(raw.get("blocks"), "/blocks"))}

    @field_validator("blocks")
    @classmethod
    def _fit(cls, value: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
        if too_long := next(excess(value or []), None):
            raise ValueError(f"{too_long}: shorten it with `truncate`, or spread it over several blocks")
        return value

    @field_validator("use_markdown")
    @classmethod
    def _without_blocks(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value and info.data.get("blocks"):
            raise ValueError("goes with `text` alone; put a block of type `markdown` into `blocks` instead")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text and not self.blocks:
            raise ValueError("a message needs `text` or `blocks`")
        if self.use_markdown and len(self.text or "") > MOST_MARKDOWN:
            raise ValueError(f"Markdown may have at most {MOST_MARKDOWN} characters")
        return self

    def arguments(self, key: str) -> dict[str, Any]:
        """Return the arguments of chat.postMessage, those not given left out: Slack takes no nulls."""
        arguments = {
            "channel": self.channel,
            "markdown_text" if self.use_markdown else "text": self.text,
            "mrkdwn": False if self.use_markdown is False else None,
            "blocks": self.blocks,
            "icon_emoji": self.icon_emoji,
            "icon_url": self.icon_url,
            "thread_ts": self.thread_ts,
            "client_msg_id": key,
            "metadata": {"event_type": METADATA, "event_payload": {"key": key}},
        }
        return {name: value for name, value in arguments.items() if value is not None}
