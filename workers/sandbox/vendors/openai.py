"""The chat completions of OpenAI and of servers like it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.model_vendor import ModelVendor
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.scripted_model import tokens, written
from workers.sandbox.vendor import TOO_MANY_REQUESTS

MODEL = "sandbox"
ROLES = frozenset(("system", "developer", "user", "assistant"))
FORMATS = frozenset(("text", "json_object", "json_schema"))
BROKEN = 500


class OpenAIVendor(ModelVendor):
    """Every model but those whose name begins with `missing`; `plain` ones know no `response_format`.

    Any key is good, except one that contains `invalid`.
    """

    title: ClassVar[str] = "OpenAI"
    connection: ClassVar[Mapping[str, Any]] = {"apiKey": "sk-sandbox-key", "model": MODEL}
    host: ClassVar[str] = "api.openai.com"
    root: ClassVar[str] = "/v1"

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one completion."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key or "invalid" in key:
            return problem(401, "Incorrect API key provided.", "invalid_api_key")
        if (request.method, request.path.removeprefix("/v1")) == ("GET", "/models"):
            listed = [{"id": MODEL, "object": "model", "created": 0, "owned_by": "sandbox"}]
            return VendorAnswer(200, {"object": "list", "data": listed}, accepted=True)
        if request.path.removeprefix("/v1") != "/chat/completions":
            return problem(404, f"Unknown request URL: {request.method} {request.path}.", "unknown_url")
        if request.method != "POST":
            return problem(405, f"Not allowed to {request.method} on {request.path}.", "method_not_supported")
        body = request.body if isinstance(request.body, dict) else {}
        if wrong := check(body):
            return problem(*wrong)
        form = body.get("response_format") or {}
        schema = form.get("json_schema", {}).get("schema") if form.get("type") == "json_schema" else None
        return self.message(body, written(str(body["messages"][-1]["content"]), schema))

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its rate limit does, or as its servers do when they are overloaded or broken."""
        if status == TOO_MANY_REQUESTS:
            refusal = problem(status, "Rate limit reached for requests.", "rate_limit_exceeded")
        else:
            code = "server_error" if status >= BROKEN else "invalid_request_error"
            refusal = problem(status, "The server had an error while processing your request.", code)
        return VendorAnswer(status, refusal.body, {} if retry_after is None else {"retry-after": str(retry_after)})

    def message(self, body: dict[str, Any], text: str) -> VendorAnswer:
        """Return what an answer with a text looks like."""
        read, wrote = tokens(str(body.get("messages", ""))), tokens(text)
        return VendorAnswer(
            200,
            {
                "id": f"chatcmpl-{uuid.uuid4().hex}",
                "object": "chat.completion",
                "created": int(time.time()),
                "model": str(body.get("model") or MODEL),
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": text, "refusal": None},
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote},
            },
            accepted=True,
        )


def check(body: dict[str, Any]) -> tuple[int, str, str, str | None] | None:
    """Return the status, sentence, code and parameter of what is wrong with a request."""
    model, messages, form = str(body.get("model") or ""), body.get("messages"), body.get("response_format")
    limits = [body.get(name) for name in ("max_tokens", "max_completion_tokens") if name in body]
    rules = [
        (not model, (400, "you must provide a model parameter", "missing_required_parameter", "model")),
        (model.startswith("missing"), (404, f"The model `{model}` does not exist.", "model_not_found", None)),
        (
            not isinstance(messages, list) or not messages or not all(map(_is_message, messages)),
            (400, "Invalid value for 'messages'.", "invalid_value", "messages"),
        ),
        (
            len(limits) > 1 or any(not isinstance(limit, int) or limit < 1 for limit in limits),
            (400, "Invalid value for 'max_tokens': set it once, to 1 or more.", "invalid_value", "max_tokens"),
        ),
        (
            form is not None and (model.startswith("plain") or not _is_format(form)),
            (400, "Invalid parameter: 'response_format' is not supported.", "invalid_value", "response_format"),
        ),
    ]
    return next((found for broken, found in rules if broken), None)


def problem(status: int, message: str, code: str, param: str | None = None) -> VendorAnswer:
    """Answer as OpenAI refuses."""
    kind = "invalid_request_error" if status < BROKEN and status != TOO_MANY_REQUESTS else code
    return VendorAnswer(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ROLES and isinstance(message.get("content"), str | list)


def _is_format(form: Any) -> bool:
    if not isinstance(form, dict) or form.get("type") not in FORMATS:
        return False
    described = form.get("json_schema")
    return form["type"] != "json_schema" or (isinstance(described, dict) and isinstance(described.get("schema"), dict))
