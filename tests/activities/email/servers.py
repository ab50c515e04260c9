"""Real mail servers on this machine, which keep what they take and can be told to misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DATA, AFTER = "data", "after"


@dataclass
class MailServer:
    """What a server took, and how it behaves.

    Attributes:
        answers: what it answers to recipients, by their beginning, and to `data` and `after` (the message itself).
        breaks: where it hangs up: at a command, or `after` it got the message.
        password: what signs in.
    """

    answers: dict[str, str] = field(default_factory=dict)
    breaks: str | None = None
    hangs: str | None = None
    password: str = "sesame-1234"
    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    port: int = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [
            message_from_bytes(self.raw(number).replace(b"\r\n", b"\n"), policy=default)
            for number in range(len(self.envelopes))
        ]

    def raw(self, number: int = 0) -> bytes:
        content = self.envelopes[number].content
        assert isinstance(content, bytes)
        return content

    async def handle_RCPT(  # noqa: N802 # the library's own name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        for begin, answer in self.answers.items():
            if address.startswith(begin):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 # same
        self.envelopes.append(envelope)
        self.sessions.append(session)
        if self.hangs == AFTER:
            await asyncio.sleep(30)
        if self.breaks == AFTER:
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined] # it is a socket's
        return self.answers.get(AFTER, "250 2.0.0 Ok: queued as ABC123")

    def signed_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=good, handled=False)


class Breaking(SMTP):
    """A server that hangs up, or says something of its own, when a command comes."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 # same
        keeper: MailServer = self.event_handler
        if keeper.breaks == DATA:
            assert self.transport is not None
            self.transport.abort()  # type: ignore[attr-defined] # it is a socket's
        elif DATA in keeper.answers:
            await self.push(keeper.answers[DATA])
        else:
            await super().smtp_DATA(arg)


@asynccontextmanager
async def mail_server(
    *, tls: SSLContext | None = None, starttls: SSLContext | None = None, utf8: bool = True, sign_in: bool = False
) -> AsyncIterator[MailServer]:
    """Run a mail server on a free port of this machine: encrypted from the start, or by STARTTLS, or not at all."""
    keeper = MailServer()
    running: list[SMTP] = []

    def connected() -> SMTP:
        made = Breaking(
            keeper,
            hostname="mail.example.test",
            enable_SMTPUTF8=utf8,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=sign_in and starttls is not None,  # without TLS the library warns
            auth_require_tls=starttls is not None,
            authenticator=keeper.signed_in if sign_in else None,
            data_size_limit=2_000_000,
            loop=asyncio.get_running_loop(),
        )
        running.append(made)
        return made

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0, ssl=tls)
    keeper.port = server.sockets[0].getsockname()[1]
    try:
        yield keeper
    finally:
        server.close()
        for one in running:
            if one.transport is not None:
                one.transport.close()
        await asyncio.sleep(0)
