"""A bridge as Talkdesk's partners build one: https://docs.talkdesk.com/docs/implementing-an-action-executor."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Vendor

PARTS = ("auth", "data", "meta")


class TalkdeskBridgeVendor(Vendor):
    """A bridge whose actions all make something; any credentials are good, except those that contain `invalid`.

    Where `data` has `fail`, it refuses with that as its message.
    """

    title: ClassVar[str] = "Talkdesk bridge"
    connection: ClassVar[Mapping[str, Any]] = {"auth": {"token": "sandbox-bridge-token"}}

    def __init__(self) -> None:
        self._ids = count(1_001)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one action."""
        if request.method != "POST":
            return VendorAnswer(405, {"message": "Only POST is allowed"})
        body = request.json
        if not isinstance(body, dict) or any(not isinstance(body.get(part, {}), dict) for part in PARTS):
            return VendorAnswer(400, {"message": "The request must have auth, data and meta"})
        if any("invalid" in str(value) for value in body.get("auth", {}).values()):
            return VendorAnswer(401, {"message": "Invalid credentials"})
        if refused := body.get("data", {}).get("fail"):
            return VendorAnswer(400, {"message": str(refused)})
        made = {"message": "Successfully created", "external_id": str(next(self._ids))}
        return VendorAnswer(201, made, accepted=True)

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as a bridge does that has a fault."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return VendorAnswer(status, {"message": "The bridge has a fault"}, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the contact, and the fields."""
        body = request.json if isinstance(request.json, dict) else {}
        meta, data = body.get("meta"), body.get("data")
        contact = meta.get("contact_external_id", "") if isinstance(meta, dict) else ""
        fields = ", ".join(f"{name}: {value}" for name, value in data.items()) if isinstance(data, dict) else ""
        return str(contact or ""), fields
