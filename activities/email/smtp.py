"""Any mail server, over SMTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from activities.context import Context
from activities.email.mail import Mail
from activities.email.provider import AcceptedEmail, EmailProvider
from activities.http_client.addresses import parse_host

if TYPE_CHECKING:
    from activities.email.smtp_session import SmtpServer

PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Smtp(EmailProvider):
    """A mail server."""

    kind: ClassVar[str] = "smtp"

    host: str = Field(min_length=1, description="Its name, such as smtp.example.com.")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="By default 587 with `starttls`, 465 with `tls`, 25 with `none`."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls`: the connection becomes encrypted before anything is said, or ends. `tls`: it is from "
        "the start. `none`: it never is; an operator has to allow the server with TRUNKLINE_ALLOW.",
    )
    username: str | None = Field(default=None, description="Who signs in; without it nobody does.")
    password: str | None = Field(default=None, description="The password.")

    @model_validator(mode="before")
    @classmethod
    def _without_base_url(cls, value: Any) -> Any:
        if isinstance(value, dict) and (value.get("baseUrl") or value.get("base_url")):
            raise ValueError("a mail server has `host` and `port`, and no `baseUrl`")
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> Smtp:
        parse_host(self.host)
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` go together")
        return self

    def addresses(self) -> Iterable[str]:
        """Return host and port."""
        return [self.server().endpoint]

    def credentials(self) -> list[str]:
        """Return the password."""
        return [self.password] if self.password else []

    async def send(self, mail: Mail, context: Context) -> AcceptedEmail:
        """Send one email (see `smtp_session`)."""
        from activities.email.smtp_session import delivered

        return await delivered(self.server(), mail, await asyncio.to_thread(mail.content), context)

    async def sent(self, mail: Mail, since: datetime, context: Context) -> list[AcceptedEmail]:
        """Return nothing: a mail server lists no messages."""
        del mail, since, context
        return []

    def server(self) -> SmtpServer:
        """Return the server, and how it is spoken to."""
        from activities.email.smtp_session import SmtpServer

        host, _ = parse_host(self.host)
        return SmtpServer(host, self.port or PORTS[self.security], self.security, self.username, self.password)
