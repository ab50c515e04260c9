"""A service: what all actions of one REST API share. Read it before adding an API; `endpoint.py` has the rows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from activities.connections import Connection
from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Paused, Unavailable
from activities.http_client.statuses import SUCCESS, failure
from activities.rest.answers import RateHeaders, readable, reason_of, value_of
from activities.rest.query import Arrays, query_text
from activities.rest.tokens import SignIn, Tokens, signed_in

if TYPE_CHECKING:
    from activities.http_client.message import Response

C = TypeVar("C", bound=Connection)

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

READS = frozenset(("GET", "HEAD"))
"""Methods whose requests nobody notices."""

UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a function raises that reads an answer of another shape than it knows."""


Send = Callable[[Context, Mapping[str, str], bool], Awaitable["Response"]]
"""Sends one request, from (surroundings, the headers that sign it in, whether `sending` is awaited before it)."""


def _itself(body: Any) -> Any:
    return body


def _nothing(_answer: Response) -> ActionError | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[C]):
    """One vendor's API.

    Attributes:
        name: how its sentences name it, such as `Kustomer`.
        connection: the kind of connection that its actions use.
        address: the vendor's own base address; a connection's `baseUrl` goes before it.
        sign_in: the headers that sign a request in, made from a connection; or `Tokens`, where a token is asked for.
        reason: why a request was refused, from the JSON body of the answer.
        judge: the error that an answer of any status is by the vendor's own rules; None leaves it to the status.
        rates: the headers of its limits, beyond those that every action understands.
        unwrap: what of a successful answer's JSON body is the object.
        arrays: how a list is written in a query or a form.
        headers: headers of every request, such as the version of the API.
        pauses: whether no worker sends to an account of the vendor's from a 429, or from an answer after which nothing
            remains (`rates`), until the limit ends. True where accounts differ by their address; else a function that
            names a connection's account, such as its organization, and never by a credential.

    Raises:
        ValueError: it pauses, and does not say by `rates` when a limit ends.
    """

    name: str
    connection: type[C]
    address: str | Callable[[C], str]
    sign_in: SignIn[C]
    reason: Callable[[Any], str | None] = reason_of
    judge: Callable[[Response], ActionError | None] = _nothing
    rates: RateHeaders | None = None
    unwrap: Callable[[Any], Any] = _itself
    arrays: Arrays = "repeat"
    headers: Mapping[str, str] = field(default_factory=dict)
    pauses: bool | Callable[[C], str] = False

    def __post_init__(self) -> None:
        if self.pauses and self.rates is None:
            raise ValueError(f"{self.name} pauses, so it says by `rates` when a limit ends.")

    def account(self, connection: C) -> str:
        """Return what names the account that a connection uses: the same for all that lead to it, and no secret."""
        name = self.pauses(connection) if callable(self.pauses) else ""
        whole = f"{self.base(connection)}\n{name}".lower()
        return f"{self.name}/{hashlib.sha256(whole.encode()).hexdigest()[:32]}"

    def base(self, connection: C) -> str:
        """Return the address that every path of this service is below, without a slash at its end."""
        own = self.address if isinstance(self.address, str) else self.address(connection)
        return (connection.base_url or own).rstrip("/")

    def addresses(self, connection: C) -> list[str]:
        """Return where requests with a connection go: the API, and where its token is asked for."""
        found = [self.base(connection)]
        if isinstance(self.sign_in, Tokens):
            with suppress(Exception):  # an incomplete connection says so by itself when it is used
                found.append(self.sign_in.grant(connection, None).address)
        return found

    async def call(  # noqa: PLR0913 # what a request has, by name
        self,
        context: Context,
        connection: C,
        method: Method,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        effect: bool | None = None,
    ) -> Response:
        """Send one signed request and return its answer, which is a success.

        Args:
            context: the attempt's surroundings.
            connection: whose credentials and address are used.
            method: GET and HEAD have no effect that anybody notices.
            path: below the service's address, already percent-encoded; it may have a query.
            query: more of a query; null leaves a key out.
            json: a JSON body.
            form: a body as HTML forms have it, instead.
            content: a body of any other kind, instead; `headers` say which.
            headers: more headers.
            effect: whether anybody could notice the request; by default by its method.

        Raises:
            Refused: it will never succeed.
            Unavailable: it had no effect and may succeed later; `retry_after` has the vendor's advice.
            OutcomeUnknown: it may have had its effect.
        """
        url = self.base(connection) + path
        if added := query_text(query or {}, self.arrays):
            url += ("&" if "?" in path else "?") + added
        written = content if form is None else query_text(form, self.arrays).encode()
        kind = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        shared = {"Accept": "application/json", **self.headers, **kind, **(headers or {})}

        async def send(sender: Context, signed: Mapping[str, str], marked: bool) -> Response:
            return await sender.request(
                method, url, headers={**shared, **signed}, content=written, json=json, effect=marked
            )

        noticed = method not in READS if effect is None else effect
        answer = await self.exchange(context, connection, send, noticed=noticed)
        if error := self.error(answer):
            raise error
        return answer

    async def exchange(self, context: Context, connection: C, send: Send, *, noticed: bool) -> Response:
        """Have a request sent that is signed in, once its account is not paused, and return whatever is answered.

        Args:
            context: the attempt's surroundings.
            connection: whose credentials are used.
            send: sends it.
            noticed: whether anybody could notice it.

        Raises:
            ActionError: what `send` and the sign-in raise.
            Paused: a limit of the account is used up; nothing was sent.
        """
        sender = self._admitted(context, connection, marked=noticed) if self.pauses else context

        async def signed(headers: Mapping[str, str]) -> Response:
            answer = await send(sender, headers, noticed or bool(self.pauses))
            if pause := self._pause(answer):
                await context.pauses.begin(self.account(connection), pause)
            return answer

        return await signed_in(self.sign_in, context, connection, signed)

    def _admitted(self, context: Context, connection: C, *, marked: bool) -> Context:
        """Return surroundings in which nothing is marked or sent while the account is paused."""
        account = self.account(connection)

        async def sending() -> None:
            if left := await context.pauses.left(account):
                sentence = (
                    f"A limit of {self.name} is used up, so nothing is sent to this account for {math.ceil(left)} s."
                )
                raise Paused(sentence, retry_after=left)
            if marked:
                await context.sending()

        return replace(context, sending=sending)

    def _pause(self, answer: Response) -> float | None:
        return self.rates.pause(answer) if self.pauses and self.rates is not None else None

    def error(self, answer: Response) -> ActionError | None:
        """Return the error that an answer is, or None where it is a success.

        Raises:
            OutcomeUnknown: the vendor's own rules cannot read the answer of a success.
        """
        found = self._error(answer)
        if isinstance(found, Unavailable) and (pause := self._pause(answer)):
            return Unavailable(str(found), retry_after=pause, status=answer.status)
        return found

    def _error(self, answer: Response) -> ActionError | None:
        try:
            judged = self.judge(answer)
        except (OutcomeUnknown, *UNREADABLE):
            judged = self.unreadable(answer) if answer.status in SUCCESS else None
        if judged is not None or answer.status in SUCCESS:
            return judged
        sentence = f"{self.name} answered {answer.status}: {self._reason(answer)}."
        found = failure(sentence, answer.status, answer.headers)
        if self.rates is None or not self.rates.exhausted(answer):
            return found
        advised = found.retry_after if isinstance(found, Unavailable) else None
        wait = self.rates.wait(answer.headers) if advised is None else advised
        return Unavailable(sentence, retry_after=wait, status=answer.status)

    def object_of(self, answer: Response, unwrap: Callable[[Any], Any] | None = None) -> Any:
        """Return what a successful answer holds, unwrapped; None where it has no body.

        Raises:
            OutcomeUnknown: it is no JSON, or not of the shape that the service has.
        """
        body = value_of(answer, self.name)
        if body is None:
            return None
        try:
            return (unwrap or self.unwrap)(body)
        except UNREADABLE:
            raise self.unreadable(answer) from None

    def unreadable(self, answer: Response) -> OutcomeUnknown:
        """Return the error for a success whose answer is of another shape than expected."""
        sentence = f"{self.name} answered {answer.status} with something else than it should; look into {self.name}."
        return OutcomeUnknown(sentence, status=answer.status)

    def _reason(self, answer: Response) -> str:
        try:
            body = answer.json()
            found = readable(self.reason(body)) or readable(reason_of(body))
        except (OutcomeUnknown, *UNREADABLE):
            found = None
        return found or "no reason given"
