"""The sandbox's mail server: SMTP beside its HTTP, at the port after it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from workers.sandbox.record import ReceivedRequest, RecordEntry
from workers.sandbox.vendors.smtp import LATER, REFUSED

if TYPE_CHECKING:
    from workers.sandbox.faults import Faults
    from workers.sandbox.record import RequestRecord
    from workers.sandbox.vendor import Vendor

NAME = "smtp"
MOST_MESSAGE = 32 * 1024 * 1024
STATUS = 500


class MailServer:
    """Takes email for a vendor of the sandbox: its faults and its record are the sandbox's.

    Args:
        vendor: what answers.
        record: where everything is remembered.
        faults: how it is to misbehave.
    """

    def __init__(self, vendor: Vendor, record: RequestRecord, faults: Faults) -> None:
        self.vendor = vendor
        self.record = record
        self.faults = faults
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # the library warns of itself at each sign-in
        self._server = await asyncio.get_running_loop().create_server(self._connected, host, port)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _connected(self) -> SMTP:
        return SMTP(
            self,
            data_size_limit=MOST_MESSAGE,
            enable_SMTPUTF8=True,
            hostname="sandbox",
            auth_require_tls=False,
            authenticator=_signed_in,
            loop=asyncio.get_running_loop(),
        )

    async def handle_RCPT(  # noqa: N802 # the library's own name and parameters
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse it."""
        if address.startswith(REFUSED):
            return "550 5.1.1 No such mailbox here"
        if address.startswith(LATER):
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 # same
        """Take an email, unless a fault is due."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        headers = {"mail-from": envelope.mail_from or "", "rcpt-to": ", ".join(envelope.rcpt_tos)}
        request = ReceivedRequest("DATA", f"/{NAME}", {}, headers, content)
        fault = self.faults.take(NAME, request.path, request.method)
        received = RecordEntry(
            id=self.record.next_id(),
            at=datetime.now(UTC),
            vendor=NAME,
            request=request,
            fault=fault.shown() if fault else None,
            key=self.vendor.key(request),
        )
        if fault and fault.late:
            await asyncio.sleep(fault.late)
        answer = self.vendor.answer(request)
        if fault and not fault.accepts:
            answer = replace(answer, accepted=False)
        received.accepted = answer.accepted
        self.record.add(received)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault and fault.drop:
            if server.transport is not None:
                server.transport.close()
            return "421 4.4.2 Gone"
        if fault and (fault.answers or not fault.accepts):
            accepted = received.accepted
            answer = replace(self.vendor.failure(fault.status or STATUS, None), accepted=accepted)
        received.answer = answer
        return str(answer.body)


def _signed_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and b"invalid" not in data.password
    return AuthResult(success=good, handled=False)
