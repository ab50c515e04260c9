"""The sandbox's Slack: what its people press reaches a gateway as Slack would send it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from workers.sandbox import Sandbox
from workers.sandbox.slack_clicks import SIGNING_SECRET
from workers.sandbox.webhooks.gateway import INTERACTIONS, GatewayDoors, Hook
from workers.sandbox.webhooks.signing import Proof

BUTTON = {"type": "button", "action_id": "reject", "value": "{}", "text": {"type": "plain_text", "text": "Reject"}}
MESSAGE = {
    "channel": "#refunds",
    "text": "Refund",
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "<b>Refund</b>"}},
        {"type": "actions", "elements": [BUTTON]},
    ],
}
VIEW = {"type": "modal", "title": {"type": "plain_text", "text": "Reject"}, "blocks": [{"type": "input"}]}


@asynccontextmanager
async def gateway() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes what Slack signs, and remembers it."""
    taken: list[dict[str, Any]] = []
    verifier = SignatureVerifier(SIGNING_SECRET)

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if not verifier.is_valid_request(body, dict(request.headers)):
            return web.Response(status=401)
        taken.append(json.loads(parse_qs(body.decode())["payload"][0]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/interactions", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/interactions", taken
    finally:
        await runner.cleanup()


async def call(session: aiohttp.ClientSession, method: str, **body: Any) -> Any:
    headers = {"Authorization": "Bearer xoxb-1"}
    async with session.post(f"/slack/{method}", json=body, headers=headers) as answer:
        return await answer.json()


async def test_an_author_presses_buttons_as_anybody() -> None:
    async with Sandbox(0) as sandbox, gateway() as (to, taken), aiohttp.ClientSession(sandbox.url) as session:

        async def click(**keys: Any) -> tuple[int, Any]:
            async with session.post("/_/slack/clicks", json={"to": to, "person": "ann@example.com", **keys}) as answer:
                return answer.status, await answer.json()

        status, told = await click(action="reject")
        assert (status, told) == (400, {"error": "No message has a button 'reject'."})
        place = await call(session, "chat.postMessage", **MESSAGE)
        assert (await click(action="approve"))[0] == 400
        status, told = await click(action="reject", standing="guest", reason="no")
        assert (status, told["status"]) == (200, 200)
        (pressed,) = taken
        assert pressed["user"]["id"] == told["user"]
        assert pressed["container"]["message_ts"] == place["ts"]
        assert pressed["state"]["values"]["reason"]["reason"]["value"] == "no"
        assert (await click(action="reject", signingSecret="other"))[1]["status"] == 401
        for wrong in ({"to": "http://example.com/"}, {"person": "ann"}, {"standing": "boss"}, {"view": "V0"}):
            assert (await click(**wrong))[0] == 400, wrong
        assert (await click(action="reject", to="http://127.0.0.1:1/"))[0] == 502
        hook = Hook("/slack/interactions", Proof("slack", SIGNING_SECRET))
        sandbox.send_to(GatewayDoors(to.removesuffix(hook.path), "https://hooks.example.com", {INTERACTIONS: hook}))
        assert (await click(action="reject", to=None))[1]["status"] == 200, (
            "of the gateway beside it everything is known"
        )
        assert len(taken) == 2

        known = await call(session, "users.info", user=told["user"])
        assert (known["user"]["is_restricted"], known["user"]["profile"]["email"]) == (True, "ann@example.com")
        assert (await call(session, "users.info", user="U1"))["error"] == "user_not_found"
        opened = {"trigger_id": pressed["trigger_id"], "view": VIEW}
        assert (await call(session, "views.open", trigger_id="1", view=VIEW))["error"] == "invalid_trigger_id"
        long = {**VIEW, "title": {"type": "plain_text", "text": "x" * 25}}
        assert (await call(session, "views.open", **{**opened, "view": long}))["error"] == "invalid_arguments"
        view = (await call(session, "views.open", **opened))["view"]["id"]
        assert (await call(session, "views.open", **opened))["error"] == "exchanged_trigger_id"
        assert (await click(view=view, reason="why"))[1]["status"] == 200
        assert taken[-1]["type"] == "view_submission"
        assert (await click(view=view))[0] == 400, "a form is sent once"

        for number in range(6):
            async with session.post(pressed["response_url"], json={"text": f"told {number}"}) as answer:
                assert answer.status == (200 if number < 5 else 404)
        assert (await call(session, "chat.postEphemeral", channel="C1", user="U1", text="a"))["ok"] is False
        assert (await call(session, "chat.postEphemeral", channel="C1", user=told["user"], text="psst"))["ok"] is True
        gone = await call(session, "chat.update", channel=place["channel"], ts="1.1", text="a")
        assert gone["error"] == "message_not_found"
        await call(session, "chat.update", channel=place["channel"], ts=place["ts"], text="Decided <i>")
        async with session.get("/_/slack/messages") as answer:
            seen = await answer.json()
        assert [one["text"] for one in seen["messages"]] == ["Decided <i>"]
        assert [one["text"] for one in seen["private"]] == [*(f"told {number}" for number in range(5)), "psst"]


@pytest.mark.parametrize("standing", ["member", "deactivated"])
async def test_the_page_shows_messages_and_takes_its_own_forms(standing: str) -> None:
    async with Sandbox(0) as sandbox, gateway() as (to, taken), aiohttp.ClientSession(sandbox.url) as session:
        place = await call(session, "chat.postMessage", **MESSAGE)
        async with session.get("/_/slack") as page:
            text = await page.text()
        assert "&lt;b&gt;Refund&lt;/b&gt;" in text
        assert "<b>Refund" not in text
        assert f'<input type="hidden" name="ts" value="{place["ts"]}">' in text
        form = {"ts": place["ts"], "person": "ann@example.com", "standing": standing, "reason": "", "action": "reject"}
        async with session.post("/_/slack/clicks", data={**form, "to": to}, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/_/slack")
        assert taken[0]["state"]["values"]["reason"]["reason"]["value"] is None
        other = {"Origin": "http://evil.example"}
        async with session.post("/_/slack/clicks", data={**form, "to": to}, headers=other) as answer:
            assert answer.status == 403
        async with session.get("/") as page:
            assert 'href="/_/slack"' in await page.text()
