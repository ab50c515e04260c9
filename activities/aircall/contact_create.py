"""The action that creates a contact in Aircall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AliasChoices, Field

from activities.action import Config, Result, Static, action
from activities.aircall.connection import AIRCALL, Aircall
from activities.context import Context

if TYPE_CHECKING:
    from activities.http_client.message import Response

CONTACTS = "/v1/contacts"
MOST = 20
CLOCKS = timedelta(minutes=5)
"""How far Aircall's clock may be behind."""

UNSEEN = frozenset(("set-cookie",))
"""Headers of an answer that are credentials."""


class ContactWay(Config):
    """A number or an address of a contact."""

    label: str = Field(default="Work", min_length=1, description="What it is, such as `Work` or `Home`.")
    value: str = Field(min_length=1, description="The number or the address.")


class Contact(Config):
    """A contact."""

    phone_number: str = Field(
        min_length=1,
        validation_alias=AliasChoices("phoneNumber", "PhoneNumber"),
        description="Phone number in E.164 form.",
    )
    first_name: str = Field(
        min_length=1, validation_alias=AliasChoices("firstName", "FirstName"), description="First name."
    )
    last_name: str = Field(
        min_length=1, validation_alias=AliasChoices("lastName", "LastName"), description="Last name."
    )
    company_name: str | None = Field(default=None, description="Name of the company.")
    information: str | None = Field(default=None, description="What else is known.")
    emails: list[ContactWay] | None = Field(
        default=None, max_length=MOST, description="Email addresses, each `{label, value}`; at most 20."
    )
    phone_numbers: list[ContactWay] | None = Field(
        default=None, max_length=MOST - 1, description="More phone numbers, each `{label, value}`; at most 19."
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection of kind `aircall`; the only one, or the default, needs no naming."
    )

    def content(self) -> dict[str, Any]:
        """Return the contact as Aircall takes it."""
        numbers = [ContactWay(value=self.phone_number), *(self.phone_numbers or ())]
        more = {
            "company_name": self.company_name,
            "information": self.information,
            "emails": [one.model_dump() for one in self.emails or ()],
        }
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "phone_numbers": [one.model_dump() for one in numbers],
            **{name: value for name, value in more.items() if value},
        }


class CreatedContact(Result):
    """The contact, and Aircall's whole answer."""

    body: dict[str, Any] = Field(description="What Aircall answered: `{contact}`.")
    response: dict[str, Any] = Field(
        description="The whole answer, `{statusCode, headers, body}`; after a lost answer, the one to the look-up."
    )

    def identity(self) -> str:
        """Return its id: a look-up finds contacts by name and number."""
        return str(self.body["contact"]["id"])


async def created(config: Contact, context: Context, begin: datetime) -> Sequence[CreatedContact]:
    """Return the contacts with this number and name that were created since an instant."""
    connection = context.connection(config.connection, Aircall)
    query = {"phone_number": config.phone_number}
    answer = await AIRCALL.call(context, connection, "GET", f"{CONTACTS}/search", query=query)
    earliest = (begin - CLOCKS).timestamp()
    contacts = AIRCALL.object_of(
        answer, lambda body: [one for one in body["contacts"] if float(one["created_at"]) >= earliest]
    )
    mine = [one for one in contacts or () if all(one.get(name) == value for name, value in _names(config).items())]
    return [_result({"contact": one}, answer) for one in mine]


@action(
    "aircall.contact_create",
    repeat="never",
    look=created,
    connections=(Aircall,),
    example={"phoneNumber": "{{customer.phone}}", "firstName": "Ada", "lastName": "Lovelace"},
)
async def contact_create(config: Contact, context: Context) -> CreatedContact:
    """Create a contact in Aircall.

    It is created at most once: where Aircall's answer got lost, the contacts with this number are looked at.
    """
    connection = context.connection(config.connection, Aircall)
    answer = await AIRCALL.call(context, connection, "POST", CONTACTS, json=config.content())
    body = AIRCALL.object_of(answer, lambda body: {**body, "contact": {**body["contact"], "id": body["contact"]["id"]}})
    if body is None:
        raise AIRCALL.unreadable(answer)
    return _result(body, answer)


def _names(config: Contact) -> Mapping[str, str]:
    return {"first_name": config.first_name, "last_name": config.last_name}


def _result(body: dict[str, Any], answer: Response) -> CreatedContact:
    headers = {name: value for name, value in answer.headers.items() if name not in UNSEEN}
    return CreatedContact(body=body, response={"statusCode": answer.status, "headers": headers, "body": body})
