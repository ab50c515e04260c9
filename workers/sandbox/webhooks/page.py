"""The page on which people send web hooks by hand, and its routes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import ValidationError

from activities.violations import sentence_of
from workers.sandbox.webhooks.gateway import GatewayDoors
from workers.sandbox.webhooks.senders import FORM, SENDERS
from workers.sandbox.webhooks.sending import Delivery, GatewayAnswer, UndeliverableError, send

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Send a web hook</title>
<link rel="stylesheet" href="/_/page.css">
</head>
<body>
<header class="top"><div><h1>Send a web hook</h1><nav><a href="/">Sandbox</a></nav></div></header>
<main>
<p class="note">{note}</p>
{forms}
</main>
</body>
</html>
"""

FORM_OF_ONE = """<details class="panel send" id="send-{name}"{opened}>
<summary><b>{title}</b></summary>
{answer}<form method="post" action="/_/send/{name}">
<label for="hook-{name}">Source in the gateway's file, where it is not {name}</label>
<input id="hook-{name}" name="hook" value="{hook}" autocomplete="off">
<label for="url-{name}">Address on this machine instead of the gateway's</label>
<input id="url-{name}" name="url" value="{url}" autocomplete="off">
<label for="id-{name}">Id of the delivery; the same once more is a repetition</label>
<input id="id-{name}" name="id" value="{id}" autocomplete="off">
<label for="body-{name}">Body</label>
<textarea id="body-{name}" name="body" rows="12" spellcheck="false">{body}</textarea>
<button>Send</button>
</form>
</details>"""

ANSWER = '<p class="status {how}">{status}</p><pre>{text}</pre>\n'


class WebhooksPage:
    """The routes below `/_/send`.

    Args:
        gateway: returns the gateway that runs beside the sandbox, if one does.
    """

    def __init__(self, gateway: Callable[[], GatewayDoors | None]) -> None:
        self.gateway = gateway

    def routes(self) -> Iterable[web.RouteDef]:
        """Return its routes."""
        return web.get("/_/send", self._page), web.post("/_/send/{sender}", self._send)

    async def _page(self, _: web.Request) -> web.Response:
        return _html(self._shown())

    async def _send(self, http: web.Request) -> web.Response:
        name = http.match_info["sender"]
        if name not in SENDERS:
            return _error(404, f"The sandbox sends nothing as {name[:100]!r}; it sends as {', '.join(SENDERS)}.")
        content = await http.read()
        typed = _typed(http.content_type, content)
        sent = await self._sent(name, content if typed is None else _delivered(typed))
        if "text/html" in http.headers.get("Accept", ""):
            return _html(self._shown(name, typed, sent))
        return web.Response(status=sent.status, body=sent.body, headers={"Content-Type": sent.media})

    async def _sent(self, name: str, content: bytes | dict[str, Any]) -> GatewayAnswer:
        """Send, and return what the gateway answered, or why nothing was sent."""
        try:
            if isinstance(content, dict):
                delivery = Delivery.model_validate(content)
            else:
                delivery = Delivery.model_validate_json(content) if content.strip() else Delivery()
            return await send(name, delivery, self.gateway())
        except ValidationError as error:
            return _not_sent(f"This is no delivery: {sentence_of(error)}.")
        except UndeliverableError as error:
            return _not_sent(f"This cannot be sent: {error}.")

    def _shown(
        self, chosen: str | None = None, fields: dict[str, str] | None = None, sent: GatewayAnswer | None = None
    ) -> str:
        """Return the page, with what was typed and answered last."""
        gateway = self.gateway()
        note = (
            "No gateway runs beside this sandbox: give an address of this machine."
            if gateway is None
            else f"To the gateway at {gateway.url}, whose file has {', '.join(gateway.hooks) or 'nothing'}."
        )
        unique, at = uuid.uuid4().hex, datetime.now(UTC)
        forms = [
            FORM_OF_ONE.format(
                name=name,
                title=escape(sender.title),
                opened=" open" if name == chosen else "",
                answer=_answered(sent) if sent is not None and name == chosen else "",
                **{key: escape(typed.get(key, "")) for key in ("hook", "url", "id")},
                body=escape(typed.get("body") or json.dumps(sender.body(unique, at), indent=2, ensure_ascii=False)),
            )
            for name, sender in SENDERS.items()
            for typed in ((fields or {}) if name == chosen else {},)
        ]
        return FRAME.format(note=escape(note), forms="\n".join(forms))


def _typed(kind: str, content: bytes) -> dict[str, str] | None:
    """Return the fields of the page's form; None where it is JSON, which some clients send as a form too."""
    if kind != FORM or content.lstrip().startswith(b"{"):
        return None
    return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))


def _delivered(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the delivery that a form says; its empty fields say nothing."""
    given: dict[str, Any] = {name: typed[name].strip() for name in ("hook", "url", "id") if typed.get(name, "").strip()}
    if body := typed.get("body", "").strip():
        try:
            given["body"] = json.loads(body)
        except ValueError:
            given["body"] = body
    return given


def _not_sent(sentence: str) -> GatewayAnswer:
    return GatewayAnswer(HTTPStatus.BAD_REQUEST, "application/json", json.dumps({"error": sentence}).encode())


def _answered(sent: GatewayAnswer) -> str:
    text = sent.body.decode(errors="replace") or "(an empty body)"
    how = "good" if sent.status < HTTPStatus.MULTIPLE_CHOICES else "bad"
    return ANSWER.format(how=how, status=f"Answered {sent.status}", text=escape(text))


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=SECURITY)


def _error(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
