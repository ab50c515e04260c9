"""Looking into a Slack channel for a message that may have been posted."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError

from activities.context import Context
from activities.slack.failures import sorted_failure
from activities.vendors.slack import SlackClient

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
CLOCKS = timedelta(minutes=5)
"""How far Slack's clock may be behind ours; the key tells this step's message from all others."""

PAGE = 200
MOST_PAGES = 5


class Channel:
    """A workspace's channels, as one attempt may read them (scopes channels:history, and channels:read for names)."""

    def __init__(self, token: str, base_url: str | None, context: Context) -> None:
        self._client = SlackClient(token, base_url, context)
        self._key = context.key

    async def find(self, name: str, event_type: str, since: datetime, *, thread: str | None) -> list[tuple[str, str]]:
        """Return channel and `ts` of the messages whose metadata holds this step's key.

        Raises:
            Refused: the app may not read the channel.
            Unavailable: Slack asks to come back later.
        """
        channel = name if CHANNEL_ID.fullmatch(name) else await self._id(name.lstrip("#"))
        if channel is None:
            return []
        method = "conversations.replies" if thread else "conversations.history"
        arguments = {
            "channel": channel,
            "oldest": f"{(since - CLOCKS).timestamp():.6f}",
            "include_all_metadata": "true",
            **({"ts": thread} if thread else {}),
        }
        messages = await self._pages(method, arguments, "messages")
        return [(channel, message["ts"]) for message in messages if self._mine(message, event_type)]

    def _mine(self, message: Any, event_type: str) -> bool:
        metadata = message.get("metadata") if isinstance(message, dict) else None
        if not isinstance(metadata, dict) or metadata.get("event_type") != event_type:
            return False
        payload = metadata.get("event_payload")
        return isinstance(payload, dict) and payload.get("key") == self._key and isinstance(message.get("ts"), str)

    async def _id(self, name: str) -> str | None:
        found = await self._pages("conversations.list", {"exclude_archived": "true"}, "channels")
        ids = [entry["id"] for entry in found if isinstance(entry, dict) and entry.get("name") == name]
        return ids[0] if ids else None

    async def _pages(self, method: str, arguments: dict[str, str], what: str) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        for _ in range(MOST_PAGES):
            page = {**arguments, "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            try:
                answer = await self._client.api_call(method, http_verb="GET", params=page)
            except SlackApiError as error:
                response = error.response
                raise sorted_failure(response.status_code, response.headers, response.data) from None
            found += answer.get(what) or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return found
