"""One email over SMTP: the connection, the envelope, and what each failure means.

Until the server has answered DATA nothing had an effect. Once the message is on its way only the server's answer to it
tells whether it was taken.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import aiosmtplib

from activities.context import Context
from activities.email.mail import Mail
from activities.email.provider import AcceptedEmail
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.dialing import dial
from activities.http_client.statuses import one_line
from activities.observing import sending

START = 354
DONE = 250
TEMPORARY = range(400, 500)
PERMANENT = range(500, 600)
DOT = re.compile(rb"^\.", re.MULTILINE)
QUEUED = re.compile(r"\bqueued as (?P<id>[\w.-]+)", re.IGNORECASE)
HELLO = "localhost"
"""How we call ourselves where no email says whose we are."""

PARTING = 2.0
"""Seconds that the server may take to say goodbye."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server, and how it is spoken to."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """Host and port as addresses have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def delivered(server: SmtpServer, mail: Mail, content: bytes, context: Context) -> AcceptedEmail:
    """Hand one email to the server.

    Raises:
        Refused: the server will never take it, or does not offer what the connection asks for; nothing was sent.
        Unavailable: it did not take it and may do so later.
        OutcomeUnknown: the message was on its way and no answer came.
    """
    host = server.host
    texts = [mail.subject, mail.text, mail.html or "", *mail.headers.values(), *mail.recipients]
    context.admit(f"https://{server.endpoint}/", *texts)
    deadline = asyncio.get_running_loop().time() + context.timeout
    with sending("SMTP", host, server.port) as answered:
        async with _opened(server, context, deadline, mail.sender.domain) as client:
            refused = await _before(host, deadline, _envelope(client, mail, len(content), host))
            await context.sending()
            await _before(host, deadline, _begin(client, host))
            taken = await _message(client, content, host, deadline)
            answered(DONE)
            return AcceptedEmail(taken, refused)


async def greeted(server: SmtpServer, context: Context) -> None:
    """Connect, sign in and take leave, without an email.

    Raises:
        Refused: the server does not take the sign-in, or does not offer what the connection asks for.
        Unavailable: it cannot be reached, or has no time.
    """
    deadline = asyncio.get_running_loop().time() + context.timeout
    async with _opened(server, context, deadline, HELLO) as client:
        await _before(server.host, deadline, client.noop())


@asynccontextmanager
async def _opened(server: SmtpServer, context: Context, deadline: float, hello: str) -> AsyncIterator[aiosmtplib.SMTP]:
    """Yield a client that is connected, encrypted and signed in as the server wants it; `hello` is its own name."""
    host, port = server.host, server.port
    client: aiosmtplib.SMTP | None = None

    async def open_() -> aiosmtplib.SMTP:
        nonlocal client
        tls = context.http.tls or await asyncio.to_thread(_verifying)
        client = aiosmtplib.SMTP(
            hostname=host, use_tls=server.security == "tls", start_tls=False, tls_context=tls, local_hostname=hello,
            timeout=context.timeout,
        )  # fmt: skip
        await client.connect(sock=await dial(context.http, host, port, plain=server.security == "none"), port=None)
        await client.ehlo()
        if server.security == "starttls":
            if not client.supports_extension("starttls"):
                raise Refused(
                    f"{host} offers no STARTTLS, so nothing was said to it: set the connection's `security` to `tls`, "
                    "or to `none` where the connection may be read by others."
                )
            await client.starttls(server_hostname=host)
        if server.username is not None:
            await client.login(server.username, server.password or "")
        return client

    try:
        yield await _before(host, deadline, open_())
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(PARTING):
                await client.quit()  # type: ignore[union-attr] # it was opened
    finally:
        if client is not None:
            client.close()


@cache
def _verifying() -> ssl.SSLContext:
    """Return what verifies certificates, against the machine's authorities or those of SSL_CERT_FILE."""
    return ssl.create_default_context()


async def _envelope(client: aiosmtplib.SMTP, mail: Mail, size: int, host: str) -> dict[str, str]:
    """Say who sends to whom; return the recipients that the server does not take."""
    options = []
    if mail.international:
        if not client.supports_extension("smtputf8"):
            raise Refused(f"{host} takes no addresses that are not ASCII (SMTPUTF8); nothing was sent.")
        options.append("SMTPUTF8")
    if client.supports_extension("size"):
        most = client.esmtp_extensions.get("size", "")
        if most.isdecimal() and 0 < int(most) < size:
            raise Refused(f"The email has {size:,} bytes; {host} takes at most {int(most):,}. Nothing was sent.")
        options.append(f"SIZE={size}")
    encoding = "utf-8" if mail.international else "ascii"
    await client.mail(mail.sender.mailbox, options=options, encoding=encoding)
    refusals: dict[str, aiosmtplib.SMTPRecipientRefused] = {}
    for recipient in mail.recipients:
        try:
            await client.rcpt(recipient, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            refusals[recipient] = error
    if len(refusals) == len(mail.recipients):
        reasons = "; ".join(f"{one}: {_reason(error)}" for one, error in refusals.items())
        sentence = one_line(f"{host} takes none of the recipients, so nothing was sent: {reasons}", 400)
        temporary = any(error.code in TEMPORARY for error in refusals.values())
        raise Unavailable(sentence) if temporary else Refused(sentence)
    return {one: _reason(error) for one, error in refusals.items()}


async def _begin(client: aiosmtplib.SMTP, host: str) -> None:
    """Ask to send the message."""
    answer = await client.execute_command(b"DATA")
    if answer.code != START:
        raise _refusal(host, answer.code, answer.message)


async def _message(client: aiosmtplib.SMTP, content: bytes, host: str, deadline: float) -> str | None:
    """Send the message; return what the server calls it, if it says so."""
    stuffed = await asyncio.to_thread(DOT.sub, b"..", content)
    protocol = client.protocol
    try:
        async with asyncio.timeout_at(deadline):
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            protocol.write(stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"))
            answer = await protocol.read_response()
    except (aiosmtplib.SMTPException, OSError, ValueError):
        raise OutcomeUnknown(
            f"{host} got the email and gave no answer that could be read; whether it took it is not known."
        ) from None
    if answer.code == DONE:
        found = QUEUED.search(answer.message)
        return found["id"] if found else None
    if answer.code in TEMPORARY or answer.code in PERMANENT:
        raise _refusal(host, answer.code, answer.message)
    raise OutcomeUnknown(f"{host} answered the email with {answer.code}; whether it took it is not known.")


async def _before(host: str, deadline: float, step: Any) -> Any:
    """Do something that has no effect yet, and say what its failure means.

    Raises:
        Refused: the server will never do it.
        Unavailable: it may do so later.
    """
    try:
        async with asyncio.timeout_at(deadline):
            return await step
    except ActionError:
        raise
    except aiosmtplib.SMTPAuthenticationError as error:
        found = _refusal(host, error.code, error.message)
        raise type(found)(f"The sign-in was not accepted. {found}") from None
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(host, error.code, error.message) from None
    except (TimeoutError, aiosmtplib.SMTPTimeoutError):
        raise Unavailable(f"{host} did not answer in time; nothing was sent.") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise _broken(host, error) from None


def _broken(host: str, error: BaseException) -> ActionError:
    """Return what it means that a connection could not be made or broke."""
    causes = [error, *filter(None, [error.__cause__, error.__context__])]
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Unavailable(f"The certificate of {host} could not be verified; nothing was sent.")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Unavailable(f"No secure connection to {host} could be made; nothing was sent.")
    if isinstance(error, aiosmtplib.SMTPException) and not isinstance(error, OSError):
        return Refused(one_line(f"{host} cannot be used: {error.message}", 300).rstrip(". ") + ". Nothing was sent.")
    return Unavailable(f"The connection to {host} broke; nothing was sent.")


def _refusal(host: str, code: int, message: str) -> ActionError:
    sentence = f"{host} answered {code}: {one_line(message, 300).rstrip('. ')}. Nothing was sent."
    return Refused(sentence) if code in PERMANENT else Unavailable(sentence)


def _reason(error: aiosmtplib.SMTPRecipientRefused) -> str:
    return one_line(f"{error.code} {error.message}", 200)
