"""The action that drafts a note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from activities.action import action
from activities.context import Context
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.drafts import KustomerDraft, draft_of, drafted, drafts_path
from activities.vendors.kustomer.inputs import Instant, Mention
from activities.vendors.kustomer.service import Account


class NoteDraft(KustomerConfig):
    """A note that is drafted."""

    customer: str = Field(min_length=1, description="Id of the customer.")
    conversation: str = Field(min_length=1, description="Id of the conversation.")
    body: str = Field(min_length=1, description="What the note says.")
    user_mentions: list[Mention] | None = Field(
        default=None, description="Who is mentioned, each `{user: id}` or `{team: id}`."
    )
    send_at: Instant | None = Field(
        default=None, description="When it becomes a note, as an ISO 8601 instant; by default when somebody sends it."
    )
    scheduled: bool | None = Field(default=None, description="True where `sendAt` is given, which it needs.")
    lang: str | None = Field(default=None, description="Its language, such as `en_us`.")
    shortcuts: list[Any] | None = Field(default=None, description="Shortcuts that were used in it.")
    kb_articles: list[Any] | None = Field(default=None, description="Articles that are linked in it.")
    payload: dict[str, Any] | None = Field(default=None, description="More that the draft keeps.")
    source: Literal["bulk"] | None = Field(default=None, description="`bulk`.")

    @model_validator(mode="after")
    def _is_scheduled_at_a_time(self) -> Self:
        if self.scheduled is not None and self.scheduled != bool(self.send_at):
            raise ValueError("`scheduled` is true where `sendAt` says when, and else it is left out")
        return self

    def content(self) -> dict[str, Any]:
        """Return the body of the request."""
        body = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"customer", "connection"})
        return {"channel": "note", **body, **({"scheduled": True} if self.send_at else {})}


async def note_drafts(config: NoteDraft, context: Context, begin: datetime) -> Sequence[KustomerDraft]:
    """Return the customer's drafts like this one since an instant."""
    account = Account.of(context, config.connection)
    several = await drafted(account, config.customer, config.content(), begin)
    return [KustomerDraft.model_validate(draft_of(one)) for one in several]


@action(
    "kustomer.draft_note_create",
    repeat="never",
    look=note_drafts,
    connections=(Kustomer,),
    writes=("conversation:conversation",),
    example={"customer": "{{customer.id}}", "conversation": "{{ticket.id}}", "body": "Please call back."},
)
async def draft_note_create(config: NoteDraft, context: Context) -> KustomerDraft:
    """Draft a note on a conversation.

    A conversation has at most one draft of a note: Kustomer refuses another.
    """
    account = Account.of(context, config.connection)
    return KustomerDraft.model_validate(
        draft_of(await account.send("POST", drafts_path(config.customer), json=config.content()))
    )
