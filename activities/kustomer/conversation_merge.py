"""The action that merges two conversations, made of what Kustomer's API has: it has no merge of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from activities.action import Result, action
from activities.context import Context
from activities.errors import Refused
from activities.kustomer.conversation_tags import send_tags
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import INFERRED, Data, Inferred, attribute, related
from activities.vendors.kustomer.service import Account, partly

MOVED = "moved"
"""What the next attempt is told once nothing but deleting the source is left."""


class TwoConversations(KustomerConfig):
    """Which conversation goes into which."""

    source: str = Field(min_length=1, description="Id of the conversation that is merged, and then deleted (softly).")
    target: str = Field(min_length=1, description="Id of the conversation that stays.")

    @model_validator(mode="after")
    def _are_two(self) -> Self:
        if self.source == self.target:
            raise ValueError("`source` and `target` are one conversation: name two")
        return self


class ConversationMerge(Result):
    """What became of the merge."""

    id: str = Field(description="Id of the merge: the step's idempotency key, as Kustomer has no object for it.")
    status: Literal["success"] = Field(default="success", description="`success`.")
    created_at: str = Field(description="When it was done, by this worker's clock.")
    updated_at: str = Field(description="The same.")
    customer: str | None = Field(description="Id of the customer of both conversations.")
    confidence: Inferred = INFERRED


@action(
    "kustomer.conversation_merge",
    repeat="safe",
    timeout=timedelta(minutes=5),
    connections=(Kustomer,),
    writes=("conversation:source", "conversation:target"),
    requests=8,
    example={"source": "{{variables.duplicate.id}}", "target": "{{ticket.id}}"},
)
async def conversation_merge(config: TwoConversations, context: Context) -> ConversationMerge:
    """Merge a conversation into another one of the same customer.

    Inferred: Kustomer publishes no operation for it. Messages and notes are moved, tags are added, and then the source
    is deleted (softly). Where something is refused on the way the source stays, and another run goes on from there.
    """
    account = Account.of(context, config.connection).patient()
    target = await account.get(f"/v1/conversations/{segment('target', config.target)}")
    source_path = f"/v1/conversations/{segment('source', config.source)}"
    source = await account.find(source_path)
    if source is None and context.progress != MOVED:
        raise Refused("There is no conversation with the id that `source` has.", status=HTTPStatus.NOT_FOUND.value)
    if source is not None and not attribute(source, "deleted"):
        await _move(account, source, target)
        context.heartbeat(MOVED)
        with partly("All messages, notes and tags were moved"):
            await account.send("PATCH", source_path, json={"deleted": True})
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return ConversationMerge(id=context.key, created_at=now, updated_at=now, customer=related(target, "customer"))


async def _move(account: Account, source: Data, target: Data) -> None:
    """Move messages, notes and tags from one conversation to another."""
    customers = [related(one, "customer") for one in (source, target)]
    if customers[0] != customers[1]:
        raise Refused(f"The conversations belong to different customers, {customers[0]} and {customers[1]}.")
    path = f"/v1/conversations/{segment('id', source['id'])}"
    moved = 0
    for kind in ("messages", "notes"):
        for record in await _listed(account, f"{path}/{kind}", moved):
            with partly(f"{moved} messages and notes were moved"):
                record_path = f"/v1/{kind}/{segment('id', record['id'])}"
                await account.send("PATCH", record_path, json={"conversation": target["id"]})
            moved += 1
    has = set(attribute(target, "tags") or ())
    tags = [tag for tag in attribute(source, "tags") or () if tag not in has]
    if tags:
        with partly("All messages and notes were moved"):
            await send_tags(account, "POST", target["id"], tags)


async def _listed(account: Account, path: str, moved: int) -> list[dict[str, Any]]:
    with partly(f"{moved} messages and notes were moved"):
        return await account.all(path)
