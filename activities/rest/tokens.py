"""Tokens that have to be asked for before a request: kept with their connection, and renewed.

A token is kept until it expires, asked for once more where the API answers 401, and scrubbed from whatever leaves an
activity. The request for it goes through the guarded client; what asks for one is made in `activities/rest/sign_in.py`.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote_plus

from activities.connections import Connection
from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.statuses import SUCCESS, failure
from activities.rest.answers import readable, reason_of

if TYPE_CHECKING:
    from activities.http_client.message import Response

C = TypeVar("C", bound=Connection)

UNSAID = 300.0
"""Seconds that a token is kept whose lifetime the answer does not say (or says as no positive number)."""

MARGIN = 30.0
"""Seconds before its end at which a token is no longer used; half of a lifetime that is shorter than two of these."""

LONGEST = 24 * 3600.0
clock = time.monotonic

MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What is sent to a token endpoint.

    Attributes:
        address: the endpoint.
        body: the form.
        basic: client id and secret, where they go into a header.
        secrets: what of it must never be seen and is in no connection.
    """

    address: str
    body: str
    basic: tuple[str, str] | None = None
    secrets: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class CachedToken:
    """A connection's token while the worker runs.

    Attributes:
        token: the access token.
        until: when it is no longer used, by `clock`.
        refresh: the refresh token that came with it and replaces the connection's.
        turn: one attempt asks, the others wait for its token.
    """

    token: str | None = None
    until: float = 0.0
    refresh: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tokens(Generic[C]):
    """Signs in with a token; `client_credentials`, `refresh_token` and `jwt_bearer` of `sign_in.py` make one.

    Attributes:
        grant: what to send to the token endpoint, from a connection and the refresh token that came last, if any.
        scheme: what stands before the token in the header Authorization.
    """

    grant: Callable[[C, str | None], Grant]
    scheme: str = "Bearer"

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers that sign a request in with a token."""
        return {"Authorization": f"{self.scheme} {token}"}

    async def token(self, context: Context, connection: C, *, instead_of: str | None = None) -> str:
        """Return the connection's token: the one at hand, or another where that has expired or was not accepted.

        Args:
            context: the attempt's surroundings.
            connection: whose token it is.
            instead_of: the token that the API did not accept.

        Raises:
            Refused: the sign-in is not accepted.
            Unavailable: there is no token for now; nothing was sent to the API, or nothing that it accepted.
        """
        kept: CachedToken = connection.remembered.setdefault(self, CachedToken())
        async with kept.turn:
            now = clock()
            if kept.token is None or kept.token == instead_of or now >= kept.until:
                kept.token = None
                await self._ask(context, connection, kept)
            return kept.token or ""

    async def _ask(self, context: Context, connection: C, kept: CachedToken) -> None:
        grant = self.grant(connection, kept.refresh)
        context.conceal(kept, grant.secrets)
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if grant.basic is not None:
            # RFC 6749, section 2.3.1: both are form-encoded first
            pair = ":".join(map(quote_plus, grant.basic))
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        try:
            answer = await context.request(
                "POST",
                grant.address,
                headers=headers,
                content=grant.body.encode(),
                max_bytes=MOST_BYTES,
                effect=False,
            )
        except (OutcomeUnknown, ResultTooLarge) as error:
            raise Unavailable(f"No token could be had for {connection.kind}: {error}") from None
        fields = _fields(answer, connection.kind)
        token, lifetime = fields["access_token"], _lifetime(fields.get("expires_in"))
        refresh = fields.get("refresh_token")
        kept.refresh = refresh if isinstance(refresh, str) and refresh else kept.refresh
        context.conceal(kept, (*grant.secrets, token, *filter(None, [kept.refresh])))
        kept.until = clock() + lifetime - min(MARGIN, lifetime / 2)
        kept.token = token


SignIn = Callable[[C], Mapping[str, str]] | Tokens[C]
"""The headers that sign a request in, made from a connection; or a token that has to be asked for."""


async def signed_in(
    sign_in: SignIn[C], context: Context, connection: C, send: Callable[[Mapping[str, str]], Awaitable[Response]]
) -> Response:
    """Return the answer to a request that is signed in; a 401 is sent once more with another token.

    Args:
        sign_in: how.
        context: the attempt's surroundings.
        connection: whose credentials are used.
        send: sends the request with the headers that sign it in.

    Raises:
        Refused: the sign-in is not accepted.
        Unavailable: there is no token for now.
    """
    if not isinstance(sign_in, Tokens):
        return await send(sign_in(connection))
    token = await sign_in.token(context, connection)
    answer = await send(sign_in.headers(token))
    if answer.status == HTTPStatus.UNAUTHORIZED:
        answer = await send(sign_in.headers(await sign_in.token(context, connection, instead_of=token)))
    return answer


def _fields(answer: Response, kind: str) -> dict[str, Any]:
    """Return what a token endpoint granted.

    Raises:
        Refused: it does not accept the sign-in.
        Unavailable: it answered nothing that can be used; the API was not called.
    """
    from oauthlib.oauth2 import MissingTokenError, OAuth2Error
    from oauthlib.oauth2.rfc6749.parameters import parse_token_response

    where = f"The sign-in of the connection of kind {kind}"
    try:
        body = answer.json()
    except OutcomeUnknown:
        body = None
    if answer.status not in SUCCESS:
        reason = readable(reason_of(body)) or "no reason given"
        error = failure(f"{where} was answered with {answer.status}: {reason}.", answer.status, answer.headers)
        error.status = None  # it is not the API's: a 404 here is no record that is missing
        raise Unavailable(str(error)) if isinstance(error, OutcomeUnknown) else error
    lifetime = body.pop("expires_in", None) if isinstance(body, dict) else None
    try:
        fields = dict(parse_token_response(json.dumps(body)))
    except MissingTokenError:
        fields = {}
    except OAuth2Error:
        raise Refused(f"{where} was refused: {readable(reason_of(body)) or 'no reason given'}.") from None
    except (ValueError, TypeError, AttributeError):
        fields = {}
    token = fields.get("access_token")
    if not isinstance(token, str) or not token:
        raise Unavailable(f"{where} was answered with {answer.status}, but with no token.")
    return {**fields, "expires_in": lifetime}


def _lifetime(value: Any) -> float:
    """Return the seconds that a token is good for; servers write them as numbers and as texts."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return UNSAID
    return min(seconds, LONGEST) if seconds > 0 else UNSAID
