"""Tags of conversations, which Kustomer takes twenty at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Literal

from pydantic import Field

from activities.action import MOST_REQUESTS, Raw, action, names
from activities.context import Context
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.inputs import MOST_TAGS, Tags, names_of
from activities.vendors.kustomer.records import Data, KustomerRecord, found
from activities.vendors.kustomer.service import Account, partly


class TagsOf(KustomerConfig):
    """Which tags of which conversation."""

    id: str = Field(min_length=1, description="Id of the conversation.")
    tags: Tags = Field(description="Ids or names of tags, in a list or separated by commas.")


def _requests(raw: Raw) -> int:
    tags = names_of(next((raw[key] for key in names(TagsOf, "tags") if key in raw), []))
    return max(1, min(ceil(len(tags) / MOST_TAGS), MOST_REQUESTS)) if isinstance(tags, list) else 1


@action(
    "kustomer.conversation_add_tags",
    repeat="safe",
    connections=(Kustomer,),
    requests=_requests,
    writes=("conversation:id",),
    example={"id": "{{ticket.id}}", "tags": ["vip", "refund"]},
)
async def conversation_add_tags(config: TagsOf, context: Context) -> KustomerRecord:
    """Add tags to a conversation; those that it has stay.

    A name that is no tag yet becomes one. More than twenty tags are sent in several requests.
    """
    return await _changed("POST", config, context)


@action(
    "kustomer.conversation_remove_tags",
    repeat="safe",
    connections=(Kustomer,),
    requests=_requests,
    writes=("conversation:id",),
    example={"id": "{{ticket.id}}", "tags": ["refund"]},
)
async def conversation_remove_tags(config: TagsOf, context: Context) -> KustomerRecord:
    """Remove tags from a conversation.

    More than twenty tags are sent in several requests.
    """
    return await _changed("DELETE", config, context)


async def send_tags(account: Account, method: Literal["POST", "DELETE"], id_: str, tags: Sequence[str]) -> Data:
    """Add or remove tags, of which there is at least one, and return the conversation as it is afterwards.

    Raises:
        Refused: Kustomer refuses some; the sentence says how many were sent before.
    """
    several = list(dict.fromkeys(tags))
    path = f"/v1/conversations/{segment('id', id_)}/tags"
    data = await account.send(method, path, json=several[:MOST_TAGS])
    for start in range(MOST_TAGS, len(several), MOST_TAGS):
        with partly(f"The first {start} of {len(several)} tags were sent"):
            data = await account.send(method, path, json=several[start : start + MOST_TAGS])
    return data


async def _changed(method: Literal["POST", "DELETE"], config: TagsOf, context: Context) -> KustomerRecord:
    data = await send_tags(Account.of(context, config.connection), method, config.id, config.tags)
    return KustomerRecord.model_validate(found(data))
