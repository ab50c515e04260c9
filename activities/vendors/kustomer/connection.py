"""The connection of kind `kustomer`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field, model_validator

from activities.connections import Connection


class Kustomer(Connection):
    """An organization of Kustomer's; also signs in its chat and its drafts."""

    kind: ClassVar[str] = "kustomer"

    org: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9](-?[a-z0-9])*$",
        description="The organization's name, the first part of its address; needed where `baseUrl` is not given.",
    )
    api_key: str = Field(min_length=1, description="API key, with the roles that its actions' pages name.")
    hooks: dict[str, str] = Field(
        default_factory=dict,
        description="Hashes of inbound web hooks, by the operation that goes over one: `publish_event`, "
        "`conversation_automate`, `assistant_launch`.",
    )
    labels: dict[str, list[str]] = Field(
        default_factory=dict, description="Sets of labels by name, for `kustomer.intent_identification_prediction`."
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> Kustomer:
        if self.org is None and self.base_url is None:
            raise ValueError("give `org`, the organization's name, or `baseUrl`")
        return self

    @property
    def root(self) -> str:
        """The organization's own address, which leads to its region."""
        return f"https://{self.org}.api.kustomerapp.com"

    def addresses(self) -> Iterable[str]:
        """Return where its API is."""
        return [self.base_url or self.root]

    def credentials(self) -> Iterable[str]:
        """Return the key, and the hashes with which anybody could post to a hook."""
        return [self.api_key, *self.hooks.values()]
