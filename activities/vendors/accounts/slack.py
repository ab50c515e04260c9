"""Slack."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.retry_after import retry_after
from activities.http_client.statuses import one_line
from activities.openapi.operation import Operation
from activities.openapi.profile import OpenApiProfile
from activities.operations.connection import DescribedConnection
from activities.rest.service import Service

if TYPE_CHECKING:
    from activities.http_client.message import Response

DESCRIPTION = "https://raw.githubusercontent.com/slackapi/slack-api-specs/master/web-api/slack_web_openapi_v2.json"

LATER = frozenset(
    (
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    )
)
"""Errors after which the same request may be taken; Slack did not take it."""

PERHAPS = frozenset(["fatal_error", "internal_error"])
"""Errors of which Slack says that some aspect of the operation may have succeeded."""


class Slack(DescribedConnection):
    """A Slack app installed in a workspace."""

    kind: ClassVar[str] = "slack"
    hosts: ClassVar[tuple[str, ...]] = ("slack.com",)

    token: str = Field(min_length=1, description="Bot token (xoxb-…) with the scope chat:write.")


def judged(answer: Response) -> ActionError | None:
    """Return the error of an answer: nearly all of Slack's refusals are a 200 with `ok: false`."""
    if answer.status != HTTPStatus.OK:
        return None
    body = answer.members()
    if body.get("ok") is True:
        return None
    error = body.get("error")
    if not isinstance(error, str):
        return OutcomeUnknown("Slack's answer does not say whether it was a success; look into Slack.", status=200)
    needed = body.get("needed")
    sentence = f"Slack refused: {one_line(error)}{f' (needed: {one_line(needed)})' if isinstance(needed, str) else ''}."
    if error in LATER:
        return Unavailable(sentence, retry_after=retry_after(answer.headers), status=answer.status)
    if error in PERHAPS:
        return OutcomeUnknown(f"Slack may or may not have carried it out: {error}.", status=answer.status)
    return Refused(sentence, status=answer.status)


def _signed_in(account: Slack) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {account.token}"}


def _once(one: Operation) -> bool:
    return one.method != "GET"


SLACK = Service(name="Slack", connection=Slack, address="https://slack.com/api", sign_in=_signed_in, judge=judged)

Slack.profile = OpenApiProfile(
    service=SLACK, usual=DESCRIPTION, once=_once, dropped=frozenset(["token"]), json_texts=True
)
