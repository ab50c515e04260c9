"""Who the sandbox stands in for: one file a vendor, and its entry here."""

from __future__ import annotations

from collections.abc import Mapping

from workers.sandbox.vendor import Absent, Vendor
from workers.sandbox.vendors.cloudtalk import CloudTalk
from workers.sandbox.vendors.http import Receiver
from workers.sandbox.vendors.slack import Slack
from workers.sandbox.vendors.speech import GOOGLE, WHISPER
from workers.sandbox.vendors.twilio import Twilio

Vendors = Mapping[str, type[Vendor] | Absent]

VENDORS: Vendors = {
    "slack": Slack,
    "twilio": Twilio,
    "cloudtalk": CloudTalk,
    "google": GOOGLE,
    "whisper": WHISPER,
    "http": Receiver,
}
"""Every kind of connection, and `http`, which needs none; page, faults, connections and command line derive from it."""
