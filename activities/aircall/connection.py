"""The connection of kind `aircall`, and Aircall's API as a service (https://developer.aircall.io/api-references)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from activities.connections import Connection
from activities.rest.answers import RateHeaders
from activities.rest.service import Service


class Aircall(Connection):
    """A company of Aircall's."""

    kind: ClassVar[str] = "aircall"
    hosts: ClassVar[tuple[str, ...]] = ("api.aircall.io",)

    api_id: str = Field(min_length=1, description="API id.")
    api_token: str = Field(min_length=1, description="API token.")

    def signature(self) -> Mapping[str, str]:
        """Return the headers that sign a request in."""
        pair = b64encode(f"{self.api_id}:{self.api_token}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


AIRCALL = Service(
    name="Aircall",
    connection=Aircall,
    address="https://api.aircall.io",
    sign_in=Aircall.signature,
    reason=lambda body: body.get("troubleshoot") or body.get("error"),
    rates=RateHeaders(reset="x-aircallapi-reset", remaining="x-aircallapi-remaining", longest=60),
)
