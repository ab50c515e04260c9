"""Slack's SDK on the guarded HTTP client; imported only where a message is sent, because the SDK is heavy."""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from activities.context import Context
from activities.http_client.json_body import json_bytes

BASE_URL = "https://slack.com/api/"


class SlackClient(AsyncWebClient):
    """Slack's Web API for one attempt.

    The SDK's own transport reads proxies from the environment, follows redirects and opens connections of its own; here
    every request goes through the process's guarded client, with the attempt's timeout, once.

    Args:
        token: bot token.
        base_url: address to use instead of Slack's own.
        context: the attempt's surroundings.
    """

    def __init__(self, token: str, base_url: str | None, context: Context) -> None:
        super().__init__(token, base_url=base_url or BASE_URL, retry_handlers=[])
        self._context = context

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        """Send one request; what is no JSON object counts as an empty one."""
        body = req_args.get("json")
        answer = await self._context.request(
            http_verb,
            api_url,
            headers=req_args["headers"],
            params={name: str(value) for name, value in (req_args.get("params") or {}).items()},
            content=None if body is None else json_bytes(body),
            effect=http_verb != "GET",
        )
        return {"data": answer.members(), "headers": answer.headers, "status_code": answer.status}
