"""The action that reads an inbound hook."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.service import Account

TYPES = ("web", "form", "email")


class WhichHook(KustomerConfig):
    """Which hook is read."""

    id: str = Field(min_length=1, description="Id of the hook.")
    type: Literal["web", "form", "email"] | None = Field(
        default=None, description="Its type; without one, each is tried in this order."
    )


class HookAnswer(Result):
    """A hook as Kustomer answers it."""

    found: bool = Field(default=True, description="Whether there is such a hook; all else is empty where not.")
    data: dict[str, Any] | None = Field(
        default=None, description="The hook: type, id, attributes (name, url or email, eventName, …), relationships."
    )
    meta: dict[str, Any] = Field(default_factory=dict, description="What Kustomer says about its answer.")
    links: dict[str, Any] = Field(default_factory=dict, description="Links of the answer.")


@action(
    "kustomer.hook_get_by_id",
    repeat="safe",
    connections=(Kustomer,),
    requests=3,
    example={"id": "5f7b1d2c9a8e4b0012345678"},
)
async def hook_get_by_id(config: WhichHook, context: Context) -> HookAnswer:
    """Read an inbound hook: of the web, of a form or of email.

    The address of email hooks is known from public clients only. The key needs the role `org.permission.hook.read`.
    """
    account = Account.of(context, config.connection)
    for kind in TYPES if config.type is None else (config.type,):
        answer = await account.read(f"/v1/hooks/{kind}/{segment('id', config.id)}", _answer)
        if answer is not None:
            return answer
    return HookAnswer(found=False)


def _answer(body: Any) -> HookAnswer:
    return HookAnswer(data=body["data"], meta=body.get("meta") or {}, links=body.get("links") or {})
