"""Every operation of any service that has a description."""

from __future__ import annotations

from activities.connectors.execute_connector_action import KINDS, execute_connector_action

ACTIONS = (execute_connector_action,)
CONNECTIONS = KINDS
