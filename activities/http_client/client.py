"""The guarded HTTP client: every address is judged before it is connected to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.addresses import Rules, Target
from activities.http_client.bindings import BoundSecret, StandIn
from activities.http_client.bodies import Bodies, NoRoomError, Room, Share, no_room
from activities.http_client.json_text import read_aside
from activities.http_client.message import WITHOUT_EFFECT, HttpMessage, Response
from activities.http_client.sandboxed import SandboxServer
from activities.observing import sending

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import ClientSession

    from activities.http_client.reading import Until
    from activities.http_client.transport import Exchange, Lookup

BeforeSend = Callable[[], Awaitable[None]]

LARGE_BODY = 1024 * 1024


class Client:
    """Sends requests to addresses that are allowed; one per process.

    Args:
        allow: hosts, `host:port`, addresses and networks that are reached although private or over plain HTTP.
        lookup: looks names up; by default as the machine is configured to.
        tls: how certificates are verified; by default against the machine's authorities.
        stand_ins: addresses that answer in place of vendors; for bound secrets the vendors' hosts count.
        bodies: the room that bodies may take; by default 256 MiB.
        sandbox: answers in place of all hosts but those that are live; bound secrets go by the host that is meant.

    Raises:
        ValueError: an entry of `allow` cannot be read.
    """

    def __init__(  # noqa: PLR0913 - what a process sets, each by name
        self,
        *,
        allow: Iterable[str] = (),
        lookup: Lookup | None = None,
        tls: SSLContext | None = None,
        stand_ins: Iterable[StandIn] = (),
        bodies: Bodies | None = None,
        sandbox: SandboxServer | None = None,
    ) -> None:
        self.rules = Rules.of([*allow, sandbox.endpoint] if sandbox else allow)
        self.sandbox = sandbox
        self.lookup = lookup
        self.tls = tls
        self.stand_ins = tuple(stand_ins)
        self.secrets: tuple[BoundSecret, ...] = ()
        self.by_content = False
        self.bodies = bodies or Bodies()
        self._share: Share | None = None
        self._sessions: list[ClientSession] = []  # one at most; every `carrying` shares it

    def carrying(self, secrets: Iterable[BoundSecret] | None = None, *, by_content: bool = False) -> Client:
        """Return this client for an attempt that has filled in bound secrets: they go to their hosts alone.

        Args:
            secrets: the attempt's bound secrets; None leaves those there are.
            by_content: only secrets whose value stands in a request count for it. By default all count for every
                request, because a signature or a digest tells of a secret without holding it.
        """
        client = copy(self)
        client.secrets = self.secrets if secrets is None else tuple(secrets)
        client.by_content = by_content
        if secrets is not None:
            client._share = Share()  # noqa: SLF001 - a copy of its own kind
        return client

    def admit(self, target: Target, texts: Iterable[str | bytes] | None) -> None:
        """Refuse a target that the attempt's bound secrets may not go to.

        Args:
            target: where a request goes.
            texts: all that it carries, where only secrets in it count; None where all count.

        Raises:
            Refused: a secret is bound to other hosts.
        """
        meant = next((meant for one in self.stand_ins if (meant := one.meant(target)) is not None), target)
        for secret in self.secrets:
            if not secret.may_go(meant) and (texts is None or secret.stands_in(texts)):
                raise secret.refusal(meant)

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
        until: Until | None = None,
    ) -> Response:
        """Send one request and return whatever the server answered; see `Context.request`.

        `before_send` is awaited once, when the connection stands and before the first byte is written. A redirect that
        would carry the body to another origin is not followed; its answer is returned as it is. One that leads where a
        secret of the attempt may not go is refused, whatever of the request would follow it.

        Raises:
            Refused: the address or a header is not allowed or not valid; nothing was sent. Or a redirect leads where
                a secret may not go; nothing was sent there.
            Unavailable: the server cannot be reached; nothing was sent.
            OutcomeUnknown: the request was sent and no whole answer came back.
            ResultTooLarge: a successful answer is larger than `max_bytes`.
        """
        target = Target.parse(url)
        if params:
            target = target.extended(urlencode(params, errors="replace"))
        message = HttpMessage.of(method, target, headers or {}, content, auth)
        deadline = asyncio.get_running_loop().time() + timeout
        answer = await self._exchange(message, deadline, max_bytes, before_send, until)
        while redirects > 0:
            with _redirecting(method):
                location = message.location(answer.status, answer.headers.get("location"))
            if location is None:
                break
            self._judge(replace(message, target=location))
            following = message.redirected(answer.status, location)
            if following is None:
                break
            message, redirects = following, redirects - 1
            with _redirecting(method):
                answer = await self._exchange(message, deadline, max_bytes)
        return replace(answer, reading=await read_aside(answer.headers, answer.body))

    def end(self) -> None:
        """End an attempt that was given this client by `carrying`: the room that its bodies took is given back."""
        if self._share is not None:
            self._share.end()

    async def room(self, size: int, what: str) -> Room:
        """Wait for room for a body that comes from elsewhere; it is given back when nobody refers to it any more.

        Args:
            size: bytes.
            what: the body, in a sentence.

        Raises:
            Refused: it is larger than all bodies may be together.
            Unavailable: there is none now, and the attempt holds another body.
        """
        if size > self.bodies.limit:
            raise Refused(
                f"There can be no room for {what}: all bodies of this worker may take {self.bodies.limit:,} bytes "
                "together (TRUNKLINE_BODIES_LIMIT)."
            )
        try:
            return await self.bodies.take(size, self._share)
        except NoRoomError:
            raise no_room(what) from None

    async def close(self) -> None:
        """Close all connections."""
        while self._sessions:
            await self._sessions.pop().close()

    def _judge(self, message: HttpMessage) -> None:
        self.admit(message.target, message.texts() if self.by_content else None)

    async def _exchange(
        self,
        message: HttpMessage,
        deadline: float,
        max_bytes: int,
        before_send: BeforeSend | None = None,
        until: Until | None = None,
    ) -> Response:
        from activities.http_client.transport import Exchange, current, open_session, system_lookup

        self._judge(message)
        instead = self.sandbox.in_place_of(message.target) if self.sandbox else None
        if instead is None:
            self.rules.judge_target(message.target)
        if not self._sessions:
            self._sessions.append(open_session(self.rules, self.lookup or system_lookup, self.tls))
        exchange = Exchange(message.method, message.target, before_send)
        token = current.set(exchange)
        try:
            with sending(message.method, message.target.host, message.target.port) as answered:
                while True:
                    try:
                        target = instead or message.target
                        answer = await self._sent(message, target, exchange, deadline, max_bytes, until)
                    except Unavailable:
                        if not exchange.stale:
                            raise
                    else:
                        answered(answer.status)
                        return answer
                    exchange.stale = False
        finally:
            current.reset(token)

    async def _sent(  # noqa: PLR0913, PLR0917 # one exchange, and what bounds it
        self,
        message: HttpMessage,
        target: Target,
        exchange: Exchange,
        deadline: float,
        max_bytes: int,
        until: Until | None,
    ) -> Response:
        from yarl import URL

        from activities.http_client.reading import received, unread
        from activities.http_client.transport import failed

        content = message.content or None
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._sessions[0].request(
                    message.method,
                    URL(target.url, encoded=True),
                    headers=message.headers,
                    # a large body is written piece by piece, so that it holds up no other request
                    data=BytesIO(content) if content and len(content) > LARGE_BODY else content,
                    allow_redirects=False,
                ) as answer,
            ):
                return await received(answer, exchange, max_bytes, self.bodies, self._share, until)
        except ActionError as error:
            raise exchange.failure or error from None
        except Exception as error:  # noqa: BLE001 - whatever a server makes the parser raise, it is one of ours
            if exchange.failure is not None:
                raise exchange.failure from None
            if exchange.waits_for_room:
                raise unread(message.method, message.target.host, exchange.answer) from None
            raise failed(exchange, error) from None


@contextmanager
def _redirecting(method: str) -> Iterator[None]:
    """Say of what fails after a redirect that the request itself was sent, where that may have had an effect."""
    try:
        yield
    except (Refused, Unavailable) as error:
        if method.upper() in WITHOUT_EFFECT:
            raise
        raise OutcomeUnknown(f"The request was sent, and answered with a redirect that failed: {error}") from None
