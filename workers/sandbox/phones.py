"""Telephone numbers that the sandbox's text message vendors know something about: Twilio's own test numbers."""

from __future__ import annotations

import re

E164 = re.compile(r"\+[1-9][0-9]{1,14}")
MOST_TEXT = 1600

INVALID = "+15005550001"
UNREACHABLE = "+15005550002"
NOT_ALLOWED = "+15005550003"
UNSUBSCRIBED = "+15005550004"
NOT_OURS = "+15005550007"
QUEUE_FULL = "+15005550008"
NOT_MOBILE = "+15005550009"
