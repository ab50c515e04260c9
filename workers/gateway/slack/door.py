"""`POST /slack/interactions`: answered at once, decided behind the answer; what does not count is told in private."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from activities.slack.approval import escaped
from trunkline.strict_json import JsonError, read_json
from workers.gateway.entrance import verified_body
from workers.gateway.errands import Errands
from workers.gateway.parts import Verify
from workers.gateway.requests import FORM, RefusalError, content_of
from workers.gateway.slack.api import SlackApi, SlackError
from workers.gateway.slack.clicks import Click, clicks, submitted
from workers.gateway.slack.deciding import ClickOutcome, SlackDecisions
from workers.gateway.slack.entry import SlackEntry
from workers.gateway.slack.form import CALLBACK, form, wrong

log = logging.getLogger("trunkline.gateway.slack")

AT_ONCE = 2.0
"""Seconds that a form waits for the verdict: Slack gives an answer three."""


class SlackDoor:
    """Buttons that people press in Slack.

    Args:
        entry: the file's entry.
        api: access to the app's workspace.
        decisions: what decides.
        errands: what is done behind the answer.
        count: counts a decision by its door and what became of it.
    """

    def __init__(
        self,
        entry: SlackEntry,
        api: SlackApi,
        decisions: SlackDecisions,
        errands: Errands,
        count: Callable[[str, str], None],
    ) -> None:
        self.verify = Verify.model_validate({"slack": entry.signing_secret})
        self.api = api
        self.decisions = decisions
        self.errands = errands
        self.count = count

    def routes(self) -> Iterable[web.RouteDef]:
        """Return its route."""
        yield web.post("/slack/interactions", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        payload = _payload(await verified_body(request, self.verify, None))
        match payload.get("type"):
            case "block_actions":
                for click in clicks(payload):
                    self.errands.start(self._pressed(click))
            case "view_submission" if (payload.get("view") or {}).get("callback_id") == CALLBACK:
                if (refusal := submitted(payload)) is not None:
                    return await self._sent(refusal)
        return web.Response()

    async def _pressed(self, click: Click) -> None:
        if not click.asks_reason:
            await self._tell(click, await self._judge(click))
            return
        try:
            await self.api.call("views.open", {"trigger_id": click.trigger, "view": form(click)})
        except SlackError as error:
            await self._tell(
                click, ClickOutcome("no_form", f"The form for the reason did not open: {error} Click again.")
            )

    async def _sent(self, click: Click) -> web.Response:
        judging = self.errands.start(self._judge(click))
        await asyncio.wait([judging], timeout=AT_ONCE)
        if not judging.done():
            self.errands.start(self._tell_later(click, judging))
            return web.Response()
        verdict = judging.result()
        if not verdict.counts:
            return web.json_response(wrong(verdict.sentence))
        self.errands.start(self._tell(click, verdict))
        return web.Response()

    async def _tell_later(self, click: Click, judging: asyncio.Task[ClickOutcome]) -> None:
        await self._tell(click, await judging)

    async def _judge(self, click: Click) -> ClickOutcome:
        verdict = await self.decisions.decide(click)
        self.count("slack", verdict.result)
        fields = {"door": "slack", "decision": click.decision, "result": verdict.result, "run": click.value["run"]}
        log.info("Slack, %s: %s", click.decision, verdict.result, extra={"fields": fields})
        return verdict

    async def _tell(self, click: Click, verdict: ClickOutcome) -> None:
        """Tell who has clicked, and nobody else, what became of it; what was accepted the message itself says."""
        if verdict.said_elsewhere:
            return
        text = escaped(verdict.sentence)
        try:
            try:
                message = {"response_type": "ephemeral", "replace_original": False, "text": text}
                await self.api.respond(click.response_url, message)
            except SlackError:
                message = {"channel": click.channel, "user": click.user, "text": text}
                await self.api.call("chat.postEphemeral", message)
        except SlackError as error:
            log.warning("Slack does not take what is told about a click: %s", error)


def _payload(body: bytes) -> dict[str, Any]:
    """Return what Slack says that happened; nothing where it is said in no way that is known."""
    try:
        fields = content_of(FORM, body)
        payload = read_json(fields["payload"])
    except (RefusalError, JsonError, KeyError, TypeError):
        log.warning("Slack has sent something that is no interaction.")
        return {}
    return payload if isinstance(payload, dict) else {}
