"""A workspace of Slack for tests: the sandbox's, and clicks that are signed by Slack's own SDK."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml
from slack_sdk.signature import SignatureVerifier
from temporalio.client import Client

from tests.workers.gateway.doors import Answer, Served, served
from workers.sandbox import Sandbox
from workers.sandbox.slack_clicks import buttons
from workers.sandbox.slack_people import TEAM, Person, Standing
from workers.sandbox.vendors.slack import SlackVendor

JSON = dict[str, Any]
OLD, NEW = "signing-secret-of-last-year", "signing-secret-of-today"


@dataclass
class Workspace:
    """Slack as the gateway and its people see it."""

    served: Served
    sandbox: Sandbox

    @property
    def slack(self) -> SlackVendor:
        vendor = self.sandbox._app.vendors["slack"]
        assert isinstance(vendor, SlackVendor)
        return vendor

    def message(self, about: str) -> JSON:
        """Return the latest message that says this."""
        return next(one for one in self.slack.messages if about in one["text"])

    def told(self, person: str) -> list[str]:
        """Return what somebody was told in private."""
        return [one["text"] for one in self.slack.screens.private if one["person"] == person]

    async def until(self, holds: Callable[[], Any], seconds: float = 10) -> None:
        for _ in range(round(seconds / 0.02)):
            if holds():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(
            f"not within {seconds} s: {[*self.slack.screens.private]} {[*self.slack.messages]}"[:4_000]
        )

    async def send(self, payload: Any, *, secret: str = NEW, at: int | None = None, **headers: str) -> Answer:
        """Send an interaction, signed by Slack's own SDK."""
        body = urlencode({"payload": json.dumps(payload)})
        sent = str(int(time.time()) + (at or 0))
        signature = SignatureVerifier(secret).generate_signature(timestamp=sent, body=body)
        signed = {"X_Slack_Request_Timestamp": sent, "X_Slack_Signature": str(signature), **headers}
        return await self.served.post("/slack/interactions", body, media="application/x-www-form-urlencoded", **signed)

    def pressed(
        self,
        message: JSON,
        action: str,
        email: str,
        standing: Standing = "member",
        *,
        reason: str | None = None,
        **value: Any,
    ) -> JSON:
        """Return the interaction of a button; `value` changes what the button holds."""
        person = Person(email, standing)
        ticket = self.slack.screens.ticket(person, message["channel"])
        button = next(one for one in buttons(message) if one["action_id"] == action)
        if value:
            button = {**button, "value": json.dumps({**json.loads(button["value"]), **value})}
        return {
            "type": "block_actions",
            "user": {"id": person.id, "name": "boss@example.com", "team_id": person.team},
            "team": {"id": TEAM},
            "channel": {"id": message["channel"]},
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"]},
            "trigger_id": ticket,
            "response_url": f"{self.sandbox.url}/slack/responses/{ticket}",
            "state": {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}},
            "actions": [button],
        }

    async def press(self, *given: Any, **more: Any) -> Answer:
        answer = await self.send(self.pressed(*given, **more))
        assert (answer.status, answer.text) == (200, "")
        return answer

    def submitted(self, email: str, reason: str | None, standing: Standing = "member") -> JSON:
        """Return the interaction of the form that was opened last."""
        person = Person(email, standing)
        self.slack.screens.people[person.id] = person
        view = [*self.slack.screens.views.values()][-1]
        return {
            "type": "view_submission",
            "user": {"id": person.id, "name": "boss@example.com", "team_id": person.team},
            "team": {"id": TEAM},
            "view": {**view, "state": {"values": {"reason": {"reason": {"value": reason}}}}},
        }


@contextlib.asynccontextmanager
async def workspace(
    client: Client, sandbox: Sandbox, folder: Path, *, task_queue: str = "unused", grace: float = 0, **config: Any
) -> AsyncIterator[Workspace]:
    """Serve a gateway that takes the buttons of the sandbox's Slack."""
    file = folder / "connections.yaml"
    entry = {"kind": "slack", "token": "xoxb-sandbox-token", "baseUrl": f"{sandbox.url}/slack"}
    file.write_text(yaml.safe_dump({"team-slack": entry}), encoding="utf-8")
    given = {"slack": {"connection": "team-slack", "signingSecret": [OLD, NEW]}, **config}
    settings: JSON = {"connections": file, "allow": ("127.0.0.1",), "grace": grace}
    async with served(client, folder, json.dumps(given), task_queue=task_queue, **settings) as gateway:
        yield Workspace(gateway, sandbox)
