"""`/_/slack`: lets an author press a button of a message as somebody, and sends what Slack would send, signed alike."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from activities.violations import sentence_of
from workers.sandbox.slack_page import slack_page
from workers.sandbox.slack_people import TEAM, Person, Standing
from workers.sandbox.vendors.slack import RESPONSES, SlackVendor
from workers.sandbox.webhooks.gateway import INTERACTIONS, GatewayDoors

GATEWAY = "http://127.0.0.1:8700/slack/interactions"
SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105 # the sandbox's own, which everybody knows
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
WITHIN = aiohttp.ClientTimeout(total=10)
FORM = "application/x-www-form-urlencoded"

Given = Annotated[str | None, BeforeValidator(lambda given: given or None)]
"""A text; an empty field of a form is none."""


class SandboxClick(BaseModel):
    """Somebody presses a button, or sends a form.

    Attributes:
        person: their address.
        standing: what they are to the workspace.
        action: `action_id` of the button.
        ts: the message; by default the latest that has such a button.
        view: id of the form that is sent; no button is pressed then.
        reason: what they write.
        to: where the gateway takes it: an address of this machine; by default that of the gateway beside the sandbox.
        signing_secret: what it is signed with; by default what that gateway believes.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    person: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    standing: Standing = "member"
    action: str = "approve"
    ts: Given = None
    view: Given = None
    reason: Given = None
    to: Given = None
    signing_secret: Given = None


class Clicks:
    """The page of the sandbox's Slack, and the clicks that come from it.

    Args:
        vendor: the sandbox's Slack.
        gateway: returns the gateway beside the sandbox, if there is one.
    """

    def __init__(self, vendor: SlackVendor, gateway: Callable[[], GatewayDoors | None]) -> None:
        self.vendor = vendor
        self.gateway = gateway

    def routes(self) -> Iterator[web.RouteDef]:
        """Yield its routes."""
        yield web.get("/_/slack", self._page)
        yield web.get("/_/slack/messages", self._messages)
        yield web.post("/_/slack/clicks", self._click)

    async def _page(self, _http: web.Request) -> web.Response:
        text = slack_page([*self.vendor.messages], self.vendor.screens)
        return web.Response(
            text=text,
            content_type="text/html",
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'self'"},
        )

    async def _messages(self, _http: web.Request) -> web.Response:
        screens = self.vendor.screens
        document = {
            "messages": [*self.vendor.messages],
            "private": [*screens.private],
            "views": [*screens.views.values()],
        }
        return web.json_response(document)

    async def _click(self, http: web.Request) -> web.Response:
        by_form = http.content_type == FORM
        try:
            click = SandboxClick.model_validate(dict(await http.post()) if by_form else await http.json())
            to, secret = self._door(click)
            address = urlsplit(to)
            if address.scheme != "http" or address.hostname not in LOCAL:
                raise ValueError("`to` is an address of this machine, as " + GATEWAY)  # noqa: TRY301 # told like the others
            person = Person(click.person, click.standing)
            payload = self._sent(click, person) if click.view else self._pressed(click, person, http)
        except ValidationError as error:
            return web.json_response({"error": f"This is no click: {sentence_of(error)}."}, status=400)
        except ValueError as error:
            return web.json_response({"error": f"{error}."}, status=400)
        try:
            answer = await deliver(payload, to, secret)
        except (aiohttp.ClientError, TimeoutError) as error:
            return web.json_response({"error": f"No gateway answers at {to}: {error}."}, status=502)
        taken = answer["status"] == HTTPStatus.OK and "errors" not in answer["body"]
        if click.view and taken:
            del self.vendor.screens.views[click.view]
        if by_form and taken:
            raise web.HTTPSeeOther("/_/slack")
        return web.json_response({**answer, "user": person.id})

    def _door(self, click: SandboxClick) -> tuple[str, str]:
        """Return where a click is sent, and what it is signed with."""
        gateway = self.gateway()
        hook = None if gateway is None else gateway.hooks.get(INTERACTIONS)
        if gateway is None or hook is None:
            return click.to or GATEWAY, click.signing_secret or SIGNING_SECRET
        return click.to or f"{gateway.url}{hook.path}", click.signing_secret or hook.proof.secret

    def _pressed(self, click: SandboxClick, person: Person, http: web.Request) -> dict[str, Any]:
        found = ((one, button) for one in self.vendor.messages for button in buttons(one))
        fitting = (
            pair for pair in found if pair[1].get("action_id") == click.action and click.ts in {None, pair[0]["ts"]}
        )
        message, button = next(fitting, (None, None))
        if message is None or button is None:
            raise ValueError(f"No message{f' {click.ts}' if click.ts else ''} has a button {click.action!r}")
        ticket = self.vendor.screens.ticket(person, message["channel"])
        base = f"http://{http.host}/slack"
        return {
            "type": "block_actions",
            **self._who(person),
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"]},
            "channel": {"id": message["channel"]},
            "message": {name: value for name, value in message.items() if name != "channel"},
            "trigger_id": ticket,
            "response_url": f"{base}{RESPONSES}{ticket}",
            "state": _state(click.reason),
            "actions": [{**button, "block_id": "decision", "action_ts": f"{time.time():.6f}"}],
        }

    def _sent(self, click: SandboxClick, person: Person) -> dict[str, Any]:
        view = self.vendor.screens.views.get(click.view or "")
        if view is None:
            raise ValueError(f"There is no form {click.view!r}")
        self.vendor.screens.people[person.id] = person
        return {"type": "view_submission", **self._who(person), "view": {**view, "state": _state(click.reason)}}

    def _who(self, person: Person) -> dict[str, Any]:
        name = person.email.partition("@")[0]
        user = {"id": person.id, "username": name, "name": name, "team_id": person.team}
        return {"user": user, "team": {"id": TEAM, "domain": "sandbox"}, "api_app_id": "A0SANDBOX"}


async def deliver(payload: Mapping[str, Any], to: str, secret: str) -> dict[str, Any]:
    """Send an interaction as Slack does, and return status and body of the answer."""
    body = urlencode({"payload": json.dumps(payload)}).encode()
    sent = str(int(time.time()))
    signature = hmac.new(secret.encode(), f"v0:{sent}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": FORM, "X-Slack-Request-Timestamp": sent, "X-Slack-Signature": f"v0={signature}"}
    async with (
        aiohttp.ClientSession(timeout=WITHIN) as session,
        session.post(to, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return {"status": answer.status, "body": await answer.text()}


def buttons(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the buttons of a message."""
    for block in message.get("blocks") or ():
        if block.get("type") == "actions":
            yield from (one for one in block.get("elements") or () if one.get("type") == "button")


def _state(reason: str | None) -> dict[str, Any]:
    return {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}}
