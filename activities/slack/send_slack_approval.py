"""The action that asks people in Slack about a hold."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from activities.action import Config, Result, Static, action
from activities.context import Context
from activities.errors import OutcomeUnknown, Refused
from activities.slack.approval import content
from activities.slack.connection import access
from activities.slack.failures import sorted_failure
from activities.slack.message import METADATA
from activities.vendors.accounts.slack import Slack
from trunkline.wire import HoldNotice


class SlackApproval(Config):
    """Where people are asked."""

    channel: str = Field(description="Channel to post to: its id (C…), or its name (#refunds).", min_length=1)
    connection: Annotated[str | None, Static()] = Field(
        default=None,
        description="Which Slack connection posts it; the only one, or the default, needs no naming.",
    )


class SlackApprovalReceipt(Result):
    """Where the message stands."""

    channel: str = Field(description="Id of the channel.")
    ts: str = Field(description="Slack's identity of the message within the channel.")


async def posted(config: SlackApproval, context: Context, since: datetime) -> list[SlackApprovalReceipt]:
    """Return where the channel has the message with the key of the notice that posted it."""
    from activities.slack.channel import Channel

    token, address = access(None, config.connection, context)
    found = await Channel(token, address, context).find(config.channel, METADATA, since, thread=None)
    return [SlackApprovalReceipt(channel=channel, ts=ts) for channel, ts in found]


@action(
    "send_slack_approval",
    repeat="never",
    look=posted,
    connections=(Slack,),
    example={"channel": "#refunds"},
    takes_secrets=False,
    notice=True,
)
async def send_slack_approval(config: SlackApproval, context: Context) -> SlackApprovalReceipt:
    """Ask in a Slack channel for a decision about a held step, with buttons.

    It stands in `notify`. `opened`, `reminder` and `escalated` post a message with the request. Once the hold is
    closed, through whichever door, that message says how and by whom, and has no buttons any more, whatever `on` names.
    Who may decide is the policy's matter, not the channel's. Clicks come in through the gateway: see
    [approvals in Slack](../gateway.md#approvals-in-slack).
    """
    from slack_sdk.errors import SlackApiError

    from activities.vendors.slack import SlackClient

    if context.notice is None:
        raise Refused("`send_slack_approval` asks about a hold: it can stand only in `notify`.")
    method, arguments = _call(config.channel, context.notice, context.key)
    client = SlackClient(*access(None, config.connection, context), context)
    try:
        answer = await client.api_call(method, json=arguments)
    except SlackApiError as error:
        response = error.response
        raise sorted_failure(response.status_code, response.headers, response.data) from None
    channel, ts = answer.get("channel"), answer.get("ts")
    if not isinstance(channel, str) or not isinstance(ts, str):
        raise OutcomeUnknown("Slack says that it took the message but not where; look into the channel.")
    return SlackApprovalReceipt(channel=channel, ts=ts)


def _call(channel: str, notice: HoldNotice, key: str) -> tuple[str, dict[str, Any]]:
    """Return the method, and what it is called with: the message is posted, or updated where it stands."""
    message = {**content(notice), "parse": "none", "link_names": False}
    if (place := notice.get("posted")) is not None:
        metadata = {"event_type": METADATA, "event_payload": {"key": place["key"]}}
        return "chat.update", {"channel": place["channel"], "ts": place["ts"], **message, "metadata": metadata}
    metadata = {"event_type": METADATA, "event_payload": {"key": key}}
    silent = {"unfurl_links": False, "unfurl_media": False}
    return "chat.postMessage", {"channel": channel, **message, **silent, "client_msg_id": key, "metadata": metadata}
