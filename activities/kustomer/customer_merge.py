"""The action that makes one customer of two."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.errors import ActionError
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, attribute, related, since
from activities.vendors.kustomer.service import Account

SETTLED = frozenset(("success", "succeeded", "complete", "completed", "failure", "failed", "error"))
"""States after which a merge changes no more; the vendor lists none, its guide names success and failure."""

PAUSES = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each time that an open merge is read again."""

PATIENCE = 5.0
"""Seconds that one reading may take: the merge is under way, and the attempt must not end over its state."""


class CustomerMerge(KustomerConfig):
    """Which customers become one."""

    source: str = Field(min_length=1, description="Id of the customer that goes into the other, and is deleted softly.")
    target: str = Field(min_length=1, description="Id of the customer that stays.")


class MergeRequest(Result):
    """What became of it."""

    id: str = Field(description="Id of the merge.")
    status: str | None = Field(description="Its state, by Kustomer's word; `success` where it is done.")


async def _merged(config: CustomerMerge, context: Context, begin: datetime) -> Sequence[MergeRequest]:
    """Return the merges of these two since the step was sent."""
    account = Account.of(context, config.connection)
    merges = await account.every(f"/v1/customers/{segment('target', config.target)}/merges")
    mine = [one for one in merges or () if related(one, "source") == config.source and since(one, begin)]
    return [_request(await _settled(account, one)) for one in mine]


@action(
    "kustomer.merge_customers",
    repeat="never",
    connections=(Kustomer,),
    look=_merged,
    timeout=timedelta(minutes=1),
    requests=3,
    writes=("customer:source", "customer:target"),
    example={"source": "{{variables.duplicate.id}}", "target": "{{customer.id}}"},
)
async def merge_customers(config: CustomerMerge, context: Context) -> MergeRequest:
    """Make one customer of two: what the source has goes to the target, and the source is deleted softly.

    Kustomer merges in the background; its state is read for some seconds, until it is settled. Where the answer to the
    merge gets lost, the target's merges say whether there is one. The key needs the role
    `org.permission.customer_merge.create`.
    """
    account = Account.of(context, config.connection)
    data = await account.send("POST", "/v1/customers/merges", json={"source": config.source, "target": config.target})
    return _request(await _settled(account, data))


async def _settled(account: Account, merge: Data) -> Data:
    """Return a merge as it is once settled, or as it was last seen: it is under way, whether it can be read or not."""
    hasty = replace(account, context=replace(account.context, timeout=min(account.context.timeout, PATIENCE)))
    for pause in PAUSES:
        if str(attribute(merge, "status")).lower() in SETTLED:
            break
        await asyncio.sleep(pause)
        try:
            merge = await hasty.get(f"/v1/customers/merges/{segment('id', merge['id'])}")
        except ActionError:
            break
    return merge


def _request(merge: Data) -> MergeRequest:
    return MergeRequest(id=merge["id"], status=attribute(merge, "status"))
