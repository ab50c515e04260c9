"""Gmail as a provider of email (https://developers.google.com/workspace/gmail/api/reference/rest)."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from activities.bounds import regular
from activities.context import Context
from activities.email.mail import Mail
from activities.email.provider import AcceptedEmail, EmailProvider
from activities.errors import ActionError, Refused, Unavailable
from activities.rest.answers import readable
from activities.rest.service import Service
from activities.rest.sign_in import jwt_bearer, refresh_token
from activities.rest.tokens import Grant, Tokens

if TYPE_CHECKING:
    from activities.http_client.message import Response

SCOPE = "https://www.googleapis.com/auth/gmail.send"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 # it is an address
LARGEST_KEY = 1024 * 1024
OWN = ("client_id", "client_secret", "refresh_token")
LIMITS = frozenset(("rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded"))


class Gmail(EmailProvider):
    """A mailbox of Gmail's, through a service account of its organisation or with its owner's consent."""

    kind: ClassVar[str] = "gmail"
    hosts: ClassVar[tuple[str, ...]] = ("gmail.googleapis.com", "oauth2.googleapis.com")

    key: str | None = Field(
        default=None,
        alias="credentials",
        description="Path of a service account's key file, or its JSON text; the account has domain-wide delegation.",
    )
    client_id: str | None = Field(default=None, description="Client id, where a refresh token signs in instead.")
    client_secret: str | None = Field(default=None, description="Client secret.")
    refresh_token: str | None = Field(default=None, description="The refresh token of the mailbox's owner.")
    token_url: str | None = Field(
        default=None, description="Where tokens are asked for; by default the key's `token_uri`, or Google's."
    )
    user: str | None = Field(default=None, description="Address of the mailbox for which a service account sends.")
    scope: str = Field(
        default=SCOPE,
        description="What a service account asks for. With https://www.googleapis.com/auth/gmail.modify an unknown "
        "outcome can be looked up.",
    )

    @model_validator(mode="after")
    def _signs_in(self) -> Gmail:
        own = [name for name in OWN if getattr(self, name)]
        if self.key and own:
            raise ValueError("give `credentials`, or `clientId`, `clientSecret` and `refreshToken`, not both")
        if self.key and not self.user:
            raise ValueError("a service account needs `user`, the address of the mailbox that it sends for")
        if not self.key and len(own) < len(OWN):
            raise ValueError("give `credentials`, or `clientId`, `clientSecret` and `refreshToken`")
        return self

    def account(self) -> Mapping[str, Any]:
        """Return the service account's key.

        Raises:
            Refused: it cannot be read, or is none.
        """
        if "account" not in self.remembered:
            self.remembered["account"] = _account(self.key or "")
        found: Mapping[str, Any] = self.remembered["account"]
        return found

    def token_address(self) -> str:
        """Return where tokens are asked for."""
        named = self.account().get("token_uri") if self.key else None
        return self.token_url or named or TOKEN_URL

    def addresses(self) -> Iterable[str]:
        """Return where the API and its tokens are."""
        try:
            token = self.token_address()
        except Refused:  # it says so when it is used
            token = TOKEN_URL
        return [self.base_url or "https://gmail.googleapis.com", token]

    def credentials(self) -> list[str]:
        """Return what must never be seen of them; a path may be."""
        found = [self.client_secret, self.refresh_token]
        if self.key:
            try:
                account = self.account()
            except Refused:
                return [self.key] if self.key.lstrip().startswith("{") else []
            found += [str(account["private_key"]), account.get("private_key_id")]
        return [str(one) for one in found if one]

    async def send(self, mail: Mail, context: Context) -> AcceptedEmail:
        """Send one email; Gmail takes it for all recipients or for none."""
        raw = await asyncio.to_thread(lambda: urlsafe_b64encode(mail.content()).decode())
        answer = await GMAIL.call(
            context, self, "POST", "/gmail/v1/users/me/messages/send", json={**mail.options, "raw": raw}
        )
        fields = GMAIL.object_of(answer)
        if not isinstance(fields, dict) or not isinstance(fields.get("id"), str):
            raise GMAIL.unreadable(answer)
        return AcceptedEmail(fields["id"])

    async def sent(self, mail: Mail, since: datetime, context: Context) -> list[AcceptedEmail]:
        """Return the messages with the step's Message-ID, where the scope allows it to look."""
        del since
        query = {"q": f"rfc822msgid:{mail.message_id}"}
        answer = await GMAIL.call(context, self, "GET", "/gmail/v1/users/me/messages", query=query)
        found = GMAIL.object_of(answer, lambda body: [str(one["id"]) for one in body.get("messages", ())])
        return [AcceptedEmail(id_) for id_ in found]


def _account(key: str) -> Mapping[str, Any]:
    try:
        text = key if key.lstrip().startswith("{") else _file(Path(key).expanduser())
        account = json.loads(text)
    except OSError as error:
        raise Refused(f"Gmail's credentials file cannot be read: {error.strerror}.") from None
    except ValueError:
        account = None
    if not isinstance(account, dict) or not all(
        isinstance(account.get(n), str) for n in ("client_email", "private_key")
    ):
        # the cause may quote the key
        raise Refused("Gmail's credentials are no key of a service account: it has `client_email` and `private_key`.")
    return account


def _file(path: Path) -> str:
    with regular(path) as file:
        return file.read(LARGEST_KEY).decode()


SERVICE_ACCOUNT: Tokens[Gmail] = jwt_bearer(
    Gmail.token_address,
    issuer=lambda gmail: str(gmail.account()["client_email"]),
    private_key=lambda gmail: str(gmail.account()["private_key"]),
    scope=lambda gmail: gmail.scope,
    subject=lambda gmail: gmail.user,
    key_id=lambda gmail: gmail.account().get("private_key_id"),
)
OWNER: Tokens[Gmail] = refresh_token(
    Gmail.token_address,
    lambda gmail: (gmail.client_id or "", gmail.client_secret or ""),
    lambda gmail: gmail.refresh_token or "",
    in_body=True,
)


def _grant(gmail: Gmail, refresh: str | None) -> Grant:
    return (SERVICE_ACCOUNT if gmail.key else OWNER).grant(gmail, refresh)


def _judge(answer: Response) -> ActionError | None:
    """Tell a limit from a lack of rights, which are both a 403."""
    if answer.status != HTTPStatus.FORBIDDEN:
        return None
    error = answer.json()["error"]
    if not {one["reason"] for one in error["errors"]} & LIMITS:
        return None
    reason = readable(error.get("message")) or "its limit is reached"
    return Unavailable(f"Gmail answered {answer.status}: {reason}.", status=answer.status)


GMAIL = Service(
    name="Gmail",
    connection=Gmail,
    address="https://gmail.googleapis.com",
    sign_in=Tokens(grant=_grant),
    reason=lambda body: body["error"]["message"],
    judge=_judge,
)
