"""The guarded client as the transport of httpx and of httpx2, for SDKs that take a client and for who wants its API.

Each `context.httpx()` has a transport of its own: one attempt, one deadline, and nothing sent twice. Both libraries
have the same shape, so that one class serves both and neither is loaded before it is asked for.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.addresses import Target
from activities.http_client.charset import named
from activities.http_client.message import PUBLIC_HEADERS, Response
from activities.http_client.statuses import ACTED

ORIGIN = "trunkline.origin"
"""Extension of a request that has been sent: its origin, which httpx copies into the request that a redirect makes."""

CONNECTIONS_OWN = frozenset(("accept-encoding", "connection", "content-length", "transfer-encoding"))
"""Headers that httpx writes by itself and that the guarded client writes in its own way."""

ROOM = "trunkline.room"
"""Extension of an answer: the room that its body takes, kept as long as the answer is."""

READ_ALREADY = frozenset(("content-encoding", "content-length", "set-cookie", "transfer-encoding"))
"""Headers that are no longer true of a body that was read, and cookies, which no request is to carry on."""

NO_EFFECT = frozenset(("GET", "HEAD"))

Key = tuple[str, str, bytes, str]

Within = Callable[[float], Callable[..., Awaitable[Response]]]
"""Gives the attempt's guarded `request`, bounded to so many seconds."""


def opened(library: Any, within: Within, timeout: float) -> Any:
    """Return a client of httpx or httpx2 for one attempt: no proxies, no cookies, no timeout but the attempt's."""
    transport = GuardedTransport(library, within, time.monotonic() + timeout)
    return library.AsyncClient(transport=transport, trust_env=False, timeout=None)


@dataclass(slots=True)
class GuardedTransport:
    """Sends a library's requests through one attempt's guarded client.

    What failed is not sent again by the same transport: an SDK that repeats by itself gets the same failure, and
    Temporal repeats the attempt where that is right.

    Attributes:
        library: httpx or httpx2.
        within: sends requests, bounded.
        deadline: when the attempt's time is over, by the monotonic clock.
        acted: whether a request was carried out that may have had an effect.
        failed: what became of requests that were no success.
    """

    library: Any
    within: Within
    deadline: float
    acted: bool = False
    failed: dict[Key, ActionError | Response] = field(default_factory=dict)

    async def handle_async_request(self, request: Any) -> Any:
        """Send one request and return the library's answer.

        Raises:
            ActionError: see `Context.request`.
        """
        content: bytes = await request.aread()
        target = Target.parse(str(request.url))
        headers = _headers(request)
        origin = request.extensions.setdefault(ORIGIN, target.origin)
        if origin != target.origin:
            headers = _elsewhere(headers, content)
        effect = request.method.upper() not in NO_EFFECT
        key = (request.method, target.url, hashlib.sha256(content).digest(), headers.get("authorization", ""))
        answer = self.failed.get(key)
        if answer is None:
            answer = await self._sent(request, target, headers, content, effect=effect)
            failed = isinstance(answer, ActionError) or answer.status >= HTTPStatus.BAD_REQUEST
            # what is not there may be waited for
            if failed and (effect or getattr(answer, "status", None) != HTTPStatus.NOT_FOUND):
                self.failed[key] = answer
        if isinstance(answer, ActionError):
            raise answer
        return self._answer(request, answer)

    async def _sent(
        self, request: Any, target: Target, headers: Mapping[str, str], content: bytes, *, effect: bool
    ) -> Response | ActionError:
        left = self.deadline - time.monotonic()
        read = request.extensions.get("timeout", {}).get("read")
        send = self.within(max(left if read is None else min(left, read), 0.0))
        try:
            answer = await send(request.method, target.url, headers=headers, content=content or None, effect=effect)
        except ActionError as error:
            if self.acted and isinstance(error, Unavailable):
                return OutcomeUnknown(f"An earlier request of the same attempt was carried out; then: {error}")
            self.acted |= effect and isinstance(error, OutcomeUnknown)
            return error
        refused = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        self.acted |= effect and not refused
        return answer

    def _answer(self, request: Any, answer: Response) -> Any:
        headers = _readable(answer, {"content-length"} if request.method == "HEAD" else set(), str(request.url))
        headers["x-should-retry"] = "false"  # what several SDKs obey before they wait and repeat
        return self.library.Response(
            answer.status,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=answer.body,
            extensions={ACTED: self.acted, ROOM: answer.room},
        )

    async def aclose(self) -> None:
        """Do nothing: connections are the process's."""

    async def __aenter__(self) -> Self:
        """Return the transport itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """Do nothing, like `aclose`."""


def _headers(request: Any) -> dict[str, str]:
    """Return a request's headers by lower-case name, without those that the library wrote for the connection."""
    own = request.url.netloc.decode("ascii")
    return {
        name: value
        for name, value in request.headers.items()
        if name not in CONNECTIONS_OWN and not (name == "host" and value == own)
    }


def _readable(answer: Response, kept: set[str], url: str) -> dict[str, str]:
    """Return an answer's headers without what the library cannot read: it would raise errors of its own.

    A charset that is none is left out, and so is an address that a redirect could not lead to; any other address is
    given in its one normal spelling.
    """
    headers = {name: value for name, value in answer.headers.items() if name not in READ_ALREADY - kept}
    if "charset" in headers.get("content-type", "").lower() and named(headers) is None:
        headers["content-type"] = headers["content-type"].partition(";")[0]
    if location := headers.pop("location", None):
        with suppress(Refused):
            headers["location"] = Target.linked(url, location).url
    return headers


def _elsewhere(headers: Mapping[str, str], content: bytes) -> dict[str, str]:
    """Return what of a request may follow a redirect to another origin.

    Raises:
        Refused: it has a body.
    """
    if content:
        raise Refused("The answer is a redirect that would carry the request's body to another host: it stays here.")
    return {name: value for name, value in headers.items() if name in PUBLIC_HEADERS}
