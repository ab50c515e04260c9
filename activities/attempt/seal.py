"""The seal of an approved request: what is about to be sent is checked against it once more."""

from __future__ import annotations

from activities.errors import Refused
from trunkline.wire import Call, SealError, request_from, seal


def check_seal(action_type: str, call: Call) -> None:
    """Check that a call which carries a `digest` is the request that people saw.

    Raises:
        Refused: it is another request.
    """
    if "digest" not in call:
        return
    try:
        digest = seal(request_from(action_type, call["config"], call.get("secrets", [])))
    except SealError:
        digest = None
    if digest != call["digest"]:
        raise Refused("The request is not the one that was approved: its digest is another. Nothing was sent.")
