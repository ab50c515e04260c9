"""A service that pauses: what begins a pause, for whom, and what an attempt does that finds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.context import Context
from activities.errors import ActionError, Paused, Refused, Unavailable
from activities.rest.service import Service
from tests.activities.attempts import ProcessPauses
from tests.activities.http_client.wire import Wire
from tests.activities.rest import rows
from tests.activities.rest.conftest import told
from tests.activities.rest.rows import Desk

PAUSING = replace(rows.DESK, pauses=lambda desk: desk.site)

Send = Callable[..., Any]


class Given(ProcessPauses):
    """Remembers for how long whom somebody paused."""

    def __init__(self) -> None:
        super().__init__()
        self.began: list[float] = []

    async def begin(self, account: str, seconds: float) -> None:
        self.began.append(seconds)
        await super().begin(account, seconds)


@pytest.fixture
def pauses() -> Given:
    return Given()


@pytest.fixture
def send(desk_context: Callable[..., Context], pauses: Given) -> Send:
    async def run(method: Any = "GET", service: Service[Desk] = PAUSING, **more: Any) -> None:
        context = desk_context(pauses=pauses, **more)
        desk = context.connection(None, Desk)
        answer = await service.call(context, desk, method, "/v1/x", json={} if method == "POST" else None)
        assert answer.status == 200

    return run


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, ["X-RateLimit-Reset: 12"], 12),
        (429, ["Retry-After: 7", "X-RateLimit-Reset: 12"], 7),
        (429, ["Retry-After: 7200"], 60),
        (429, ["X-RateLimit-Reset: 5000"], 60),
        (429, ["X-RateLimit-Reset: {unix:.0f}"], 40),
        (429, ["X-RateLimit-Reset: soon"], 60),
        (429, [], 60),
        (200, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 12"], 12),
        (200, ["X-RateLimit-Remaining: 0"], 60),
        (403, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 12"], 12),
        (404, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 12"], 12),
        (500, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 12"], 12),
        (200, ["X-RateLimit-Remaining: 1", "X-RateLimit-Reset: 12"], None),
        (200, ["X-RateLimit-Remaining: none", "X-RateLimit-Reset: 12"], None),
        (200, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 0"], None),
        (403, ["X-RateLimit-Remaining: 3"], None),
        (503, ["Retry-After: 7"], None),
    ],
)
async def test_an_answer_says_for_how_long_nobody_sends(
    send: Send, wire: Wire, pauses: Given, status: int, headers: list[str], wait: float | None
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=40)
    wire.reply(told({"message": "x"}, *[h.format(unix=soon.timestamp()) for h in headers], status=f"{status} x"))
    error: ActionError | None = None
    try:
        await send()
    except ActionError as raised:
        error = raised
    assert (error is None) == (status == 200), "what the answer means stays"
    assert pauses.began == ([] if wait is None else [pytest.approx(wait, abs=2)])
    if wait is not None:
        if isinstance(error, Unavailable):
            assert error.retry_after == pytest.approx(wait, abs=2)
        with pytest.raises(Paused) as paused:
            await send()
        assert paused.value.retry_after == pytest.approx(wait, abs=2)
        assert len(wire.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nothing_is_marked_or_sent_while_it_lasts(send: Send, wire: Wire, pauses: Given, method: str) -> None:
    marks: list[int] = []

    async def sending() -> None:
        marks.append(len(wire.requests))

    await send(method, sending=sending)
    assert marks == ([0] if method == "POST" else [])
    await pauses.begin(next(iter(accounts(wire))), 30)
    with pytest.raises(Paused, match="A limit of Helpdesk is used up, so nothing is sent to this account for 30 s"):
        await send(method, sending=sending)
    assert len(wire.requests) == 1
    assert len(marks) == (method == "POST")


def accounts(wire: Wire, **more: Any) -> set[str]:
    desk = Desk(**{"site": "acme", "api_key": "key-1234567890", "base_url": wire.url, **more})
    return {PAUSING.account(desk)}


async def test_connections_that_lead_to_one_account_share_its_name(wire: Wire) -> None:
    [mine] = accounts(wire)
    assert accounts(wire, api_key="another-1234567890", base_url=f"{wire.url}/", site="ACME") == {mine}
    assert accounts(wire, site="other") != {mine}
    assert accounts(wire, base_url="https://eu.example.com") != {mine}
    assert mine.startswith("Helpdesk/")
    assert not any(part in mine for part in ("acme", "key", "127.0.0.1"))


async def test_a_service_that_does_not_pause_asks_nobody(send: Send, wire: Wire, pauses: Given) -> None:
    wire.reply(told({}, "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 12"))
    for _ in range(2):
        await send("GET", rows.DESK)
    assert (pauses.began, pauses.ends) == ([], {})


class Mute(ProcessPauses):
    """Answers nobody."""

    async def left(self, account: str) -> float:
        raise Unavailable("Temporal could not be asked.")


async def test_where_nobody_can_be_asked_nothing_is_sent(desk_context: Callable[..., Context], wire: Wire) -> None:
    context = desk_context(pauses=Mute())
    with pytest.raises(Unavailable, match="could not be asked"):
        await PAUSING.call(context, context.connection(None, Desk), "POST", "/v1/x")
    assert wire.requests == []


async def test_another_refusal_stays_one(send: Send, wire: Wire) -> None:
    wire.reply(told({"message": "No"}, "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1", status="422 x"))
    with pytest.raises(Refused, match="No"):
        await send("POST")


def test_what_pauses_says_when_limits_end() -> None:
    with pytest.raises(ValueError, match="says by `rates`"):
        replace(PAUSING, rates=None)
