"""Services of somebody's own, which no profile knows: where each is, and how it is described."""

from __future__ import annotations

from pydantic import Field, field_validator

from activities.connectors.auth import SignedIn
from activities.errors import Refused
from activities.http_client.addresses import Target


class OwnService(SignedIn):
    """A service that has no profile: its description, its address, and how requests to it are signed in."""

    description: str = Field(description="File, or address, of its description.")
    base_url: str = Field(description="Its address.")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            Target.parse(value)
        except Refused as refused:
            raise ValueError(str(refused)) from None
        if "?" in value or "#" in value:
            raise ValueError("the address of a service has no query")
        return value
