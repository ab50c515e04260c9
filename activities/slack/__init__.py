"""Slack."""

from activities.slack.send_slack_approval import send_slack_approval
from activities.slack.send_slack_message import send_slack_message
from activities.vendors.accounts.slack import Slack

ACTIONS = (send_slack_approval, send_slack_message)
CONNECTIONS = (Slack,)
