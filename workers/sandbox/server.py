"""The sandbox as a server of this process."""

from __future__ import annotations

import errno
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from workers.sandbox.app import SandboxApp
from workers.sandbox.faults import Fault, Faults
from workers.sandbox.receiver import Stub
from workers.sandbox.record import Received

PORT = 8600
HOST = "127.0.0.1"

VendorName = Literal["slack", "twilio", "cloudtalk", "http"]


class Sandbox:
    """A local server that stands in for the vendors: `async with Sandbox() as sandbox: sandbox.url`.

    Args:
        port: where to listen; a port that is taken is replaced by a free one (0: any free one).
        host: address to listen on.
        faults: decides how each request is met; by default as `fail` says.
    """

    def __init__(self, port: int = PORT, *, host: str = HOST, faults: Faults | None = None) -> None:
        self.host = host
        self.wanted = port
        self.port = 0
        self._desk = SandboxApp(faults)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; `port` is known afterwards."""
        self._runner = web.AppRunner(self._desk.application(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await self._listen(self.wanted)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            await self._listen(0)

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def requests(self, vendor: VendorName | None = None, *, key: str | None = None) -> list[Received]:
        """Return what arrived, oldest first."""
        return self._desk.record.find(vendor, key)

    def fail(  # noqa: PLR0913 - one keyword for each word of a fault
        self,
        vendor: VendorName | None = None,
        *,
        path: str | None = None,
        times: int = 1,
        status: int | None = None,
        body: Any = None,
        retry_after: int | None = None,
        late: float = 0,
        delay: float = 0,
        drop: Literal["before", "after"] | None = None,
        accept: bool | None = None,
    ) -> None:
        """Misbehave next time; see `Fault` for the words."""
        fault = Fault(
            vendor=vendor,
            path=path,
            times=times,
            status=status,
            body=body,
            retry_after=retry_after,
            late=late,
            delay=delay,
            drop=drop,
            accept=accept,
        )
        self._desk.faults.add(fault)

    def respond(
        self,
        path: str,
        body: Any,
        *,
        status: int = 200,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None,
    ) -> None:
        """Teach the plain receiver an answer: `respond("/shop/orders/{id}", {"id": "{id}", "total": 42})`."""
        self._desk.receiver.stub(Stub(path=path, body=body, status=status, method=method))

    def clear(self) -> None:
        """Forget everything that arrived, all faults and all taught answers."""
        self._desk.clear()
        self._desk.faults.clear()
        self._desk.receiver.stubs.clear()

    async def _listen(self, port: int) -> None:
        assert self._runner is not None  # noqa: S101 - only `start` calls this
        site = web.TCPSite(self._runner, self.host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def connections(url: str) -> dict[str, Any]:
    """Return connections, as `connections.yaml` has them, that point every vendor at the sandbox at `url`."""
    return {
        "sandbox-slack": {
            "kind": "slack",
            "token": "xoxb-sandbox-token",
            "baseUrl": f"{url}/slack",
            "standsFor": "slack.com",
        },
        "sandbox-twilio": {
            "kind": "twilio",
            "accountSid": "AC" + "0" * 32,
            "authToken": "sandbox-auth-token",
            "baseUrl": f"{url}/twilio",
            "standsFor": "api.twilio.com",
        },
        "sandbox-cloudtalk": {
            "kind": "cloudtalk",
            "keyId": "sandbox-key-id",
            "keySecret": "sandbox-key-secret",
            "baseUrl": f"{url}/cloudtalk",
            "standsFor": "my.cloudtalk.io",
        },
        "defaults": {"send_sms": "sandbox-twilio"},
    }
