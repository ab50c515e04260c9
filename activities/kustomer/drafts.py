"""Drafts: postponed and deleted."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from activities.action import action
from activities.context import Context
from activities.errors import Refused
from activities.rest.endpoint import endpoint
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.drafts import KustomerDraft, draft_of, drafts_path
from activities.vendors.kustomer.inputs import Instant
from activities.vendors.kustomer.records import Nothing, attribute
from activities.vendors.kustomer.service import KUSTOMER, Account


class Postponement(KustomerConfig):
    """When a draft is sent."""

    id: str = Field(min_length=1, description="Id of the draft.")
    send_at: Instant | None = Field(
        default=None,
        description="When it is sent, as an ISO 8601 instant; empty: it is no longer scheduled; without it the time "
        "stays.",
    )
    channel: str | None = Field(
        default=None, min_length=1, description="Its channel, such as `email`; by default looked up at `customer`."
    )
    customer: str | None = Field(
        default=None, min_length=1, description="Id of its customer; needed where `channel` is not given."
    )

    @model_validator(mode="after")
    def _has_a_channel(self) -> Self:
        if self.channel is None and self.customer is None:
            raise ValueError("give the draft's `channel`, or `customer`, among whose drafts it is looked up")
        return self


@action(
    "kustomer.draft_postpone",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    writes=("draft:id",),
    example={"id": "{{variables.draft.id}}", "channel": "note", "sendAt": "2026-12-24T09:00:00Z"},
)
async def draft_postpone(config: Postponement, context: Context) -> KustomerDraft:
    """Change when a draft is sent.

    Kustomer wants to be told the draft's channel, which is found among the customer's drafts where the step does not
    give it.
    """
    account = Account.of(context, config.connection)
    when: dict[str, Any] = {}
    if config.send_at is not None:
        when = {"sendAt": config.send_at, "scheduled": True} if config.send_at else {"sendAt": ""}
    body = {"channel": config.channel or await _channel(account, config), **when}
    return KustomerDraft.model_validate(
        draft_of(await account.send("PUT", f"/v1/drafts/{segment('id', config.id)}", json=body))
    )


async def _channel(account: Account, config: Postponement) -> str:
    for draft in await account.all(drafts_path(config.customer or "")):
        channel = attribute(draft, "channel")
        if draft["id"] == config.id and isinstance(channel, str):
            return channel
    raise Refused("The customer has no draft with this `id`: give its `channel`, or the right `customer`.")


class DraftById(KustomerConfig):
    """Which draft is deleted."""

    id: str = Field(min_length=1, description="Id of the draft.")


DRAFTS = (
    draft_postpone,
    endpoint(
        KUSTOMER,
        "kustomer.draft_delete",
        "Delete a draft; one that is gone already counts as deleted.",
        "DELETE /v1/drafts/{id}",
        DraftById,
        Nothing,
        unwrap=lambda _body: None,
        missing=Nothing(),
        writes=("draft:id",),
        example={"id": "{{variables.draft.id}}"},
    ),
)
