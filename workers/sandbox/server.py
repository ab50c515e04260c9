"""The sandbox as a server of this process."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from activities.action import CONNECTION, Action
from activities.catalog import catalog
from workers.sandbox.app import SandboxApp
from workers.sandbox.faults import Fault, Faults
from workers.sandbox.record import RecordEntry
from workers.sandbox.stubs import Stub
from workers.sandbox.vendor import NoStandIn
from workers.sandbox.vendors import VENDORS, Vendors
from workers.sandbox.webhooks.gateway import GatewayDoors

PORT = 8600
ATTEMPTS = 20
"""How many ports are tried until one and the next are free."""
HOST = "127.0.0.1"
LONGEST_LINE = 16 * 1024
"""Bytes of a request's first line: the longest address that the guarded client takes, and the host that is meant."""


class Sandbox:
    """A local server that stands in for the vendors: `async with Sandbox() as sandbox: sandbox.url`.

    Args:
        port: where to listen; a port that is taken is replaced by a free one (0: any free one).
        host: address to listen on.
        faults: decides how each request is met; by default as `fail` says.
        vendors: whom it stands in for, by name.
        recordings: folder of the recordings that downloads of audio are answered with; by default the examples'.
    """

    def __init__(
        self,
        port: int = PORT,
        *,
        host: str = HOST,
        faults: Faults | None = None,
        vendors: Vendors = VENDORS,
        recordings: Path | None = None,
    ) -> None:
        self.host = host
        self.wanted = port
        self.port = 0
        self._app = SandboxApp(faults, vendors, recordings=recordings)
        self._runner: web.AppRunner | None = None
        self._mail = self._app.mail_server()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; `port` is known afterwards."""
        self._runner = web.AppRunner(
            self._app.application(), access_log=None, shutdown_timeout=1, max_line_size=LONGEST_LINE
        )
        await self._runner.setup()
        for attempt in range(ATTEMPTS):
            try:
                await self._listen(self.wanted if attempt == 0 else 0)
                break
            except OSError as error:
                if error.errno not in {errno.EADDRINUSE, errno.EACCES} or attempt == ATTEMPTS - 1:
                    raise

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        if self._mail is not None:
            await self._mail.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def send_to(self, gateway: GatewayDoors) -> None:
        """Send web hooks to a gateway from now on, where nothing else is said."""
        self._app.gateway = gateway

    def requests(self, vendor: str | None = None, *, key: str | None = None) -> list[RecordEntry]:
        """Return what arrived, oldest first."""
        return self._app.record.find(vendor, key)

    def fail(  # noqa: PLR0913 - one keyword for each word of a fault
        self,
        vendor: str | None = None,
        *,
        host: str | None = None,
        path: str | None = None,
        method: str | None = None,
        times: int = 1,
        status: int | None = None,
        body: Any = None,
        retry_after: int | None = None,
        late: float = 0,
        delay: float = 0,
        drop: Literal["before", "after"] | None = None,
        accept: bool | None = None,
    ) -> None:
        """Misbehave next time; see `Fault` for the words.

        Raises:
            ValueError: there is no such vendor.
        """
        fault = Fault(
            vendor=vendor,
            host=host,
            path=path,
            method=method,
            times=times,
            status=status,
            body=body,
            retry_after=retry_after,
            late=late,
            delay=delay,
            drop=drop,
            accept=accept,
        )
        self._app.fail(fault)

    def respond(  # noqa: PLR0913 - one for each key of a stub
        self,
        path: str,
        body: Any,
        *,
        status: int = 200,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None,
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
    ) -> None:
        """Have a host, or the plain receiver, answer so: `respond("/orders/{id}", {"id": "{id}"}, host="shop.com")`."""
        stub = Stub(host=host, path=path, body=body, status=status, method=method, headers=dict(headers or {}))
        self._app.stubs.add(stub)

    def clear(self) -> None:
        """Forget everything that arrived, all faults and all stubs."""
        self._app.clear()
        self._app.faults.clear()
        self._app.stubs.clear()

    async def _listen(self, port: int) -> None:
        """Listen at a port, and for email at the next one."""
        assert self._runner is not None  # noqa: S101 - only `start` calls this
        site = web.TCPSite(self._runner, self.host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        if self._mail is None:
            return
        try:
            await self._mail.start(self.host, self.port + 1)
        except (OSError, OverflowError) as error:
            await site.stop()
            raise OSError(errno.EADDRINUSE, "There is no free port for email after it.") from error

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def connections(url: str, actions: Mapping[str, Action] | None = None, vendors: Vendors = VENDORS) -> dict[str, Any]:
    """Return connections, as `connections.yaml` has them, that point every vendor at the sandbox.

    Args:
        url: where the sandbox is.
        actions: whose default connections are named where several would fit; by default those of the catalog.
        vendors: whom the sandbox stands in for.
    """
    entries: dict[str, Any] = {}
    for kind, vendor in vendors.items():
        if isinstance(vendor, NoStandIn):
            if vendor.connection is not None:
                entries[f"sandbox-{kind}"] = {"kind": kind, **vendor.connection()}
        elif vendor.connection is not None:
            entries[f"sandbox-{kind}"] = {"kind": kind, **vendor.entry(f"{url}/{kind}")}
    known = (catalog() if actions is None else actions).values()
    uses = [(action.name, action.connections, 1) for action in known]
    uses += [  # a definition may name more of a kind than there are here, and a second connection none
        (f"{action.name}.{field}", kinds, 0)
        for action in known
        for field, kinds in action.beside.items()
        if field != CONNECTION
    ]
    fitting = {
        use: (least, [name for kind in kinds if (name := f"sandbox-{kind.kind}") in entries])
        for use, kinds, least in uses
    }
    return {**entries, "defaults": {use: names[0] for use, (least, names) in fitting.items() if len(names) > least}}
