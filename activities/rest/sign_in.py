"""Ways to ask for a token: OAuth 2 client credentials, refresh token and JWT bearer.

Request bodies and assertions are made by oauthlib and PyJWT.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from activities.connections import Connection
from activities.errors import Refused
from activities.rest.tokens import Grant, Tokens

C = TypeVar("C", bound=Connection)

ASSERTION_SECONDS = 3600
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def client_credentials(  # noqa: PLR0913 # what the standard has, by name
    address: str | Callable[[C], str],
    client: Callable[[C], tuple[str, str]],
    *,
    scope: str | Callable[[C], str | None] | None = None,
    in_body: bool = False,
    more: Mapping[str, str] | None = None,
    scheme: str = "Bearer",
) -> Tokens[C]:
    """Sign in as an application (RFC 6749, section 4.4).

    Args:
        address: the token endpoint.
        client: client id and secret.
        scope: what is asked for, separated by spaces.
        in_body: whether id and secret go into the form; else into a header, as the standard prefers.
        more: more fields of the form, such as an `audience`.
        scheme: see `Tokens`.
    """

    def grant(connection: C, _refresh: str | None) -> Grant:
        scopes = _of(scope, connection)
        return _request(
            "client_credentials",
            _of(address, connection),
            client(connection),
            in_body,
            {"scope": scopes, **(more or {})},
        )

    return Tokens(grant=grant, scheme=scheme)


def refresh_token(  # noqa: PLR0913 # same
    address: str | Callable[[C], str],
    client: Callable[[C], tuple[str, str]],
    token: Callable[[C], str],
    *,
    in_body: bool = False,
    more: Mapping[str, str] | None = None,
    scheme: str = "Bearer",
) -> Tokens[C]:
    """Sign in for a person who has agreed once (RFC 6749, section 6).

    A vendor that replaces the refresh token at each use is followed while the process runs; the connection's own must
    stay valid, as other processes start from it.

    Args:
        address: the token endpoint.
        client: client id and secret.
        token: the refresh token.
        in_body: see `client_credentials`.
        more: see `client_credentials`.
        scheme: see `Tokens`.
    """

    def grant(connection: C, refresh: str | None) -> Grant:
        form = {"refresh_token": refresh or token(connection), **(more or {})}
        return _request("refresh_token", _of(address, connection), client(connection), in_body, form)

    return Tokens(grant=grant, scheme=scheme)


def jwt_bearer(  # noqa: PLR0913 # what the assertion says, by name
    address: str | Callable[[C], str],
    *,
    issuer: Callable[[C], str],
    private_key: Callable[[C], str],
    scope: str | Callable[[C], str | None] | None = None,
    subject: Callable[[C], str | None] | None = None,
    key_id: Callable[[C], str | None] | None = None,
    scheme: str = "Bearer",
) -> Tokens[C]:
    """Sign in as a service account, with an assertion that its key signs (RFC 7523), as Google wants it.

    Args:
        address: the token endpoint, which is the assertion's audience too.
        issuer: who signs, such as the service account's email address.
        private_key: its RSA key as PEM text.
        scope: what is asked for, separated by spaces.
        subject: the person on whose behalf, if any.
        key_id: which key of the issuer's it is.
        scheme: see `Tokens`.
    """

    def grant(connection: C, _refresh: str | None) -> Grant:
        endpoint, now = _of(address, connection) or "", int(time.time())
        claims = {
            "iss": issuer(connection),
            "sub": _of(subject, connection),
            "scope": _of(scope, connection),
            "aud": endpoint,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        payload = {name: value for name, value in claims.items() if value is not None}
        assertion = _signed(payload, private_key(connection), _of(key_id, connection), connection.kind)
        return Grant(address=endpoint, body=_form(JWT_BEARER, assertion=assertion), secrets=(assertion,))

    return Tokens(grant=grant, scheme=scheme)


def _request(
    grant_type: str, address: str | None, client: tuple[str, str], in_body: bool, form: Mapping[str, str | None]
) -> Grant:
    given = {name: value for name, value in form.items() if value}
    if in_body:
        given |= {"client_id": client[0], "client_secret": client[1]}
    body = _form(grant_type, **given)
    return Grant(address=address or "", body=body, basic=None if in_body else client)


def _form(grant_type: str, **fields: str) -> str:
    from oauthlib.oauth2.rfc6749.parameters import prepare_token_request

    return str(prepare_token_request(grant_type, include_client_id="client_id" in fields, **fields))


def _signed(claims: Mapping[str, Any], key: str, key_id: str | None, kind: str) -> str:
    import jwt

    try:
        return jwt.encode(dict(claims), key, "RS256", headers={"kid": key_id} if key_id else None)
    except (jwt.PyJWTError, ValueError, TypeError):
        # the cause may quote the key
        raise Refused(f"The private key of the connection of kind {kind} is no RSA key in PEM form.") from None


def _of(value: str | Callable[[C], str | None] | None, connection: C) -> str | None:
    return value(connection) if callable(value) else value
