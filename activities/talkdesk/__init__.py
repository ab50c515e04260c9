"""Bridges of Talkdesk's, called as Talkdesk calls them."""

from activities.talkdesk.connection import TalkdeskBridge
from activities.talkdesk.execute_bridge_action import execute_bridge_action

ACTIONS = (execute_bridge_action,)
CONNECTIONS = (TalkdeskBridge,)
