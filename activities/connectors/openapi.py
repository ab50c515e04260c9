"""Any service that OpenAPI describes, with the sign-in that its connection says."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from activities.connectors.auth import SignedIn
from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.openapi.profile import OpenApiProfile


class OpenApi(SignedIn):
    """A service that OpenAPI describes: its description, its address, and how requests to it are signed in."""

    kind: ClassVar[str] = "openapi"

    description: str = Field(description="File, or address, of its description in OpenAPI 3.0 or 3.1, JSON or YAML.")
    base_url: str = Field(description="The address that all of its paths are below: `https://api.example.com/v1`.")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            Target.parse(value)
        except Refused as refused:
            raise ValueError(str(refused)) from None
        if "?" in value or "#" in value:
            raise ValueError("an address that paths are below has no query")
        return value


OpenApi.profile = OpenApiProfile(service=SignedIn.service, extras=SignedIn.extras)
