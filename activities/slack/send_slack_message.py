"""The action that posts to Slack."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.errors import OutcomeUnknown
from activities.slack.connection import access
from activities.slack.failures import sorted_failure
from activities.slack.message import METADATA, SlackMessage
from activities.vendors.accounts.slack import Slack


class SlackReceipt(Result):
    """Where the message stands."""

    channel: str = Field(description="Id of the channel.")
    ts: str = Field(description="Slack's identity of the message within the channel; `threadTs` of a reply.")


async def posted(config: SlackMessage, context: Context, since: datetime) -> list[SlackReceipt]:
    """Return where the channel has the message with this step's key."""
    from activities.slack.channel import Channel

    token, address = access(config.token, config.connection, context)
    found = await Channel(token, address, context).find(config.channel, METADATA, since, thread=config.thread_ts)
    return [SlackReceipt(channel=channel, ts=ts) for channel, ts in found]


@action(
    "send_slack_message",
    repeat="never",
    look=posted,
    connections=(Slack,),
    example={"channel": "#support-alerts", "text": "{{contact.name}} waited {{call.waiting_time}} s"},
)
async def send_slack_message(config: SlackMessage, context: Context) -> SlackReceipt:
    """Post one message to a Slack channel.

    It is never posted a second time: where Slack's answer got lost the step ends as unknown.
    """
    from slack_sdk.errors import SlackApiError

    from activities.vendors.slack import SlackClient

    client = SlackClient(*access(config.token, config.connection, context), context)
    try:
        answer = await client.api_call("chat.postMessage", json=config.arguments(context.key))
    except SlackApiError as error:
        response = error.response
        raise sorted_failure(response.status_code, response.headers, response.data) from None
    channel, ts = answer.get("channel"), answer.get("ts")
    if not isinstance(channel, str) or not isinstance(ts, str):
        raise OutcomeUnknown("Slack says that it posted the message but not where; look into the channel.")
    return SlackReceipt(channel=channel, ts=ts)
