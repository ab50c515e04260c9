"""Zendesk."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator

from activities.errors import ActionError, Unavailable
from activities.openapi.conventions import KeyHeader
from activities.openapi.lookups import LookUp
from activities.openapi.operation import Operation
from activities.openapi.profile import OpenApiProfile
from activities.operations.connection import DescribedConnection
from activities.rest.answers import reason_of
from activities.rest.service import Service
from activities.vendors.lookups.zendesk import found, identity

if TYPE_CHECKING:
    from activities.http_client.message import Response

DESCRIPTION = "https://developer.zendesk.com/zendesk/oas.yaml"
OWN_DOMAIN = ".zendesk.com"

TICKETS = "/api/v2/tickets"
WINDOW = 2 * 3600.0
"""Seconds for which Zendesk remembers the key of a new ticket."""


class ZendeskAccount(DescribedConnection):
    """A Zendesk account: `subdomain` or `baseUrl`, and `email` with `apiToken`, or `oauthToken`."""

    kind: ClassVar[str] = "zendesk"
    secret: ClassVar[tuple[str, ...]] = ("api_token", "oauth_token")

    subdomain: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9.-]+$", description="`acme`, or in full `acme.zendesk.com`."
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
        subdomain = self.subdomain or ""
        return f"https://{subdomain if '.' in subdomain else subdomain + OWN_DOMAIN}"

    def credentials(self) -> Iterable[str]:
        """Return the token, also as the header has it: the rest are names that results show."""
        return [self.oauth_token or self.api_token or "", *self.signed_in()["Authorization"].split()[1:]]

    def signed_in(self) -> Mapping[str, str]:
        """Return the header that signs a request in."""
        if self.oauth_token is not None:
            return {"Authorization": f"Bearer {self.oauth_token}"}
        pair = b64encode(f"{self.email}/token:{self.api_token}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


def judged(answer: Response) -> ActionError | None:
    """Return the error of an update that met another one."""
    if answer.status != HTTPStatus.CONFLICT:
        return None
    return Unavailable(
        "Zendesk did not take the update: somebody changed the ticket at the same time.", status=answer.status
    )


def reason(body: Any) -> str | None:
    """Return why a request was refused: the fields' own reasons say more than that there are some."""
    details = body.get("details") if isinstance(body, Mapping) else None
    return reason_of([details]) or reason_of(body)


def _creates(one: Operation) -> bool:
    return one.method == "POST" and one.path.removesuffix(".json") == TICKETS


def _key(one: Operation) -> KeyHeader | None:
    return KeyHeader(window=WINDOW) if _creates(one) else None


def _look_up(one: Operation) -> LookUp | None:
    """Return how Zendesk is asked what became of a new ticket, when it has forgotten the key."""
    return LookUp(find=found, identity=identity, status=201) if _creates(one) else None


def _once(one: Operation) -> bool:
    """Say whether an operation must not be repeated: each PUT with a comment adds it once more."""
    return one.method in ("POST", "PATCH") or (one.method == "PUT" and one.path.startswith(TICKETS))


def _address(account: ZendeskAccount) -> str:
    return account.root


def _signed_in(account: ZendeskAccount) -> Mapping[str, str]:
    return account.signed_in()


ZENDESK = Service(
    name="Zendesk", connection=ZendeskAccount, address=_address, sign_in=_signed_in, reason=reason, judge=judged
)

ZendeskAccount.profile = OpenApiProfile(service=ZENDESK, usual=DESCRIPTION, key=_key, once=_once, look_up=_look_up)
