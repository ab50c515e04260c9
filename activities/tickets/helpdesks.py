"""The three helpdesks as connections; what each does is loaded where it is used."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from activities.tickets.connection import HelpdeskConnection
from activities.vendors.accounts.zendesk import ZendeskAccount

OWN_DOMAIN = ".freshdesk.com"


class Zendesk(ZendeskAccount, HelpdeskConnection):
    """A Zendesk account: `subdomain` or `baseUrl`, and `email` with `apiToken`, or `oauthToken`."""


class Zammad(HelpdeskConnection):
    """A Zammad server."""

    kind: ClassVar[str] = "zammad"
    secret: ClassVar[tuple[str, ...]] = ("token",)

    base_url: str = Field(description="The server's address: `https://support.example.com`.")
    token: str = Field(min_length=1, description="Access token with the permission `ticket.agent`.")

    @property
    def root(self) -> str:
        """The server's address."""
        return self.base_url


class Freshdesk(HelpdeskConnection):
    """A Freshdesk account: `domain` or `baseUrl`, and `apiKey`."""

    kind: ClassVar[str] = "freshdesk"
    secret: ClassVar[tuple[str, ...]] = ("api_key",)

    domain: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9.-]+$", description="`acme`, or in full `acme.freshdesk.com`."
    )
    api_key: str = Field(min_length=1, description="An agent's API key.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.domain is None and self.base_url is None:
            raise ValueError("give `domain`, or `baseUrl`")
        return self

    @property
    def root(self) -> str:
        """The account's own address."""
        domain = self.domain or ""
        return f"https://{domain if '.' in domain else domain + OWN_DOMAIN}"

    def signed_in(self) -> Mapping[str, str]:
        """Return the header that signs a request in."""
        return {"Authorization": f"Basic {b64encode(f'{self.api_key}:X'.encode()).decode()}"}


HELPDESKS: tuple[type[HelpdeskConnection], ...] = (Zendesk, Zammad, Freshdesk)
