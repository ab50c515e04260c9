"""A server that says when to come back is listened to, within the step's budget."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest

from tests.engine import Engine, step

ASK = """
name: ask
trigger: {event: test.fired}
actions:
  - label: Ask
    actionType: http_request
    config: {method: POST, url: RECEIVER/busy, body: {}}
    retry: {initialInterval: 10ms, within: WITHIN}
"""


@pytest.mark.parametrize("spelling", ["seconds", "date", "retry-after-ms", "x-ratelimit-reset"])
async def test_every_spelling_sets_the_pause(engine: Engine, spelling: str) -> None:
    name, value = {
        "seconds": ("Retry-After", "1"),
        "date": ("Retry-After", formatdate(time.time() + 2, usegmt=True)),
        "retry-after-ms": ("Retry-After-Ms", "1000"),
        "x-ratelimit-reset": ("X-RateLimit-Reset", str(int(time.time()) + 2)),
    }[spelling]
    engine.define(ASK.replace("WITHIN", "1m"))
    engine.receiver.answer("/busy", 429, headers={name: value})
    engine.receiver.answer("/busy", 200)
    began = asyncio.get_running_loop().time()
    report = await engine.run("ask")
    took = asyncio.get_running_loop().time() - began
    assert report["outcome"] == "completed"
    assert step(report, "Ask")["attempts"] == 2
    assert 0.8 <= took <= 8, "it came back when it was told to, not after 10 ms"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_beyond_the_budget_ends_the_step_at_once_with_what_the_server_said(
    engine: Engine, status: int
) -> None:
    engine.define(ASK.replace("WITHIN", "5s"))
    engine.receiver.answer("/busy", status, headers={"Retry-After": "86400"})
    began = asyncio.get_running_loop().time()
    ended = step(await engine.run("ask"), "Ask")
    assert asyncio.get_running_loop().time() - began < 6, "a day is not waited for"
    assert (ended["status"], ended["error"]["type"]) == ("failed", "Unavailable")
    assert str(status) in ended["error"]["message"]
    assert len(engine.receiver.requests) == 1


async def test_pauses_add_up_to_the_budget_and_no_more(engine: Engine) -> None:
    engine.define(ASK.replace("WITHIN", "2500ms"))
    engine.receiver.answer("/busy", 429, headers={"Retry-After": "1"})
    began = asyncio.get_running_loop().time()
    ended = step(await engine.run("ask"), "Ask")
    assert asyncio.get_running_loop().time() - began < 5
    assert ended["error"]["type"] == "Unavailable"
    assert 2 <= len(engine.receiver.requests) <= 3
