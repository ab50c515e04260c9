"""Klasses, the kinds of an organization's own objects: made and found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, attribute, flat, since
from activities.vendors.kustomer.service import KUSTOMER, Account

LISTS: tuple[dict[str, str], ...] = ({}, {"status": "disabled"}, {"status": "existing_only"})
"""Queries of the lists that together have every klass; without a status only those are listed that are enabled."""


class NewKlass(KustomerConfig):
    """The klass that is made."""

    name: str = Field(
        strict=True,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Name: letters, digits, `_` and `-`; unique in the organization, and final.",
    )
    status: Literal["enabled", "disabled"] = Field(description="Whether it can be used.")
    display_name: str | None = Field(default=None, description="Name that agents see.")
    icon: str | None = Field(default=None, description="Icon.")
    color: str | None = Field(default=None, description="Color.")
    json_schema: dict[str, Any] | None = Field(default=None, description="JSON Schema of its objects.")
    klass_schema: Literal["task"] | None = Field(default=None, description="Schema of Kustomer's own that it follows.")
    mixins: list[Literal["commentable", "assignable", "editable", "creatable"]] | None = Field(
        default=None, description="What can be done with its objects."
    )


class ByName(KustomerConfig):
    """Which klass is looked for."""

    name: str = Field(min_length=1, description="Name of the klass.")


class Klass(Result):
    """A klass."""

    id: str = Field(description="Id.")
    name: str = Field(description="Name.")
    status: str = Field(description="`enabled` or `disabled`.")
    created_at: str | None = Field(default=None, description="When it was made.")
    updated_at: str | None = Field(default=None, description="When it was last changed.")
    org: str | None = Field(default=None, description="Id of the organization.")


class FoundKlass(Result):
    """A klass that was looked for."""

    found: bool = Field(default=True, description="Whether there is such a klass; all else is null where not.")
    id: str | None = Field(default=None, description="Id.")
    name: str | None = Field(default=None, description="Name.")
    status: str | None = Field(default=None, description="`enabled` or `disabled`.")
    created_at: str | None = Field(default=None, description="When it was made.")
    updated_at: str | None = Field(default=None, description="When it was last changed.")
    org: str | None = Field(default=None, description="Id of the organization.")


async def _named(account: Account, name: str) -> Data | None:
    """Return the klass of a name, which no address leads to: with a name, `/v1/klasses/{name}` lists its objects."""
    for query in LISTS:
        for klass in await account.all("/v1/klasses", query):
            if attribute(klass, "name") == name:
                return klass
    return None


async def _made(config: NewKlass, context: Context, begin: datetime) -> Sequence[Klass]:
    """Return the klass of that name, where it was made since the step was sent."""
    klass = await _named(Account.of(context, config.connection).patient(), config.name)
    return [Klass.model_validate(flat(klass))] if klass and since(klass, begin) else []


KLASS_CREATE = endpoint(
    KUSTOMER,
    "kustomer.klass_create",
    "Make a klass, a kind of objects of an organization's own.",
    "POST /v1/klasses",
    NewKlass,
    Klass,
    look=_made,
    unwrap=lambda body: flat(body["data"]),
    description="Make a klass, a kind of objects of an organization's own.\n\n"
    "A name that is taken is refused. The key needs the role `org.permission.klass.create`.",
    example={"name": "order", "status": "enabled", "displayName": "Order"},
)


@action("kustomer.klass_lookup_by_name", repeat="safe", connections=(Kustomer,), requests=3, example={"name": "order"})
async def klass_lookup_by_name(config: ByName, context: Context) -> FoundKlass:
    """Find a klass by its name, among those that are enabled first, then among the others.

    The key needs the role `org.permission.klass.read`.
    """
    klass = await _named(Account.of(context, config.connection).patient(), config.name)
    return FoundKlass(found=False) if klass is None else FoundKlass.model_validate(flat(klass))
