"""Anthropic's messages."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.model_vendor import ModelVendor
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.scripted_model import tokens, written
from workers.sandbox.vendor import TOO_MANY_REQUESTS

MODEL = "sandbox"
VERSIONS = frozenset(("2023-01-01", "2023-06-01", "2026-10-21"))
WITHOUT_TEMPERATURE = "2026-10-21"
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicVendor(ModelVendor):
    """Every model but those whose name begins with `missing`; `plain` ones know no structured output.

    Any key is good, except one that contains `invalid`.
    """

    title: ClassVar[str] = "Anthropic"
    connection: ClassVar[Mapping[str, Any]] = {"apiKey": "sk-ant-sandbox-key", "model": MODEL}
    host: ClassVar[str] = "api.anthropic.com"

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one message."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = request.headers.get("x-api-key") or bearer
        if not key or "invalid" in key:
            return problem(401, "invalid x-api-key")
        version = request.headers.get("anthropic-version")
        if version not in VERSIONS:
            return problem(400, f"anthropic-version: {version or 'header is required'} is not a valid version")
        if (request.method, request.path) == ("GET", "/v1/models"):
            listed = [{"type": "model", "id": MODEL, "display_name": MODEL, "created_at": "2026-01-01T00:00:00Z"}]
            return VendorAnswer(200, {"data": listed, "has_more": False}, accepted=True)
        if request.method != "POST" or request.path != "/v1/messages":
            return problem(404, "Not Found")
        body = request.body if isinstance(request.body, dict) else {}
        if wrong := check(body, version):
            return problem(*wrong)
        schema = body["output_config"]["format"]["schema"] if "output_config" in body else None
        return self.message(body, written(str(body["messages"][-1]["content"]), schema))

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its rate limit does, or as its servers do when they are overloaded or broken."""
        if status == TOO_MANY_REQUESTS:
            refusal = problem(status, "This request would exceed your organization's rate limit")
        else:
            refusal = problem(
                status, "Overloaded" if TYPES.get(status) == "overloaded_error" else "Internal server error"
            )
        return VendorAnswer(status, refusal.body, {} if retry_after is None else {"retry-after": str(retry_after)})

    def message(self, body: dict[str, Any], text: str) -> VendorAnswer:
        """Return what an answer with a text looks like."""
        read = tokens(f"{body.get('system', '')}{body.get('messages', '')}")
        return VendorAnswer(
            200,
            {
                "id": f"msg_{uuid.uuid4().hex}",
                "type": "message",
                "role": "assistant",
                "model": str(body.get("model") or MODEL),
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn",
                "stop_sequence": None,
                "usage": {"input_tokens": read, "output_tokens": tokens(text)},
            },
            accepted=True,
        )


def check(body: dict[str, Any], version: str) -> tuple[int, str] | None:
    """Return the status and sentence of what is wrong with a request."""
    model, messages, limit = str(body.get("model") or ""), body.get("messages"), body.get("max_tokens")
    configured = body.get("output_config")
    rules = [
        (not model, (400, "model: Field required")),
        (model.startswith("missing"), (404, f"model: {model}")),
        (not isinstance(limit, int) or limit < 1, (400, "max_tokens: Field required")),
        (
            not isinstance(messages, list) or not messages or not all(map(_is_message, messages)),
            (400, "messages: at least one message of role user or assistant is required"),
        ),
        (
            "temperature" in body and version == WITHOUT_TEMPERATURE,
            (400, "temperature: Extra inputs are not permitted"),
        ),
        (
            "output_config" in body and (model.startswith("plain") or not _is_output(configured)),
            (400, "output_config: this model does not support structured outputs"),
        ),
    ]
    return next((found for broken, found in rules if broken), None)


def problem(status: int, message: str) -> VendorAnswer:
    """Answer as Anthropic refuses."""
    error = {"type": TYPES.get(status, "api_error"), "message": message}
    return VendorAnswer(status, {"type": "error", "error": error, "request_id": f"req_{uuid.uuid4().hex[:24]}"})


def _is_message(message: Any) -> bool:
    written_by = message.get("role") if isinstance(message, dict) else None
    return written_by in {"user", "assistant"} and bool(message.get("content"))


def _is_output(configured: Any) -> bool:
    form = configured.get("format") if isinstance(configured, dict) else None
    return isinstance(form, dict) and form.get("type") == "json_schema" and isinstance(form.get("schema"), dict)
