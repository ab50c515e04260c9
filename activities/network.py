"""The guarded HTTP client: every address is judged before it is connected to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from activities.addresses import Rules, Target
from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.http_client.statuses import SUCCESS, unexpected
from activities.message import WITHOUT_EFFECT, Message

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import ClientSession

    from activities.transport import Lookup

BeforeSend = Callable[[], Awaitable[None]]

LARGE_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers (names in lower case) and the body's bytes.

    `complete` is false where the body of an answer outside 2xx was longer than wanted or broke off.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True

    def require(self, *statuses: int) -> Self:
        """Return this answer if its status is one of these, by default any success (2xx).

        Raises:
            Refused: the status says that the request will never succeed.
            Unavailable: it says that the request was not taken up; `retry_after` is when the server says to come back.
            OutcomeUnknown: it says neither, or is another success than the one that was needed.
        """
        if self.status in (statuses or SUCCESS):
            return self
        raise unexpected(self.status, self.headers, self.body)

    def json(self) -> Any:
        """Return the body's JSON value.

        Raises:
            OutcomeUnknown: it is none, so that nobody knows what the server did.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise OutcomeUnknown(
                f"The server answered with status {self.status}, but its answer is no JSON.", status=self.status
            ) from None


class Client:
    """Sends requests to addresses that are allowed; one per process.

    Args:
        allow: hosts, `host:port`, addresses and networks that are reached although private or over plain HTTP.
        lookup: looks names up; by default as the machine is configured to.
        tls: how certificates are verified; by default against the machine's authorities.

    Raises:
        ValueError: an entry of `allow` cannot be read.
    """

    def __init__(
        self, *, allow: Iterable[str] = (), lookup: Lookup | None = None, tls: SSLContext | None = None
    ) -> None:
        self.rules = Rules.of(allow)
        self.lookup = lookup
        self.tls = tls
        self._session: ClientSession | None = None

    async def request(  # noqa: PLR0913 - what a request can have
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float,  # noqa: ASYNC109 - the bound is part of the contract: it covers everything, redirects too
        max_bytes: int,
        redirects: int = 0,
        before_send: BeforeSend | None = None,
    ) -> Response:
        """Send one request and return whatever the server answered; see `Context.request`.

        `before_send` is awaited once, when the connection stands and before the first byte is written. A redirect that
        would carry the body to another origin is not followed; its answer is returned as it is.

        Raises:
            Refused: the address or a header is not allowed or not valid; nothing was sent.
            Unavailable: the server cannot be reached; nothing was sent.
            OutcomeUnknown: the request was sent and no whole answer came back.
            ResultTooLarge: a successful answer is larger than `max_bytes`.
        """
        target = Target.parse(url)
        if params:
            target = target.extended(urlencode(params, errors="replace"))
        message = Message.of(method, target, headers or {}, content, auth)
        deadline = asyncio.get_running_loop().time() + timeout
        answer = await self._exchange(message, deadline, max_bytes, before_send)
        try:
            while redirects > 0:
                following = message.redirected(answer.status, answer.headers.get("location"))
                if following is None:
                    break
                message, redirects = following, redirects - 1
                answer = await self._exchange(message, deadline, max_bytes)
        except (Refused, Unavailable) as error:
            if method.upper() in WITHOUT_EFFECT:
                raise
            raise OutcomeUnknown(f"The request was sent, and answered with a redirect that failed: {error}") from None
        return answer

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self, message: Message, deadline: float, max_bytes: int, before_send: BeforeSend | None = None
    ) -> Response:
        import aiohttp
        from yarl import URL

        from activities.transport import Exchange, current, failed, open_session, received, system_lookup

        self.rules.judge_target(message.target)
        if self._session is None:
            self._session = open_session(self.rules, self.lookup or system_lookup, self.tls)
        content = message.content or None
        exchange = Exchange(message.target, before_send)
        token = current.set(exchange)
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._session.request(
                    message.method,
                    URL(message.target.url, encoded=True),
                    headers=message.headers,
                    # a large body is written piece by piece, so that it holds up no other request
                    data=BytesIO(content) if content and len(content) > LARGE_BODY else content,
                    allow_redirects=False,
                ) as answer,
            ):
                return await received(answer, max_bytes)
        except (aiohttp.ClientError, OSError) as error:
            if exchange.failure is not None:
                raise exchange.failure from None
            raise failed(exchange, error) from None
        finally:
            current.reset(token)
