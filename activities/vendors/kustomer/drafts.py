"""Drafts, as results hold them, and how those of a customer are found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from activities.action import Result
from activities.rest.query import segment
from activities.vendors.kustomer.records import Data, attribute, related, same, since
from activities.vendors.kustomer.service import Account


class KustomerDraft(Result):
    """A draft."""

    id: str = Field(description="Its id.")
    type: str | None = Field(default=None, description="`draft`.")
    channel: str | None = Field(default=None, description="Its channel, such as `note` or `email`.")
    status: str | None = Field(default=None, description="Its status, such as `draft`.")
    created_at: str | None = Field(default=None, description="When it was made.")
    updated_at: str | None = Field(default=None, description="When it was last changed.")
    modified_at: str | None = Field(default=None, description="When somebody last changed it.")
    org: str | None = Field(default=None, description="Id of the organization.")
    customer: str | None = Field(default=None, description="Id of the customer.")

    def identity(self) -> str:
        """Return its id: a look-up finds drafts by what they say."""
        return self.id


def draft_of(data: Data) -> dict[str, Any]:
    """Return a draft as the fields of a result."""
    names = ("channel", "status", "createdAt", "updatedAt", "modifiedAt")
    relations = {name: related(data, name) for name in ("org", "customer")}
    return {"id": data["id"], "type": data.get("type"), **{name: attribute(data, name) for name in names}, **relations}


def drafts_path(customer: str) -> str:
    """Return the path of a customer's drafts."""
    return f"/v1/customers/{segment('customer', customer)}/drafts"


async def drafted(account: Account, customer: str, body: Mapping[str, Any], begin: datetime) -> list[Data]:
    """Return the customer's drafts since an instant that say what a body said, so far as Kustomer shows it."""
    return [
        draft
        for draft in await account.all(drafts_path(customer))
        if since(draft, begin)
        and attribute(draft, "channel") == body["channel"]
        and same(related(draft, "conversation"), body["conversation"])
        and all(same(attribute(draft, name), body.get(name)) for name in ("body", "subject"))
    ]
