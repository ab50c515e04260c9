"""Chats and what rings people: Slack, Teams, Telegram, Discord and others."""

from __future__ import annotations

from typing import Any

from workers.importing.keep.given import ImportedStep, ProviderKeys, request
from workers.importing.unsaid import UnsayableError

_SLACK = "https://slack.com/api/"
_TS = {"slack_timestamp": ("ts",), "channel": ("channel",)}
_BODY_TS = {"slack_timestamp": ("body", "ts"), "channel": ("body", "channel")}


def _slack(given: ProviderKeys) -> ImportedStep:
    channel, text = given.take("channel"), given.take("message")
    blocks = given.take("blocks")
    if given.plain("notification_type") == "reaction":
        body = {"channel": channel, "name": text, "timestamp": given.need("thread_timestamp")}
        return ImportedStep([request("POST", f"{_SLACK}reactions.add", headers=given.bearer(), body=body)])
    body = {"channel": channel, "text": text, "blocks": blocks}
    thread, earlier = given.take("thread_timestamp"), given.take("slack_timestamp")
    files = given.take("attachments")
    body = {key: value for key, value in body.items() if value not in (None, [])}
    if channel is None:
        if thread is not None or earlier is not None:
            raise UnsayableError("Slack needs the `channel` of a message that is answered or changed.")
        url = f"https://hooks.slack.com/services/{given.secret('webhook_path')}"
        given.skip("username")
        return ImportedStep(
            [request("POST", url, body={**body, **({"attachments": files} if files else {})})], results=()
        )
    if earlier is not None or files:
        more = {"attachments": files, "ts": earlier, "thread_ts": thread}
        body |= {key: value for key, value in more.items() if value is not None}
        method = "chat.update" if earlier is not None else "chat.postMessage"
        return ImportedStep([request("POST", _SLACK + method, headers=given.bearer(), body=body)], fields=_BODY_TS)
    config = {**body, **({"threadTs": thread} if thread is not None else {}), "connection": given.account("slack")}
    given.skip("username")
    return ImportedStep([{"actionType": "send_slack_message", "config": config}], results=(), fields=_TS)


def _teams(given: ProviderKeys) -> ImportedStep:
    config: dict[str, Any] = given.some(message="message", title="title")
    sections = given.document("sections")
    if sections:
        body = sections if isinstance(sections, list) else [sections]
        config["card"] = {"type": "AdaptiveCard", "version": "1.5", "body": body}
        mentions = given.document("mentions")
        if mentions:
            config["card"]["msteams"] = {"entities": mentions}
    given.skip("typeCard", "themeColor", "schema", "attachments")
    config |= {"channel": given.connection, "connection": given.account("teams")}
    return ImportedStep([{"actionType": "send_teams_message", "config": config}], results=())


def _telegram(given: ProviderKeys) -> ImportedStep:
    body = {"chat_id": given.need("chat_id"), **given.some(parse_mode="parse_mode", message_thread_id="topic_id")}
    body |= given.some(disable_notification="disable_notification")
    buttons = given.take("reply_markup")
    if isinstance(buttons, dict):
        rows = [{"text": text, **(one if isinstance(one, dict) else {"url": one})} for text, one in buttons.items()]
        body["reply_markup"] = {"inline_keyboard": [rows]}
    image, text = given.take("image_url"), given.take("message")
    caption = given.take("caption_on_image")
    if image is not None:
        body |= {"photo": image, "caption": caption or text}
    else:
        body["text"] = text
    method = "sendPhoto" if image is not None else "sendMessage"
    return ImportedStep([request("POST", f"https://api.telegram.org/bot{given.secret('token')}/{method}", body=body)])


def _discord(given: ProviderKeys) -> ImportedStep:
    url = f"https://discord.com/api/webhooks/{given.secret('webhook_path')}"
    return ImportedStep([request("POST", url, body=given.some(content="content", components="components"))])


def _ntfy(given: ProviderKeys) -> ImportedStep:
    url = f"https://ntfy.sh/{given.need('topic')}"
    return ImportedStep([request("POST", url, headers=given.bearer(), body=given.need("message"))])


def _zoom_chat(given: ProviderKeys) -> ImportedStep:
    title = given.take("title")
    body: dict[str, Any] = {"content": {"head": {"text": title}} if title is not None else {}}
    lines = [given.take("message"), given.take("severity"), given.take("details_url"), given.take("tagged_users")]
    body["content"]["body"] = [{"type": "message", "text": str(line)} for line in lines if line is not None]
    url = f"https://integrations.zoom.us/chat/webhooks/incomingwebhook/{given.secret('webhook_path')}"
    headers = {"Authorization": given.secret("verification_token")}
    return ImportedStep([request("POST", url, headers=headers, query={"format": "full"}, body=body)])


def _hook(url: str, **keys: str) -> Any:
    """Return what posts some keys to an address that ends with a secret path."""

    def make(given: ProviderKeys) -> ImportedStep:
        found = given.some(**keys)
        return ImportedStep([request("POST", url + given.secret("webhook_path"), body={**found, **given.rest()})])

    return make


CHATS = {
    "slack": _slack,
    "teams": _teams,
    "telegram": _telegram,
    "discord": _discord,
    "ntfy": _ntfy,
    "zoom_chat": _zoom_chat,
    "signl4": _hook("https://connect.signl4.com/webhook/", Title="title", Message="message"),
    "squadcast": _hook("https://api.squadcast.com/v2/incidents/api/", message="message", description="description"),
    "google_chat": _hook("https://chat.googleapis.com/v1/spaces/", text="message"),
    "pushover": _hook("https://api.pushover.net/1/messages.json?token=", message="message"),
}
