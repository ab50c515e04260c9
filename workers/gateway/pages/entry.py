"""`pages` and `signingKey` of `gateway.yaml`: who may enter, and whose signature decisions carry."""

from __future__ import annotations

import base64
import hashlib
import hmac
from fnmatch import fnmatchcase
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator

from workers.approvals.signing import SHORTEST_HMAC, SigningKey
from workers.gateway.parts import GatewayPart, Secrets, Text
from workers.settings import NAME
from workflows.language.people import hidden_in, person

KEY_SIZE = SHORTEST_HMAC


def key_of(text: str) -> bytes:
    """Return the bytes of a key in base64.

    Raises:
        ValueError: it is none, or too short.
    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) < KEY_SIZE:
        raise ValueError(f"this must be the base64 of at least {KEY_SIZE} random bytes (`openssl rand -base64 32`)")
    return key


class Oidc(GatewayPart):
    """The identity provider that says who somebody is."""

    issuer: Text
    client_id: Text
    client_secret: Text

    @field_validator("issuer")
    @classmethod
    def _address(cls, given: str) -> str:
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("this must be the provider's address, as https://login.example.com")
        return given


class Pages(GatewayPart):
    """Pages behind sign-in.

    Attributes:
        oidc: the identity provider.
        people: addresses of those who may enter; `*` stands for any letters.
        session_key: what sessions are signed with; the first signs, all are believed.
    """

    oidc: Oidc
    people: tuple[Text, ...] = Field(min_length=1)
    session_key: Secrets

    @field_validator("session_key")
    @classmethod
    def _keys(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            key_of(one)
        return given

    def admits(self, email: str) -> bool:
        """Say whether somebody may enter."""
        return hidden_in(email) is None and any(fnmatchcase(person(email), person(one)) for one in self.people)


class OwnKey(GatewayPart):
    """The gateway's key: it signs decisions about holds that are `verified`."""

    id: Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]
    hmac: Text

    @field_validator("hmac")
    @classmethod
    def _key(cls, given: str) -> str:
        key_of(given)
        return given

    def signing_key(self) -> SigningKey:
        """Return what signs."""
        key = key_of(self.hmac)
        return SigningKey(self.id, lambda message: hmac.digest(key, message, hashlib.sha256))
