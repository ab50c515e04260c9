"""A made-up helpdesk as a service with rows, as a family of actions has them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from trunkline.actions import (
    Config,
    Connection,
    Listed,
    Paging,
    RateHeaders,
    Result,
    Service,
    Static,
    endpoint,
    found_by,
)


class Desk(Connection):
    """A helpdesk's account."""

    kind: ClassVar[str] = "helpdesk"

    site: str = Field(min_length=1, description="First part of the address.")
    api_key: str = Field(min_length=1, description="API key.")


class DeskConfig(Config):
    """What all of its actions take."""

    connection: Annotated[str | None, Static()] = Field(default=None, description="Which helpdesk.")


class Which(DeskConfig):
    """A record."""

    id: str = Field(description="Its id.")


class Person(DeskConfig):
    """Who is created."""

    full_name: str = Field(description="Full name.")
    external_id: str | None = Field(default=None, description="Id of your own.")
    tags: list[str] = Field(default_factory=list, description="Tags.")
    custom: dict[str, Any] | None = Field(default=None, description="Fields of your own.")


class Change(Which):
    """What changes."""

    note_text: str | None = Field(default=None, description="Text.")
    notify: bool | None = Field(default=None, description="Whether the customer is told.")


class Search(DeskConfig):
    """What is looked for."""

    text: str | None = Field(default=None, description="Words.")
    tags: list[str] = Field(default_factory=list, description="Tags.")
    open: bool | None = Field(default=None, description="Whether it is open.")


class TagNames(Which):
    """Tags of a record."""

    tag_names: list[str] = Field(description="Tags.")


class Record(Result):
    """A record."""

    found: bool = Field(default=True, description="Whether there is such a record.")
    id: str | None = Field(default=None, description="Its id.")
    attributes: dict[str, Any] = Field(default_factory=dict, description="Its attributes.")


DESK = Service(
    name="Helpdesk",
    connection=Desk,
    address=lambda desk: f"https://{desk.site}.helpdesk.example.com",
    sign_in=lambda desk: {"Authorization": f"Bearer {desk.api_key}"},
    rates=RateHeaders(reset="x-ratelimit-reset", remaining="x-ratelimit-remaining", longest=60),
    unwrap=lambda body: body["data"],
    headers={"X-Version": "7"},
)

PAGES = Paging(items=lambda body: body["data"], link=lambda body: body["links"]["next"], most=3)

LOOKUP = endpoint(
    DESK,
    "helpdesk.person_get",
    "Get a person.",
    "GET /v1/people/{id}",
    Which,
    Record,
    missing=Record(found=False),
    example={"id": "p1"},
)
CREATE = endpoint(
    DESK,
    "helpdesk.person_create",
    "Create a person.",
    "POST /v1/people",
    Person,
    Record,
    example={"fullName": "Ada Lovelace"},
    look=found_by(
        DESK,
        "GET /v1/people?sort=newest",
        Person,
        Record,
        lambda item, _config, context, _since: item["attributes"].get("key") == context.key,
        PAGES,
    ),
)
CHARGE = endpoint(
    DESK,
    "helpdesk.charge",
    "Charge a person.",
    "POST /v1/people/{id}/charges",
    Change,
    Record,
    key="Idempotency-Key",
    query=["notify"],
    example={"id": "p1"},
)
CHANGE = endpoint(DESK, "helpdesk.change", "Change a record.", "PATCH /v1/x/{id}", Change, Record, example={"id": "1"})
REPLACE = endpoint(DESK, "helpdesk.replace", "Replace it.", "PUT /v1/x/{id}", Change, Record, example={"id": "1"})
DELETE = endpoint(DESK, "helpdesk.delete", "Delete a record.", "DELETE /v1/x/{id}", Which, Record, example={"id": "1"})
UNTAG = endpoint(
    DESK,
    "helpdesk.untag",
    "Remove tags.",
    "DELETE /v1/x/{id}/tags",
    TagNames,
    Record,
    body="tag_names",
    example={"id": "1", "tagNames": ["a"]},
)
SEARCH = endpoint(
    DESK,
    "helpdesk.search",
    "Search records.",
    "GET /v1/search?kind=ticket",
    Search,
    Listed,
    paging=PAGES,
    example={"text": "refund"},
)
FORM = endpoint(
    DESK,
    "helpdesk.form",
    "Send a form.",
    "POST /v1/forms",
    Search,
    Record,
    fields="form",
    repeat="safe",
    example={"text": "a"},
)

ACTIONS = (LOOKUP, CREATE, CHARGE, CHANGE, REPLACE, DELETE, UNTAG, SEARCH, FORM)
