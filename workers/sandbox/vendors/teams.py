"""The webhooks of Microsoft Teams: a workflow's, and a connector's, which says 200 whatever became of the message."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import TOO_MANY_REQUESTS, Vendor

CARD = "application/vnd.microsoft.card.adaptive"
MOST_BYTES = 28 * 1024
TOO_LARGE = 413
NOT_SHOWN = {"Action.Submit", "Action.Execute"}
REFUSING_CHANNELS: Mapping[str, tuple[int, str, str]] = {
    "missing": (404, "WorkflowNotFound", "The workflow could not be found."),
    "disabled": (400, "WorkflowTriggerIsNotEnabled", "The workflow is disabled: turn it on."),
    "forbidden": (
        401,
        "DirectApiAuthorizationRequired",
        "The request must be authenticated: its signature is missing.",
    ),
}
"""Beginnings of channels' names that have a reason to refuse."""

CONNECTOR = "connector"
"""Beginning of the names of channels that have a connector of Office 365 instead of a workflow."""


class TeamsVendor(Vendor):
    """Every channel, at `/channels/NAME` and `/teams/TEAM/CHANNEL`, but those whose names begin with a refusal's word.

    A name that begins with `connector` is one of the webhooks that Microsoft retires.
    """

    title: ClassVar[str] = "Microsoft Teams"
    connection: ClassVar[Mapping[str, Any]] = {}

    def __init__(self) -> None:
        self._runs = itertools.count(1)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Take a card: a workflow says 202 and nothing, a connector 200 and `1`."""
        channel = place(request)
        refusing = next((error for start, error in REFUSING_CHANNELS.items() if channel.startswith(start)), None)
        if request.method != "POST" or not channel:
            return refusal(404, "NotFound", "There is no webhook here.")
        if refusing:
            return refusal(*refusing)
        wrong = self._wrong(request)
        if channel.startswith(CONNECTOR):
            return VendorAnswer(200, _inside(wrong[0]), TEXT) if wrong else VendorAnswer(200, "1", TEXT, accepted=True)
        if wrong:
            return refusal(*wrong)
        run = f"08584{next(self._runs):015d}"
        return VendorAnswer(202, "", {"x-ms-workflow-run-id": run}, accepted=True)

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as the workflows' servers do."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        code = "TooManyRequests" if status == TOO_MANY_REQUESTS else "ServiceUnavailable"
        return VendorAnswer(status, {"error": {"code": code, "message": "The server is busy."}}, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return a message's channel and what its cards say."""
        return place(request), " ".join(card_texts(_cards(request.body)))

    def _wrong(self, request: ReceivedRequest) -> tuple[int, str, str] | None:
        if len(request.raw) > MOST_BYTES:
            return TOO_LARGE, "RequestEntityTooLarge", f"A message has at most {MOST_BYTES} bytes."
        cards = _cards(request.body)
        if not cards or not all(map(is_card, cards)):
            return 400, "TriggerInputSchemaMismatch", "The body is no message with Adaptive Cards as attachments."
        return None


TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def refusal(status: int, code: str, message: str) -> VendorAnswer:
    """Answer as Microsoft refuses."""
    return VendorAnswer(status, {"error": {"code": code, "message": message}})


def place(request: ReceivedRequest) -> str:
    """Return the channel of a webhook's path, as its name or its id; nothing where it is none."""
    match [unquote(part) for part in request.path.strip("/").split("/")]:
        case ["channels", name]:
            return name
        case ["teams", _, channel]:
            return channel
    return ""


def is_card(card: Any) -> bool:
    """Say whether something is an Adaptive Card that a webhook can show."""
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard" or not isinstance(card.get("version"), str):
        return False
    return isinstance(card.get("body", []), list) and not NOT_SHOWN & {*_types(card)}


def card_texts(value: Any) -> list[str]:
    """Return the texts in cards, in their order."""
    if isinstance(value, list):
        return [text for item in value for text in card_texts(item)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if isinstance(value.get("text"), str) else []
    return [*own, *(text for item in value.values() for text in card_texts(item))]


def _cards(body: Any) -> list[Any]:
    attachments = body.get("attachments") if isinstance(body, dict) and body.get("type") == "message" else None
    each = attachments if isinstance(attachments, list) else []
    return [one.get("content") if isinstance(one, dict) and one.get("contentType") == CARD else None for one in each]


def _types(value: Any) -> list[Any]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [value.get("type")] if isinstance(value, dict) else []
    return [*own, *(kind for child in children for kind in _types(child))]


def _inside(status: int) -> str:
    reason = f"Microsoft Teams endpoint returned HTTP error {status} with ContextId tcid=0,server=SANDBOX"
    return f"Webhook message delivery failed with error: {reason}"
