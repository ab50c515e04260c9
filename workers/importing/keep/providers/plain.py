"""HTTP, webhooks and mail."""

from __future__ import annotations

from typing import Any

from workers.importing.keep.given import ImportedStep, ProviderKeys, request


def _http(given: ProviderKeys) -> ImportedStep:
    method = given.plain("method", "GET").upper()
    body = given.take("body")
    config: dict[str, Any] = {
        "headers": given.take("headers"),
        "query": given.take("params"),
        "body": body if body is not None else given.take("json"),
    }
    if given.take("http_basic_authentication_username") is not None:
        given.skip("http_basic_authentication_password")
        config["headers"] = {**(config["headers"] or {}), **given.basic("user", "password")}
    if given.take("api_key") is not None:
        config["headers"] = {**(config["headers"] or {}), **given.bearer("api_key")}
    given.skip("fail_on_error", "verify", "timeout")
    return ImportedStep([request(method, given.need("url"), **config)], results=(), fields={"status_code": ("status",)})


def _webhook(given: ProviderKeys) -> ImportedStep:
    given.values = {"method": "POST", **given.values}
    if not given.values.get("url"):
        given.values = {**given.values, "url": given.host()}
    return _http(given)


def _mail(given: ProviderKeys) -> ImportedStep:
    """Return the email; Keep's kinds of mail spell the same keys in several ways."""
    config = given.some(to="to", subject="subject", html="html", cc="cc", bcc="bcc")
    config |= given.some(to="to_email", text="body") | given.some(**{"from": "_from"})
    sender = given.take("from_email") or given.take("from")
    name = given.take("from_name")
    if sender is not None:
        config["from"] = f"{name} <{sender}>" if name is not None else sender
    if "html" in config and "text" not in config:
        config |= given.some(text="text")
    if "html" not in config and "text" not in config:
        config |= given.some(text="content")
    config["connection"] = given.account("smtp, postmark or gmail")
    return ImportedStep([{"actionType": "send_email", "config": config}], results=())


PLAIN = {"http": _http, "webhook": _webhook, **dict.fromkeys(("smtp", "sendgrid", "resend", "mailgun", "gmail"), _mail)}
