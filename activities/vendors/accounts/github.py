"""GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from activities.errors import ActionError, Unavailable
from activities.http_client.retry_after import retry_after
from activities.openapi.profile import OpenApiProfile
from activities.operations.connection import DescribedConnection
from activities.rest.answers import RateHeaders, readable, reason_of
from activities.rest.service import Service
from activities.vendors.lookups.github import look_up

if TYPE_CHECKING:
    from activities.http_client.message import Response

DESCRIPTION = (
    "https://raw.githubusercontent.com/github/rest-api-description/main/descriptions/api.github.com/api.github.com.json"
)

LEAST = 60.0
"""Seconds that GitHub wants waited after a secondary limit that does not say when it ends."""

RATES = RateHeaders(reset="x-ratelimit-reset", remaining="x-ratelimit-remaining")


def limited(answer: Response) -> ActionError | None:
    """Return the error of an answer by which GitHub limits its use: it may be a 403.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    if answer.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return None
    message = readable(answer.members().get("message")) or "no reason given"
    wait = None
    if "retry-after" in answer.headers:
        wait = retry_after(answer.headers)
    elif RATES.exhausted(answer) and RATES.remaining in answer.headers:
        wait = RATES.wait(answer.headers)
    elif answer.status == HTTPStatus.FORBIDDEN and "rate limit" not in message.lower():
        return None
    sentence = f"GitHub answered {answer.status}: {message}."
    return Unavailable(sentence, retry_after=LEAST if wait is None else wait, status=answer.status)


def reason(body: Any) -> str | None:
    """Return why a request was refused: the message, and what it says of the fields."""
    if not isinstance(body, Mapping):
        return None
    errors = [one for one in body.get("errors") or () if isinstance(one, Mapping)]
    named = [f"{one.get('field')}: {one.get('message') or one.get('code')}" for one in errors if one.get("field")]
    return "; ".join(filter(None, [reason_of(body.get("message")), *named])) or None


def _signed_in(account: GitHub) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {account.token}"}


class GitHub(DescribedConnection):
    """GitHub, or a GitHub Enterprise Server (`baseUrl: https://HOST/api/v3`)."""

    kind: ClassVar[str] = "github"
    hosts: ClassVar[tuple[str, ...]] = ("api.github.com", "uploads.github.com")

    token: str = Field(min_length=1, description="Personal access token, or an app's installation token.")


GITHUB = Service(
    name="GitHub",
    connection=GitHub,
    address="https://api.github.com",
    sign_in=_signed_in,
    reason=reason,
    judge=limited,
    headers={"X-GitHub-Api-Version": "2022-11-28"},
)

GitHub.profile = OpenApiProfile(
    service=GITHUB, usual=DESCRIPTION, accept="application/vnd.github+json", look_up=look_up
)
