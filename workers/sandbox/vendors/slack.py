"""Slack's Web API as far as messages go: posted, updated and private ones, lists of them, people and forms."""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.slack_people import TEAM
from workers.sandbox.slack_screens import SlackScreens
from workers.sandbox.vendor import MOST_MESSAGES, TOO_MANY_REQUESTS, Vendor

Call = Callable[[dict[str, Any]], VendorAnswer]

BROKEN = 500
RESPONSES = "/responses/"
"""Below it stand the addresses that come with clicks."""

MOST_TEXT = 40_000
MOST_MARKDOWN = 12_000
MOST_BLOCKS = 50
MOST_FIELDS = 10
LONGEST, LONGEST_FIELD = 3_000, 2_000
LONGEST_OF = {"header": 150, "markdown": 12_000}
"""Characters of a text inside of blocks; of some kinds of blocks others."""
REFUSING_CHANNELS = {"missing": "channel_not_found", "archived": "is_archived", "private": "not_in_channel"}
"""Beginnings of channel names that have a reason to refuse."""

SCOPES = "chat:write,channels:history,users:read"


class SlackVendor(Vendor):
    """A workspace that has every channel but those whose names begin with `missing`, `archived` or `private`.

    Any token is good, except one that contains `invalid`.
    """

    title: ClassVar[str] = "Slack"
    connection: ClassVar[Mapping[str, Any]] = {"token": "xoxb-sandbox-token"}
    host: ClassVar[str] = "slack.com"
    root: ClassVar[str] = "/api"

    def __init__(self) -> None:
        self._messages: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)
        self._channels: dict[str, str] = {}
        self._last = 0
        self.screens = SlackScreens()
        self._posts: dict[str, Call] = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.postEphemeral": lambda given: done(self.screens.tell(given), accepted=True),
            "views.open": lambda given: done(self.screens.open(given), accepted=True),
        }
        self._reads: dict[str, Call] = {
            "auth.test": lambda _: _itself(),
            "users.info": lambda given: done(self.screens.user(given)),
            "conversations.history": lambda given: self._history(given, replies=False),
            "conversations.replies": lambda given: self._history(given, replies=True),
            "conversations.list": lambda _: self._listed(),
        }

    @property
    def messages(self) -> Iterable[dict[str, Any]]:
        """Every message with its `channel`, the latest first."""
        return ({"channel": kept["channel"], **kept["message"]} for kept in reversed(self._messages))

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the Web API; a refusal is a 200 with `ok: false`, as Slack has it."""
        arguments = self._arguments(request)
        if request.path.startswith(RESPONSES):
            return self.screens.respond(request)
        error = unsigned(request, arguments)
        if error:
            return refusal(error)
        method = request.path.strip("/")
        known = self._posts if request.method == "POST" else {}
        call = known.get(method) or self._reads.get(method)
        try:
            return refusal("unknown_method") if call is None else call(arguments)
        except ValueError:
            return refusal("invalid_arguments")

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in a message's metadata."""
        metadata = _decoded(self._arguments(request).get("metadata"))
        key = metadata["event_payload"].get("key") if _is_metadata(metadata) else None
        return key if isinstance(key, str) else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its rate limit does, as its servers do when they are busy or broken, or as a web server would."""
        if retry_after is not None:
            error = "ratelimited" if status == TOO_MANY_REQUESTS else "service_unavailable"
            return VendorAnswer(status, {"ok": False, "error": error}, {"Retry-After": str(retry_after)})
        if status == TOO_MANY_REQUESTS:
            return VendorAnswer(status, {"ok": False, "error": "ratelimited"})
        return VendorAnswer(status, {"ok": False, "error": "internal_error"} if status >= BROKEN else "no such page")

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return a message's channel and text."""
        arguments = self._arguments(request)
        channel = str(arguments.get("channel") or "")
        text = str(arguments.get("text") or arguments.get("markdown_text") or "")
        return f"{arguments.get('icon_emoji') or ''} {channel}".strip(), text

    def clear(self) -> None:
        """Forget all messages, people and forms."""
        self.screens.clear()
        self._messages.clear()
        self._channels.clear()

    def _arguments(self, request: ReceivedRequest) -> dict[str, Any]:
        body = request.body
        return {**request.query, **body} if isinstance(body, dict) else dict(request.query)

    def _post(self, arguments: dict[str, Any]) -> VendorAnswer:
        error = wrong(arguments)
        if error:
            return refusal(error)
        self._last = max(self._last + 1, time.time_ns() // 1000)
        ts = f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
        message = _message(arguments, ts)
        channel = channel_id(str(arguments["channel"]))
        self._channels.setdefault(channel, str(arguments["channel"]).removeprefix("#"))
        self._messages.append({"channel": channel, "message": message})
        return VendorAnswer(200, {"ok": True, "channel": channel, "ts": ts, "message": message}, accepted=True)

    def _update(self, arguments: dict[str, Any]) -> VendorAnswer:
        error = wrong(arguments)
        if error:
            return refusal(error)
        channel, ts = channel_id(str(arguments["channel"])), str(arguments.get("ts"))
        for kept in self._messages:
            if kept["channel"] == channel and kept["message"]["ts"] == ts:
                stays = {name: kept["message"].get(name) for name in ("thread_ts", "metadata")}
                kept["message"] = _message({**stays, **arguments}, ts)
                body = {"ok": True, "channel": channel, "ts": ts, "text": kept["message"]["text"]}
                return VendorAnswer(200, body, accepted=True)
        return refusal("message_not_found")

    def _listed(self) -> VendorAnswer:
        channels = [{"id": id_, "name": name} for id_, name in self._channels.items()]
        return VendorAnswer(200, {"ok": True, "channels": channels, "response_metadata": {"next_cursor": ""}})

    def _history(self, arguments: dict[str, Any], *, replies: bool) -> VendorAnswer:
        if not arguments.get("channel"):
            return refusal("channel_not_found")
        channel = channel_id(str(arguments["channel"]))
        oldest, latest = float(arguments.get("oldest") or 0), float(arguments.get("latest") or "inf")
        limit = int(arguments.get("limit") or 100)
        inclusive = str(arguments.get("inclusive", "")).lower() in {"1", "true"}
        metadata = str(arguments.get("include_all_metadata", "")).lower() in {"1", "true"}

        def between(ts: float) -> bool:
            return oldest <= ts <= latest if inclusive else oldest < ts < latest

        def asked_for(message: dict[str, Any]) -> bool:
            return arguments.get("ts") in (message["ts"], message.get("thread_ts")) if replies else _top_level(message)

        fitting = [
            {name: value for name, value in kept["message"].items() if metadata or name != "metadata"}
            for kept in reversed(self._messages)
            if kept["channel"] == channel and between(float(kept["message"]["ts"])) and asked_for(kept["message"])
        ]
        return VendorAnswer(200, {"ok": True, "messages": fitting[:limit], "has_more": len(fitting) > limit})


def unsigned(request: ReceivedRequest, arguments: dict[str, Any]) -> str | None:
    """Return Slack's error for a request that is not signed in."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token if scheme == "Bearer" else str(arguments.get("token") or "")
    if not token:
        return "not_authed"
    return "invalid_auth" if "invalid" in token else None


def wrong(arguments: dict[str, Any]) -> str | None:
    """Return Slack's error for a message that it would not post."""
    channel = str(arguments.get("channel") or "")
    bare = channel.removeprefix("#").lower()
    text, markdown, blocks, metadata = (arguments.get(name) for name in ("text", "markdown_text", "blocks", "metadata"))
    rules = [
        (not channel, "channel_not_found"),
        *((bare.startswith(start), error) for start, error in REFUSING_CHANNELS.items()),
        (markdown and (text or blocks), "markdown_text_conflict"),
        (not (text or markdown or blocks or arguments.get("attachments")), "no_text"),
        (len(str(text or "")) > MOST_TEXT or len(str(markdown or "")) > MOST_MARKDOWN, "msg_too_long"),
        (blocks and not _are_blocks(_decoded(blocks)), "invalid_blocks"),
        (blocks and not all(map(_fits, _decoded(blocks) or [])), "invalid_blocks"),
        (metadata and not _is_metadata(_decoded(metadata)), "invalid_metadata_format"),
    ]
    return next((error for broken, error in rules if broken), None)


def refusal(error: str) -> VendorAnswer:
    """Answer as Slack refuses."""
    return VendorAnswer(200, {"ok": False, "error": error})


def _itself() -> VendorAnswer:
    """Say who the bot is, with the scopes of its token as Slack has them in a header."""
    body = {"ok": True, "team_id": TEAM, "user_id": "U0SANDBOX", "bot_id": "B0SANDBOX"}
    return VendorAnswer(200, body, {"x-oauth-scopes": SCOPES})


def done(body: dict[str, Any], *, accepted: bool = False) -> VendorAnswer:
    """Answer with what was asked for, or refuse where that is an error."""
    ok = "error" not in body
    return VendorAnswer(200, {"ok": ok, **body}, accepted=accepted and ok)


def channel_id(channel: str) -> str:
    """Return the id of a channel given by id or name."""
    bare = channel.removeprefix("#")
    if bare[:1] in {"C", "G", "D"} and bare.isalnum() and bare.isupper():
        return bare
    return "C" + hashlib.sha256(bare.encode()).hexdigest()[:10].upper()


def _message(arguments: dict[str, Any], ts: str) -> dict[str, Any]:
    kept = ("icon_emoji", "icon_url", "username", "thread_ts", "metadata", "client_msg_id")
    return {
        "type": "message",
        "subtype": "bot_message",
        "text": str(arguments.get("text") or arguments.get("markdown_text") or ""),
        "ts": ts,
        "bot_id": "B0SANDBOX",
        **({"blocks": _decoded(arguments["blocks"])} if arguments.get("blocks") else {}),
        **{name: arguments[name] for name in kept if arguments.get(name)},
    }


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def _are_blocks(blocks: Any) -> bool:
    typed = isinstance(blocks, list) and all(isinstance(block, dict) and block.get("type") for block in blocks)
    return typed and len(blocks) <= MOST_BLOCKS


def _fits(block: Any) -> bool:
    """Say whether every text inside of a block is as short as Slack wants it."""
    if not isinstance(block, dict) or block.get("type") == "rich_text":
        return True
    longest = LONGEST_OF.get(str(block.get("type")), LONGEST)
    given = block.get("fields")
    fields = given if isinstance(given, list) else []
    rest = [value for name, value in block.items() if name != "fields"]
    return len(fields) <= MOST_FIELDS and _short(rest, longest) and _short(fields, LONGEST_FIELD)


def _short(value: Any, longest: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return all(_short(inner, longest) for inner in value)
    return not isinstance(value, str) or len(value) <= longest


def _is_metadata(metadata: Any) -> bool:
    return (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )


def _top_level(message: dict[str, Any]) -> bool:
    return "thread_ts" not in message or message["thread_ts"] == message["ts"]
