"""The three helpdesks as connections; what each does is loaded where it is used."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from activities.tickets.connection import HelpdeskConnection

OWN_DOMAIN = ".freshdesk.com"


class Zendesk(HelpdeskConnection):
    """A Zendesk account: `subdomain` or `baseUrl`, and `email` with `apiToken`, or `oauthToken`."""

    kind: ClassVar[str] = "zendesk"
    secret: ClassVar[tuple[str, ...]] = ("api_token", "oauth_token")

    subdomain: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9-]+$", description="What stands before `.zendesk.com`."
    )
    email: str | None = Field(default=None, description="Email address of the agent whose `apiToken` it is.")
    api_token: str | None = Field(default=None, min_length=1, description="API token.")
    oauth_token: str | None = Field(default=None, min_length=1, description="OAuth access token, instead of these two.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.subdomain is None and self.base_url is None:
            raise ValueError("give `subdomain`, or `baseUrl`")
        if (self.oauth_token is None) == (self.email is None or self.api_token is None):
            raise ValueError("give `email` and `apiToken`, or `oauthToken` alone")
        return self

    @property
    def root(self) -> str:
        """The account's own address."""
        return f"https://{self.subdomain}.zendesk.com"

    def signed_in(self) -> Mapping[str, str]:
        """Return the header that signs a request in."""
        if self.oauth_token is not None:
            return {"Authorization": f"Bearer {self.oauth_token}"}
        pair = b64encode(f"{self.email}/token:{self.api_token}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


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
