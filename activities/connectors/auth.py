"""How requests to a service are signed in whose connection says it: no vendor's profile knows better."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.http_client.message import check_header
from activities.openapi.conventions import Extras
from activities.operations.connection import DescribedConnection
from activities.rest.answers import RateHeaders
from activities.rest.service import Service
from activities.rest.sign_in import client_credentials
from activities.rest.tokens import SignIn


class AuthPart(BaseModel):
    """A part of a connection."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, alias_generator=to_camel, defer_build=True
    )


class BasicAuth(AuthPart):
    """HTTP Basic."""

    username: str = Field(description="User.")
    password: str = Field(description="Password; some services want none.")

    @property
    def pair(self) -> str:
        """User and password as the header has them."""
        return b64encode(f"{self.username}:{self.password}".encode()).decode()


class ApiKey(AuthPart):
    """A key in a header, in the query or in a cookie."""

    place: Literal["header", "query", "cookie"] = Field(alias="in", description="Where it goes.")
    name: str = Field(min_length=1, description="Name of the header, parameter or cookie.")
    value: str = Field(min_length=1, description="The key.")

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        try:
            if self.place == "header":
                check_header(self.name, self.value)
        except Refused as refused:
            raise ValueError(str(refused)) from None
        return self


class ClientCredentials(AuthPart):
    """OAuth 2 client credentials."""

    token_url: str = Field(description="Address of the token endpoint.")
    client_id: str = Field(min_length=1, description="Client id.")
    client_secret: str = Field(min_length=1, description="Client secret.")
    scopes: list[str] = Field(default_factory=list, description="What is asked for; a text with blanks will do.")

    @field_validator("scopes", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return value.split() if isinstance(value, str) else value


class Auth(AuthPart):
    """How requests are signed in: one way."""

    bearer: str | None = Field(default=None, min_length=1, description="Token of the header Authorization.")
    basic: BasicAuth | None = Field(default=None, description="User and password.")
    api_key: ApiKey | None = Field(default=None, description="A key.")
    oauth2_client_credentials: ClientCredentials | None = Field(
        default=None, description="A token that is asked for first, kept, and renewed."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if len(self.model_fields_set) != 1 or getattr(self, next(iter(self.model_fields_set))) is None:
            raise ValueError("give one of `bearer`, `basic`, `apiKey` and `oauth2ClientCredentials`")
        return self

    def credentials(self) -> list[str]:
        """Return all that must never be seen."""
        found = [self.bearer or ""]
        if self.basic is not None:
            found += [self.basic.password, self.basic.pair]
        if self.api_key is not None:
            found.append(self.api_key.value)
        if self.oauth2_client_credentials is not None:
            oauth = self.oauth2_client_credentials
            pair = b64encode(f"{oauth.client_id}:{oauth.client_secret}".encode()).decode()
            found += [oauth.client_secret, pair]
        return [value for value in found if value]


class SignedIn(DescribedConnection):
    """A connection that says how requests are signed in."""

    auth: Auth | None = Field(default=None, description="How requests are signed in; left out where nothing does.")

    @classmethod
    def signed(cls, entry: Mapping[str, Any]) -> frozenset[str]:
        """Return the name of the key, where one signs requests in."""
        auth = entry.get("auth")
        key = auth.get("apiKey") if isinstance(auth, Mapping) else None
        name = key.get("name") if isinstance(key, Mapping) else None
        return frozenset([name] if isinstance(name, str) else [])

    def addresses(self) -> Iterable[str]:
        """Return the token endpoint too."""
        oauth = self.auth.oauth2_client_credentials if self.auth else None
        return [*super().addresses(), *([oauth.token_url] if oauth else [])]

    def credentials(self) -> Iterable[str]:
        """Return what `auth` has that must never be seen."""
        return self.auth.credentials() if self.auth else []

    def service(self) -> Service[SignedIn]:
        """Return the service under the name of its host, with the sign-in that this connection says."""
        tokens = self.auth is not None and self.auth.oauth2_client_credentials is not None
        return replace(TOKEN_SERVICE if tokens else SERVICE, name=Target.parse(self.base_url or "").host)

    def extras(self) -> Extras:
        """Return what signs a request in beside headers."""
        key = self.auth.api_key if self.auth else None
        if key is None or key.place == "header":
            return Extras()
        named = {key.name: key.value}
        return Extras(query=named) if key.place == "query" else Extras(cookies=named)


def _oauth(connection: SignedIn) -> ClientCredentials:
    if connection.auth is None or connection.auth.oauth2_client_credentials is None:
        raise Refused("The connection has no `oauth2ClientCredentials`.")
    return connection.auth.oauth2_client_credentials


def _client(connection: SignedIn) -> tuple[str, str]:
    oauth = _oauth(connection)
    return oauth.client_id, oauth.client_secret


def _signed_in(connection: SignedIn) -> Mapping[str, str]:
    auth = connection.auth
    if auth is None:
        return {}
    if auth.bearer is not None:
        return {"Authorization": f"Bearer {auth.bearer}"}
    if auth.basic is not None:
        return {"Authorization": f"Basic {auth.basic.pair}"}
    if auth.api_key is not None and auth.api_key.place == "header":
        return {auth.api_key.name: auth.api_key.value}
    return {}


def _service(sign_in: SignIn[SignedIn]) -> Service[SignedIn]:
    return Service(
        name="The service",
        connection=SignedIn,
        address="",
        sign_in=sign_in,
        rates=RateHeaders(reset="x-ratelimit-reset", remaining="x-ratelimit-remaining"),
    )


SERVICE = _service(_signed_in)
TOKEN_SERVICE = _service(
    client_credentials(
        lambda connection: _oauth(connection).token_url,
        _client,
        scope=lambda connection: " ".join(_oauth(connection).scopes) or None,
    )
)
