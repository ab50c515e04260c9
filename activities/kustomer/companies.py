"""Companies: made, found and changed."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.action import Config
from activities.kustomer.profiles import KustomerProfile, NewRecord
from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.creation import creation
from activities.vendors.kustomer.external_ids import held_at
from activities.vendors.kustomer.records import FoundRecord, KustomerRecord, found
from activities.vendors.kustomer.service import KUSTOMER


class Domain(Config):
    """A domain of the internet."""

    domain: str = Field(min_length=1, description="Its name.")


class CompanyProfile(KustomerProfile):
    """A company's attributes."""

    domains: list[Domain] | None = Field(default=None, description="Domains of its email addresses.")
    employee_count: int | None = Field(default=None, ge=0, description="How many people work there.")


class NewCompany(CompanyProfile, NewRecord):
    """The company that is made."""

    name: str = Field(min_length=1, max_length=255, description="Name; Kustomer wants 3 characters at least.")
    created_at: str | None = Field(
        default=None, description="When the record was made, as 2030-01-31T09:00:00.000Z. Takes the role `org.admin`."
    )
    imported_at: str | None = Field(default=None, description="When it was imported, written alike.")


class CompanyChange(CompanyProfile):
    """What of a company changes; what is left out stays as it is."""

    id: str = Field(min_length=1, description="Id of the company.")
    name: str | None = Field(default=None, min_length=1, max_length=255, description="Name.")
    external_id: str | None = Field(default=None, description="Id that another system gave it, unique.")
    deleted: bool | None = Field(default=None, description="Whether it is deleted softly.")


class CompanyByExternalId(KustomerConfig):
    """Which company is looked for."""

    external_id: str = Field(min_length=1, description="Id that another system gave the company.")


class CompanyByIdentifier(KustomerConfig):
    """Which company is looked for."""

    identifier: str = Field(min_length=1, description="Id of the company.")


NONE = FoundRecord(found=False)
ROLE = "The key needs the role `org.permission.company.read`."


def _first(body: Any) -> dict[str, Any]:
    """Return the first record of a list."""
    companies = body["data"]
    return found(companies[0]) if companies else {"found": False}


COMPANIES = (
    creation(
        "kustomer.company_create",
        "Make a company.",
        "POST /v1/companies",
        NewCompany,
        KustomerRecord,
        held_at(lambda _company: "/v1/companies?externalId="),
        description="Make a company.\n\nThe key needs the role `org.permission.company.create`.",
        example={"name": "{{variables.company.name}}", "domains": [{"domain": "example.com"}]},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.company_lookup_by_external_id",
        "Find a company by the id of another system.",
        "GET /v1/companies",
        CompanyByExternalId,
        FoundRecord,
        missing=NONE,
        unwrap=_first,
        description=f"Find a company by the id of another system.\n\n{ROLE}",
        example={"externalId": "{{variables.order.companyId}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.company_lookup_by_id",
        "Find a company by id.",
        "GET /v1/companies/{identifier}",
        CompanyByIdentifier,
        FoundRecord,
        missing=NONE,
        description=f"Find a company by id.\n\n{ROLE}",
        example={"identifier": "{{variables.customer.object.relationships.company.data.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.company_update",
        "Change a company; what is left out stays as it is.",
        "PUT /v1/companies/{id}",
        CompanyChange,
        KustomerRecord,
        description="Change a company; what is left out stays as it is.\n\n"
        "Lists, such as `emails`, replace those that are there. The key needs the role "
        "`org.permission.company.update`.",
        writes=("company:id",),
        example={"id": "{{variables.company.id}}", "employeeCount": 120},
    ),
)
