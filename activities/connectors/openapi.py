"""Any service that OpenAPI describes, with the sign-in that its connection says."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from activities.connectors.own_service import OwnService
from activities.openapi.profile import OpenApiProfile


class OpenApi(OwnService):
    """A service that OpenAPI describes: its description, its address, and how requests to it are signed in."""

    kind: ClassVar[str] = "openapi"

    description: str = Field(description="File, or address, of its description in OpenAPI 3.0 or 3.1, JSON or YAML.")
    base_url: str = Field(description="The address that all of its paths are below: `https://api.example.com/v1`.")


OpenApi.profile = OpenApiProfile(service=OpenApi.service, extras=OpenApi.extras)
