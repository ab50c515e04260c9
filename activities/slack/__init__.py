"""Slack."""

from activities.slack.connection import Slack
from activities.slack.send_slack_message import send_slack_message

ACTIONS = (send_slack_message,)
CONNECTIONS = (Slack,)
