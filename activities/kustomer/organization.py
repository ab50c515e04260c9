"""The organization itself, and its texts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.action import Result
from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.records import flat
from activities.vendors.kustomer.service import KUSTOMER


class Current(KustomerConfig):
    """Which organization."""


class Organization(Result):
    """The organization that the key is of."""

    org_name: str = Field(description="Its name.")


class ByKey(KustomerConfig):
    """Which snippet is looked for."""

    key: str = Field(min_length=1, description="Key of the snippet, such as `sn.kustomer.chat.fifteen_minutes`.")


class Snippet(Result):
    """A text in several languages."""

    found: bool = Field(default=True, description="Whether there is such a snippet; all else is null where not.")
    id: str | None = Field(default=None, description="Id.")
    type: str | None = Field(default=None, description="Type of the record: `snippet`.")
    name: str | None = Field(default=None, description="Name.")
    app: str | None = Field(default=None, description="App that it came with.")
    key: str | None = Field(default=None, description="Key.")
    langs: list[Any] | None = Field(default=None, description="Its languages, each with its translation.")
    created_at: str | None = Field(default=None, description="When it was made.")
    org: str | None = Field(default=None, description="Id of the organization.")


def _snippet(body: Any) -> dict[str, Any]:
    """Return a snippet; languages that are keyed by their names become a list."""
    snippet = flat(body["data"])
    langs = snippet.get("langs")
    if isinstance(langs, dict):
        snippet["langs"] = [{"lang": lang, "value": value} for lang, value in langs.items()]
    return snippet


ORGANIZATION = (
    endpoint(
        KUSTOMER,
        "kustomer.org_current",
        "Say which organization the API key is of.",
        "GET /v1/orgs/current",
        Current,
        Organization,
        unwrap=lambda body: {"orgName": body["data"]["attributes"]["name"]},
        description="Say which organization the API key is of.\n\n"
        "Public clients use this operation; Kustomer's own reference does not list it.",
        example={},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.snippet_find_by_key",
        "Find a snippet, a text in several languages, by its key.",
        "GET /v1/snippets/{key}",
        ByKey,
        Snippet,
        missing=Snippet(found=False),
        unwrap=_snippet,
        description="Find a snippet, a text in several languages, by its key.\n\n"
        "The key of the connection needs the role `org.permission.snippet.read`.",
        example={"key": "sn.kustomer.chat.fifteen_minutes"},
    ),
)
