"""Shopify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from activities.descriptions.source import Conceal, DescriptionSource
from activities.graphql.answers import LATER
from activities.graphql.introspection import introspected
from activities.graphql.profile import GRAPHQL, GraphQlProfile
from activities.operations.connection import DescribedConnection
from activities.rest.service import Service

if TYPE_CHECKING:
    from activities.http_client.client import Client

OWN_DOMAIN = ".myshopify.com"

ENDPOINT = "graphql.json"
PATH = f"/admin/api/2026-10/{ENDPOINT}"
"""Where the Admin API is, in the version that this profile knows; Shopify serves each for a year."""

WINDOW = 24 * 3600.0
"""Seconds for which Shopify remembers the key of `@idempotent`; behind that, it takes the same key for a new request.

https://shopify.dev/docs/api/usage/implementing-idempotency (retention window). Of `idempotencyKey` as an argument it
says no end, so that this holds for it too.
"""

IN_USE = "IDEMPOTENCY_CONCURRENT_REQUEST"
"""Says that the request with the same key is still being carried out: nothing is carried out twice."""


def _root(shop: str) -> str:
    return f"https://{shop if '.' in shop else shop + OWN_DOMAIN}"


def _path(base: str) -> str:
    """Return what stands behind an address: nothing where it is the endpoint, as of another version of the API."""
    return "" if base.rstrip("/").endswith(f"/{ENDPOINT}") else PATH


class Shopify(DescribedConnection):
    """A Shopify shop, through its Admin API."""

    kind: ClassVar[str] = "shopify"

    shop: str = Field(pattern=r"^[A-Za-z0-9.-]+$", description="`acme`, or in full `acme.myshopify.com`.")
    access_token: str = Field(min_length=1, description="Admin API access token of an app (shpat_…).")

    @property
    def root(self) -> str:
        """The shop's own address."""
        return _root(self.shop)

    def addresses(self) -> Iterable[str]:
        """Return the shop's address too."""
        return [*super().addresses(), SHOPIFY.base(self)]

    def credentials(self) -> Iterable[str]:
        """Return the token: the shop's name is no secret."""
        return [self.access_token]

    @classmethod
    def source(cls, name: str, entry: Mapping[str, Any], connect: Callable[[], Any]) -> DescriptionSource:
        """Return the endpoint, which is asked for its schema where no description is named."""
        if entry.get("description"):
            return super().source(name, entry, connect)
        base = str(entry.get("baseUrl") or _root(str(entry.get("shop")))).rstrip("/")

        async def reading(http: Client, conceal: Conceal) -> bytes:
            del conceal  # its token is the connection's own
            account = connect()
            return await introspected(http, PROFILE.endpoint(account), _signed_in(account), one_of=True)

        return DescriptionSource(GRAPHQL, base + _path(base), name, reading, daily=True)


def _address(account: Shopify) -> str:
    return account.root


def _path_of(account: Shopify) -> str:
    return _path(account.base_url or "")


def _signed_in(account: Shopify) -> Mapping[str, str]:
    return {"X-Shopify-Access-Token": account.access_token}


SHOPIFY = Service(name="Shopify", connection=Shopify, address=_address, sign_in=_signed_in)

PROFILE: GraphQlProfile[Shopify] = GraphQlProfile(service=SHOPIFY, path=_path_of, window=WINDOW, later=LATER | {IN_USE})

Shopify.profile = PROFILE
