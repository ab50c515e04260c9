"""Jira Cloud."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from activities.openapi.profile import OpenApiProfile
from activities.operations.connection import DescribedConnection
from activities.rest.answers import RateHeaders, reason_of
from activities.rest.service import Service

DESCRIPTION = "https://developer.atlassian.com/cloud/jira/platform/swagger-v3.v3.json"
OWN_DOMAIN = ".atlassian.net"


def reason(body: Any) -> str | None:
    """Return why a request was refused: what is said of it as a whole, then of its fields."""
    if not isinstance(body, Mapping):
        return None
    fields = body.get("errors")
    named = [f"{name}: {text}" for name, text in fields.items()] if isinstance(fields, Mapping) else []
    return "; ".join([*filter(None, [reason_of(body.get("errorMessages"))]), *named]) or None


def _pair(account: Jira) -> str:
    return b64encode(f"{account.email}:{account.api_token}".encode()).decode()


def _signed_in(account: Jira) -> Mapping[str, str]:
    return {"Authorization": f"Basic {_pair(account)}"}


def _address(account: Jira) -> str:
    return f"https://{account.site if '.' in account.site else account.site + OWN_DOMAIN}"


class Jira(DescribedConnection):
    """A Jira Cloud site."""

    kind: ClassVar[str] = "jira"

    site: str = Field(pattern=r"^[A-Za-z0-9.-]+$", description="`acme`, or in full `acme.atlassian.net`.")
    email: str = Field(min_length=1, description="Email address of the account whose `apiToken` it is.")
    api_token: str = Field(min_length=1, description="API token.")

    def addresses(self) -> Iterable[str]:
        """Return the site's address too."""
        return [*super().addresses(), JIRA.base(self)]

    def credentials(self) -> Iterable[str]:
        """Return the token, also as the header has it."""
        return [self.api_token, _pair(self)]


JIRA = Service(
    name="Jira",
    connection=Jira,
    address=_address,
    sign_in=_signed_in,
    reason=reason,
    rates=RateHeaders(reset="x-ratelimit-reset"),
    headers={"X-Atlassian-Token": "no-check"},
)

Jira.profile = OpenApiProfile(service=JIRA, usual=DESCRIPTION)
