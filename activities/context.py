"""What one attempt of an action gets from its surroundings, and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from activities.budgets import Budgets
from activities.connections import FIRST, Connection, Connections
from activities.descriptions.store import Store, usual_store
from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.http_client.json_body import json_bytes
from activities.kept_values import KeptValues
from activities.pauses import Pauses
from activities.runs import Runs
from trunkline.wire import HoldNotice

if TYPE_CHECKING:
    from httpx import AsyncClient
    from httpx2 import AsyncClient as AsyncClient2

    from activities.http_client.client import Client
    from activities.http_client.message import Response
    from activities.http_client.reading import Until

C = TypeVar("C", bound=Connection)

LARGEST_ANSWER = 1024 * 1024
"""Bytes of an answer that are read where the action says nothing, or as many as a result may have."""

LARGEST_PICKED = 8 * 1024 * 1024
"""Bytes that are read where only parts are kept; parsing more would hold up everything else in the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One attempt's surroundings.

    Attributes:
        action: the action's name.
        key: idempotency key of the step: the same over attempts, crashes and resets.
        run: workflow id of the run.
        automation: name of the automation that it runs.
        attempt: 1 for the first attempt.
        timeout: seconds that this attempt may take from now.
        largest_answer: bytes of an answer that are read where the action says nothing.
        http: the guarded HTTP client that all attempts of this process share.
        connections: the worker's connections.
        files: the folder that `file:` recordings may come from, if any.
        progress: what an earlier attempt of the same step gave to `heartbeat`, else None.
        heartbeat: tells Temporal that the attempt is alive, and keeps its argument for the next attempt.
        sending: writes down durably that the attempt is about to have its effect; awaited right before it. It costs a
            round trip for actions that are never repeated, and nothing for others. It raises where the attempt has
            already timed out, so that nothing is sent then.
        conceal: scrubs values that came at run time, such as a token, from everything that leaves an activity: those
            that their owner (any object) gave last, and what these replaced.
        budgets: counts what connections with a budget are used for, by all workers together.
        pauses: knows to which accounts no worker sends for now.
        runs: starts runs of other automations, and looks at them.
        kept_values: what automations remember over their runs.
        descriptions: the descriptions of services that this machine has.
        operation: digest of the described operation that people released; None where nobody was asked.
        notice: the hold that a notice is about; None for every other step.
    """

    action: str
    key: str
    run: str
    automation: str
    attempt: int
    timeout: float
    largest_answer: int = LARGEST_ANSWER
    http: Client
    connections: Connections
    files: Path | None
    progress: Any
    heartbeat: Callable[[Any], None]
    sending: Callable[[], Awaitable[None]]
    conceal: Callable[[object, Collection[str]], None]
    budgets: Budgets
    pauses: Pauses
    runs: Runs
    kept_values: KeptValues
    descriptions: Store = field(default_factory=usual_store)
    operation: str | None = None
    notice: HoldNotice | None = None

    def connection(self, name: str | None, *kinds: type[C], field: str = FIRST) -> C:
        """Return the connection that this step uses, as its first or, by `field`, its second (`Connections.pick`)."""
        return self.connections.pick(kinds, action=self.action, name=name, field=field)

    def admit(self, url: str, *texts: str) -> None:
        """Refuse an address that a bound secret of the step may not go to, right before a client of its own sends.

        `request` does so by itself.

        Args:
            url: where something is sent.
            texts: all of the step's config that is in it; without any, every secret of the step counts.

        Raises:
            Refused: a secret is bound to other hosts, or the address is not valid.
        """
        self.http.admit(Target.parse(url), texts or None)

    async def request(  # noqa: PLR0913 # what an HTTP request has, by name
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Any = None,
        auth: tuple[str, str] | None = None,
        max_bytes: int | None = None,
        redirects: int = 0,
        effect: bool = True,
        derived: bool = True,
        until: Until | None = None,
    ) -> Response:
        """Send one HTTP request through the guarded client and return whatever the server answered.

        Args:
            method: GET, POST, …
            url: absolute address; guarded like every address.
            headers: request headers.
            params: query parameters, added to those of `url`.
            content: body.
            json: body as a JSON value instead; the header Content-Type says so unless another is given.
            auth: HTTP Basic user and password.
            max_bytes: most bytes of the answer's body, counted as they arrive; by default `largest_answer`.
            redirects: how many redirects may be followed, each judged anew.
            effect: whether the request may have an effect that somebody would notice.
            derived: whether something in the request may be made of a secret, as a signature is: then every bound
                secret of the step must be allowed to go there, else only those that stand in the request.
            until: says of what has arrived of a body whether it is all that is wanted, where a server may keep an
                answer open.

        Raises:
            Refused: the address is not allowed or not valid, or a secret is bound to other hosts.
            Unavailable: the server cannot be reached; nothing was sent.
            OutcomeUnknown: the request was sent and no whole answer came back.
        """
        if json is not None:
            if content is not None:
                raise ValueError("A request has one body: `content` or `json`.")
            content = json_bytes(json)
            if not any(name.lower() == "content-type" for name in headers or ()):
                headers = {"Content-Type": "application/json", **(headers or {})}
        http = self.http if derived else self.http.carrying(by_content=True)
        return await http.request(
            method,
            url,
            headers=headers,
            params=params,
            content=content,
            auth=auth,
            timeout=self.timeout,
            max_bytes=self.largest_answer if max_bytes is None else max_bytes,
            redirects=redirects,
            before_send=self.sending if effect else None,
            until=until,
        )

    def httpx(self) -> AsyncClient:
        """Return a client of httpx for this attempt, for SDKs that take one and for who wants its API.

        It sends through the guarded client: the same addresses, deadline, bound of an answer, and mark before the
        first byte (GET and HEAD have none). It has no cookies and no proxies, and sends nothing again that failed.
        What it raises is one of our errors; in the end so is what an SDK raises because of it.
        """
        import httpx

        from activities.http_client.httpx_transport import opened

        return cast("AsyncClient", opened(httpx, self._within, self.timeout))

    def httpx2(self) -> AsyncClient2:
        """Return a client of httpx2, which some SDKs want instead; see `httpx`.

        Raises:
            Refused: this worker does not have httpx2.
        """
        try:
            import httpx2
        except ImportError:
            raise Refused("httpx2 is not installed on this worker: install it beside Trunkline.") from None

        from activities.http_client.httpx_transport import opened

        return cast("AsyncClient2", opened(httpx2, self._within, self.timeout))

    def _within(self, seconds: float) -> Callable[..., Awaitable[Response]]:
        return replace(self, timeout=seconds).request
