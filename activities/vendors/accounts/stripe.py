"""Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from activities.errors import ActionError, Unavailable
from activities.http_client.retry_after import retry_after
from activities.openapi.conventions import KeyHeader
from activities.openapi.operation import Operation
from activities.openapi.profile import OpenApiProfile
from activities.operations.connection import DescribedConnection
from activities.rest.answers import readable, reason_of
from activities.rest.service import Service
from activities.vendors.lookups.stripe import look_up

if TYPE_CHECKING:
    from activities.http_client.message import Response

DESCRIPTION = "https://raw.githubusercontent.com/stripe/openapi/master/openapi/spec3.json"

WINDOW = 24 * 3600.0
"""Seconds for which Stripe keeps at least what it answered to a key."""

AGAIN = "stripe-should-retry"
"""Header by which Stripe says whether the same request may be taken later: `true` or `false`."""

REPLAYED = frozenset((HTTPStatus.INTERNAL_SERVER_ERROR,))
"""What Stripe keeps with the key and answers again for a day, so that to ask again tells nothing new."""


def judged(answer: Response) -> ActionError | None:
    """Return the error of a request that Stripe wants asked for again, such as one whose key is in use.

    Nothing was carried out by it. https://docs.stripe.com/api/idempotent_requests
    """
    again = answer.headers.get(AGAIN, "true" if answer.status == HTTPStatus.CONFLICT else "")
    if again != "true" or not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    cause = readable(reason(answer.members())) or "no reason given"
    sentence = f"Stripe answered {answer.status}: {cause}."
    return Unavailable(sentence, retry_after=retry_after(answer.headers), status=answer.status)


def reason(body: Any) -> str | None:
    """Return why a request was refused, with the parameter that it is about."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return reason_of(body)
    parts = [error.get("message"), error.get("code"), error.get("decline_code"), error.get("param")]
    texts = [part for part in parts if isinstance(part, str) and part]
    return f"{texts[0].rstrip('.')} ({', '.join(texts[1:])})" if len(texts) > 1 else next(iter(texts), None)


def _signed_in(account: Stripe) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {account.api_key}"}


def _key(one: Operation) -> KeyHeader | None:
    return KeyHeader(window=WINDOW) if one.method == "POST" else None


class Stripe(DescribedConnection):
    """A Stripe account."""

    kind: ClassVar[str] = "stripe"
    hosts: ClassVar[tuple[str, ...]] = ("api.stripe.com", "files.stripe.com")

    api_key: str = Field(min_length=1, description="Secret or restricted key (sk_…, rk_…).")


STRIPE = Service(
    name="Stripe",
    connection=Stripe,
    address="https://api.stripe.com",
    sign_in=_signed_in,
    reason=reason,
    judge=judged,
)

Stripe.profile = OpenApiProfile(service=STRIPE, usual=DESCRIPTION, key=_key, replayed=REPLAYED, look_up=look_up)
