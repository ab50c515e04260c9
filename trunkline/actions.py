"""What a module with actions of a user's own needs; everything else of Trunkline may change without notice.

`docs/adding-an-action.md` shows how it is used.
"""

from __future__ import annotations

from activities.action import Action, Config, Credential, Result, Static, Syntax, action
from activities.connections import Connection
from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.http_client.message import Response
from activities.rest.answers import RateHeaders
from activities.rest.endpoint import endpoint, found_by
from activities.rest.paging import Listed, Paging
from activities.rest.service import Service
from activities.rest.sign_in import client_credentials, jwt_bearer, refresh_token

__all__ = [
    "Action",
    "Config",
    "Connection",
    "Context",
    "Credential",
    "Listed",
    "OutcomeUnknown",
    "Paging",
    "RateHeaders",
    "Refused",
    "Response",
    "Result",
    "Service",
    "Static",
    "Syntax",
    "Unavailable",
    "action",
    "client_credentials",
    "endpoint",
    "found_by",
    "jwt_bearer",
    "refresh_token",
]
