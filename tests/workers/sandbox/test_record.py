from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from workers.sandbox import record as module
from workers.sandbox.record import ReceivedRequest, RecordEntry, RequestRecord, VendorAnswer


def received(record: RequestRecord, body: bytes = b"", headers: Mapping[str, str] | None = None) -> RecordEntry:
    request = ReceivedRequest("POST", "/http/x", {}, headers or {}, body)
    return RecordEntry(
        id=record.next_id(), at=datetime.now(UTC), vendor="http", request=request, answer=VendorAnswer(200, None)
    )


def test_credentials_are_never_shown() -> None:
    headers = {"authorization": "Bearer hush", "cookie": "hush", "x-api-key": "hush", "accept": "*/*"}
    shown = received(RequestRecord(), headers=headers).shown()
    assert shown["headers"] == {
        "authorization": "Bearer ••••••••",
        "cookie": "••••••••",
        "x-api-key": "••••••••",
        "accept": "*/*",
    }


def test_oldest_requests_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REQUESTS", 3)
    record = RequestRecord()
    for _ in range(5):
        record.add(received(record))
    assert [one.id for one in record] == [3, 4, 5]


def test_oldest_requests_are_forgotten_when_they_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 25)
    record = RequestRecord()
    for _ in range(4):
        record.add(received(record, b"x" * 10))
    assert [one.id for one in record] == [3, 4]


def test_long_bodies_are_shown_cut() -> None:
    shown = received(RequestRecord(), b"x" * 100_000).shown()
    assert shown["body"].endswith("x… (100000 bytes)")
    assert len(shown["body"]) < 70_000


@pytest.mark.parametrize(
    ("kind", "raw", "body"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("", b'{"a": 1}', {"a": 1}),
        ("application/x-www-form-urlencoded", b"a=1&b=", {"a": "1", "b": ""}),
        ("text/plain", b"hello", "hello"),
        ("application/json", b"\xff{", "\ufffd{"),
        ("application/json", b"", None),
    ],
)
def test_body_is_read_as_its_content_type_says(kind: str, raw: bytes, body: object) -> None:
    assert ReceivedRequest("POST", "/", {}, {"content-type": kind}, raw).body == body
