"""Twilio."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from activities.openapi.profile import OpenApiProfile
from activities.operations.connection import DescribedConnection
from activities.rest.answers import reason_of
from activities.rest.service import Service
from activities.vendors.lookups.twilio import look_up

DESCRIPTION = "https://raw.githubusercontent.com/twilio/twilio-oai/main/spec/json/twilio_api_v2010.json"
ACCOUNT = "AccountSid"


class TwilioAccount(DescribedConnection):
    """A Twilio account."""

    kind: ClassVar[str] = "twilio"
    hosts: ClassVar[tuple[str, ...]] = ("api.twilio.com",)

    account_sid: str = Field(min_length=1, description="Account SID (AC…).")
    auth_token: str = Field(min_length=1, description="The account's auth token.")

    def credentials(self) -> Iterable[str]:
        """Return what must never be seen, the token also as the header has it."""
        return [*super().credentials(), _pair(self)]


def _pair(account: TwilioAccount) -> str:
    return b64encode(f"{account.account_sid}:{account.auth_token}".encode()).decode()


def _signed_in(account: TwilioAccount) -> Mapping[str, str]:
    return {"Authorization": f"Basic {_pair(account)}"}


def _supplied(account: TwilioAccount) -> Mapping[str, str]:
    return {ACCOUNT: account.account_sid}


def reason(body: Any) -> str | None:
    """Return why a request was refused, with Twilio's own number for it."""
    code = body.get("code") if isinstance(body, Mapping) else None
    text = reason_of(body)
    return f"{text.rstrip('.')} ({code})" if text and isinstance(code, int) else text


TWILIO = Service(
    name="Twilio", connection=TwilioAccount, address="https://api.twilio.com", sign_in=_signed_in, reason=reason
)

TwilioAccount.profile = OpenApiProfile(
    service=TWILIO, usual=DESCRIPTION, supplied=_supplied, names=frozenset([ACCOUNT]), look_up=look_up
)
