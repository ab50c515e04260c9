"""The seal of an approved request: what is about to be sent is checked against it once more."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from activities.errors import Refused


def check_seal(action_type: str, call: Mapping[str, Any]) -> None:
    """Check that a call which carries a `digest` is the request that people saw.

    The digest is the lowercase hex SHA-256 over the RFC 8785 form of `{actionType, config, secrets, connection?}`.

    Raises:
        Refused: it is another request.
    """
    if "digest" not in call:
        return
    config = call["config"]
    request = {"actionType": action_type, "config": config, "secrets": call.get("secrets", [])}
    if isinstance(config.get("connection"), str):
        request["connection"] = config["connection"]
    try:
        digest = hashlib.sha256(rfc8785.dumps(request)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError):
        digest = None
    if digest != call["digest"]:
        raise Refused("The request is not the one that was approved: its digest is another. Nothing was sent.")
