"""Objects of klasses, an organization's own kinds: made, found and deleted."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from activities.action import Raw, SyntaxName
from activities.kustomer.profiles import NewRecord
from activities.rest.endpoint import endpoint
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.creation import creation
from activities.vendors.kustomer.external_ids import held_at
from activities.vendors.kustomer.records import FoundRecord, KustomerRecord, Nothing
from activities.vendors.kustomer.service import KUSTOMER


def _object(value: Any) -> Any:
    """Return an object that is given as it is, or as JSON text.

    Raises:
        ValueError: the text is no object in JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ValueError('this must be an object, or its text in JSON such as {"number": "1001"}')  # noqa: TRY004 # pydantic reads it
    return parsed


Data = Annotated[
    dict[str, Any],
    BeforeValidator(_object),
    WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "string", "pattern": r"^\s*\{"}]}),
]


class NewKobject(NewRecord):
    """The object that is made, on nobody's timeline."""

    klass_name: str = Field(min_length=1, description="Name of the klass.")
    data: Data = Field(description="Anything about it: an object, or its text in JSON.")
    title: str = Field(min_length=1, max_length=256, description="What it is called.")
    description: str | None = Field(default=None, description="What it is.")
    images: list[str] | None = Field(default=None, description="Addresses of pictures.")
    icon: str | None = Field(default=None, description="Icon.")
    custom: dict[str, Any] | None = Field(
        default=None, description="The klass's attributes, by name and suffix of type, such as `totalNum`."
    )
    tags: list[str] | None = Field(default=None, description="Tags.")
    company: str | None = Field(default=None, min_length=1, description="Id of a company that it belongs to.")
    created_at: str | None = Field(
        default=None, description="When it was made, as 2030-01-31T09:00:00.000Z. Takes the role `org.admin`."
    )
    imported_at: str | None = Field(
        default=None, description="When it was imported, written alike. Limits of rate do not count it then."
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Return the syntax of each text field; `data` is JSON where it is written as such."""
        found = super().syntaxes(raw)
        for key in ("data", "Data"):
            written = raw.get(key)
            if isinstance(written, str) and written.lstrip().startswith("{") and not written.lstrip().startswith("{{"):
                found[f"/{key}"] = "json"
        return found


class AnyKobject(NewKobject):
    """The object that is made."""

    customer: str | None = Field(default=None, min_length=1, description="Id of a customer that it belongs to.")


class KobjectOfCustomer(NewKobject):
    """The object that is made, and whose."""

    customer: str = Field(min_length=1, description="Id of the customer on whose timeline it is put.")


class Which(KustomerConfig):
    """Which object."""

    id: str = Field(min_length=1, description="Id of the object.")
    klass_name: str = Field(min_length=1, description="Name of the klass.")


class KobjectByExternalId(KustomerConfig):
    """Which object is looked for."""

    external_id: str = Field(min_length=1, description="Id that another system gave the object.")
    klass_name: str = Field(min_length=1, description="Name of the klass.")


HELD = held_at(lambda kobject: f"/v1/klasses/{segment('klassName', kobject.klass_name)}/externalId=")
ROLES = "The key needs the role `org.permission.kobject.{0}`, or `org.permission.kobject.kobject_*.{0}` of the klass."

KOBJECTS = (
    creation(
        "kustomer.kobject_create",
        "Make an object of a klass, on nobody's timeline.",
        "POST /v1/klasses/{klassName}",
        AnyKobject,
        KustomerRecord,
        HELD,
        description=f"Make an object of a klass, on nobody's timeline.\n\n{ROLES.format('create')}",
        example={"klassName": "order", "title": "Order 1001", "data": {"number": "1001"}},
    ),
    creation(
        "kustomer.kobject_create_with_customer",
        "Make an object of a klass on a customer's timeline.",
        "POST /v1/customers/{customer}/klasses/{klassName}",
        KobjectOfCustomer,
        KustomerRecord,
        HELD,
        description=f"Make an object of a klass on a customer's timeline.\n\n{ROLES.format('create')}",
        example={
            "klassName": "order",
            "customer": "{{customer.id}}",
            "title": "Order {{order.id}}",
            "data": {"number": "{{order.id}}"},
        },
    ),
    endpoint(
        KUSTOMER,
        "kustomer.kobject_delete",
        "Delete an object of a klass; one that is not there is deleted.",
        "DELETE /v1/klasses/{klassName}/{id}",
        Which,
        Nothing,
        missing=Nothing(),
        unwrap=lambda _body: {},
        description=f"Delete an object of a klass; one that is not there is deleted.\n\n{ROLES.format('delete')}",
        writes=("kobject:id",),
        example={"klassName": "order", "id": "{{variables.order.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.kobject_find_by_external_id",
        "Find an object of a klass by the id of another system.",
        "GET /v1/klasses/{klassName}/externalId={externalId}",
        KobjectByExternalId,
        FoundRecord,
        missing=FoundRecord(found=False),
        description=f"Find an object of a klass by the id of another system.\n\n{ROLES.format('read')}",
        example={"klassName": "order", "externalId": "{{order.id}}"},
    ),
)
