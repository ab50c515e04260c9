"""What Slack's refusals mean: nearly all of them are a 200 with `ok: false` and the name of an error."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.retry_after import retry_after
from activities.http_client.statuses import failure
from activities.vendors.accounts.slack import LATER, PERHAPS

ADVICE = {
    "channel_not_found": "there is no such channel, or the app may not see it: invite the app, or use the channel's id",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "the channel is archived",
    "not_authed": "the request had no token",
    "invalid_auth": "check the token of the connection",
    "token_revoked": "the token was revoked: install the app again",
    "token_expired": "the token has expired: install the app again",
    "account_inactive": "the app was removed from the workspace: install it again",
    "missing_scope": "give the app the scope that is missing",
    "msg_too_long": "the text is too long",
    "msg_blocks_too_long": "the blocks are too long",
    "no_text": "the message is empty",
    "team_not_found": "give the channel by its id",
    "metadata_must_be_sent_from_app": "use the token of an app (xoxb-…)",
}
"""What to do about an error, or what it means (https://docs.slack.dev/reference/methods/chat.postMessage)."""


def sorted_failure(status: int, headers: Mapping[str, str], answer: Mapping[str, Any]) -> ActionError:
    """Return the error for an answer of Slack that is not `ok`.

    Args:
        status: the answer's HTTP status.
        headers: its headers, names in lower case.
        answer: its body; empty where it was no JSON object.
    """
    error = answer.get("error")
    if not isinstance(error, str):
        if status == HTTPStatus.OK:
            return OutcomeUnknown(
                "Slack's answer does not say whether the message was posted; look into the channel.", status=status
            )
        return failure(f"Slack answered {status}.", status, headers)
    sentence = f"Slack refused the message: {error}{_details(error, answer)}."
    if error in LATER:
        return Unavailable(sentence, retry_after=retry_after(headers), status=status)
    if error in PERHAPS:
        return OutcomeUnknown(f"Slack may or may not have posted the message: {error}.", status=status)
    return Refused(sentence, status=status) if status == HTTPStatus.OK else failure(sentence, status, headers)


def _details(error: str, answer: Mapping[str, Any]) -> str:
    """Return what is known beyond the error's name: our advice, the scope that is missing, Slack's own remarks."""
    remarks = answer.get("response_metadata")
    messages = remarks.get("messages") if isinstance(remarks, dict) else None
    known = [ADVICE.get(error), answer.get("needed"), *(messages if isinstance(messages, list) else [])]
    found = [str(detail) for detail in known if detail]
    return f" ({'; '.join(found)})" if found else ""
