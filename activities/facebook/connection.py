"""The connection of kind `facebook`, and Facebook's Graph API (https://developers.facebook.com/docs/graph-api)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from activities.connections import Connection
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.retry_after import retry_after
from activities.http_client.statuses import SUCCESS
from activities.rest.answers import readable
from activities.rest.service import Service

if TYPE_CHECKING:
    from activities.http_client.message import Response

LIMITS = frozenset((4, 17, 32, 613))
PERHAPS = frozenset((1, 2))
"""Codes of a limit that was reached, and of a fault of Facebook's."""


class Facebook(Connection):
    """A page of Facebook's."""

    kind: ClassVar[str] = "facebook"
    hosts: ClassVar[tuple[str, ...]] = ("graph.facebook.com",)

    page_token: str = Field(min_length=1, description="Access token of the page, with `pages_messaging`.")
    version: str = Field(
        default="v23.0", pattern=r"^v\d{1,3}\.\d{1,2}$", description="Version of the Graph API, such as `v23.0`."
    )

    def credentials(self) -> list[str]:
        """Return the token."""
        return [self.page_token]


def _judge(answer: Response) -> ActionError | None:
    """Sort what Facebook's own codes say, most of which come with a 400."""
    if answer.status in SUCCESS:
        return None
    error = answer.json()["error"]
    code = int(error["code"])
    reason = readable(error.get("message")) or "no reason given"
    sentence = f"Facebook answered {answer.status}: {reason} (code {code})."
    if code in LIMITS:
        return Unavailable(sentence, retry_after=retry_after(answer.headers), status=answer.status)
    if code in PERHAPS:
        return OutcomeUnknown(sentence, status=answer.status)
    return Refused(sentence, status=answer.status) if answer.status < 500 else None  # noqa: PLR2004 # HTTP's own faults


FACEBOOK = Service(
    name="Facebook",
    connection=Facebook,
    address="https://graph.facebook.com",
    sign_in=lambda facebook: {"Authorization": f"Bearer {facebook.page_token}"},
    reason=lambda body: body["error"]["message"],
    judge=_judge,
)
