"""What the sandbox remembers: every request, what it was answered, and the fault that it met, if any."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

CONFIDENTIAL = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})
MASK = "••••••••"
MOST_REQUESTS = 20_000
MOST_BYTES = 64 * 1024 * 1024
MOST_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as it arrived; header names are in lower case.

    `host` is the host that was meant, with its port where that is not the usual one; None where it was the sandbox.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    host: str | None = None

    @property
    def json(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.raw)
        except (ValueError, RecursionError):
            return None

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.raw.decode(errors="replace"), keep_blank_values=True))

    @property
    def body(self) -> Any:
        """The body as its content type reads: JSON, a form, or text; None where there is none."""
        if not self.raw:
            return None
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return self.form
        parsed = self.json
        return self.raw.decode(errors="replace") if parsed is None else parsed


@dataclass(frozen=True, slots=True)
class VendorAnswer:
    """What a vendor answers; `accepted` says whether the request had its effect."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: bool = False

    @property
    def shown(self) -> Any:
        """The body for people and scripts."""
        return f"{len(self.body):,} bytes" if isinstance(self.body, bytes) else self.body

    @property
    def content(self) -> bytes:
        """The body's bytes: text and bytes as they stand, anything else as JSON."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode(errors="replace")


@dataclass(slots=True)
class RecordEntry:
    """One request that the sandbox remembers.

    Attributes:
        id: counts from 1.
        at: when it arrived.
        vendor: first part of the path.
        request: what arrived, with its credentials; `shown` masks them.
        accepted: whether it had its effect (the message exists, the call was counted).
        answer: what was answered; None where the connection was dropped.
        fault: the fault that was applied, if any.
        key: the idempotency key that it carried, if any.
    """

    id: int
    at: datetime
    vendor: str
    request: ReceivedRequest
    accepted: bool = False
    answer: VendorAnswer | None = None
    fault: Mapping[str, Any] | None = None
    key: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as JSON for people and scripts, credentials masked and long bodies cut."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "vendor": self.vendor,
            "host": self.request.host,
            "key": self.key,
            "method": self.request.method,
            "path": self.request.path,
            "query": dict(self.request.query),
            "headers": masked(self.request.headers),
            "body": cut(self.request.body, len(self.request.raw)),
            "accepted": self.accepted,
            "answer": None if self.answer is None else {"status": self.answer.status, "body": self.answer.shown},
            "fault": self.fault,
        }


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers without the credentials in them; the scheme stays (`Bearer ••••••••`)."""
    return {name: _masked(value) if name in CONFIDENTIAL else value for name, value in headers.items()}


def _masked(value: str) -> str:
    scheme, space, rest = value.partition(" ")
    return f"{scheme} {MASK}" if space and rest else MASK


def cut(body: Any, size: int) -> Any:
    """Return the body, or its beginning as text where it is too long to show."""
    if size <= MOST_BODY:
        return body
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return f"{text[:MOST_BODY]}… ({size} bytes)"


class RequestRecord:
    """The requests of one sandbox, oldest first; the oldest are forgotten when there are too many or too much."""

    def __init__(self) -> None:
        self.counted = 0
        self._kept: deque[RecordEntry] = deque()
        self._bytes = 0

    def __iter__(self) -> Iterator[RecordEntry]:
        return iter(tuple(self._kept))

    def add(self, received: RecordEntry) -> None:
        """Remember one request."""
        self._kept.append(received)
        self._bytes += len(received.request.raw)
        while len(self._kept) > MOST_REQUESTS or (self._bytes > MOST_BYTES and len(self._kept) > 1):
            self._bytes -= len(self._kept.popleft().request.raw)

    def next_id(self) -> int:
        """Return the next request's number."""
        self.counted += 1
        return self.counted

    def find(self, vendor: str | None = None, key: str | None = None) -> list[RecordEntry]:
        """Return what arrived, oldest first, of one vendor and under one idempotency key where given."""
        return [one for one in self if vendor in (None, one.vendor) and key in (None, one.key)]

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._bytes = 0
