"""Anthropic's messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from activities.ai.failures import UnsupportedError, cut_off, judge_of, refusal
from activities.ai.model import Completion, Prompt
from activities.ai.provider import LanguageModel
from activities.context import Context
from activities.errors import Refused
from activities.rest.service import Service

VERSION = "2023-06-01"
"""Version of the API: later ones take no `temperature`."""

CUT_OFF = frozenset(("max_tokens", "model_context_window_exceeded"))
ENDED = frozenset(("end_turn", "stop_sequence"))


class Anthropic(LanguageModel):
    """A workspace of Anthropic's."""

    kind: ClassVar[str] = "anthropic"
    hosts: ClassVar[tuple[str, ...]] = ("api.anthropic.com",)

    api_key: str = Field(min_length=1, description="API key.")

    async def complete(self, prompt: Prompt, context: Context) -> Completion:
        """Ask the model once; a model without structured output is asked without."""
        body = self._body(prompt)
        without: set[str] = self.remembered.setdefault("without format", set())
        if body["model"] in without:
            body.pop("output_config", None)
        try:
            answer = await ANTHROPIC.call(context, self, "POST", "/v1/messages", json=body)
        except UnsupportedError as unknown:
            if unknown.feature != "format" or body.pop("output_config", None) is None:
                raise Refused(str(unknown), status=unknown.status) from None
            answer = await ANTHROPIC.call(context, self, "POST", "/v1/messages", json=body)
            without.add(body["model"])
        found: Completion | None = ANTHROPIC.object_of(answer, lambda body: self._read(body, prompt))
        if found is None:
            raise ANTHROPIC.unreadable(answer)
        return found

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.chosen(prompt),
            "max_tokens": prompt.max_tokens,
            "system": prompt.system,
            "messages": [{"role": role, "content": text} for role, text in prompt.messages],
        }
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        if prompt.schema is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": prompt.schema}}
        return body

    def _read(self, body: Mapping[str, Any], prompt: Prompt) -> Completion:
        reason, counted = body["stop_reason"], body.get("usage") or {}
        usage = self.priced(counted.get("input_tokens"), counted.get("output_tokens"))
        if reason == "refusal":
            details = body.get("stop_details") or {}
            raise refusal(details.get("explanation") or details.get("category"), usage)
        if reason in CUT_OFF:
            raise cut_off(prompt.max_tokens, usage)
        if reason not in ENDED:
            raise ValueError(f"the model stopped for {reason}")
        return Completion(
            text="".join(block["text"] for block in body["content"] if block["type"] == "text"),
            model=str(body.get("model") or self.chosen(prompt)),
            finish_reason=reason,
            usage=usage,
        )


ANTHROPIC = Service(
    name="Anthropic",
    connection=Anthropic,
    address="https://api.anthropic.com",
    sign_in=lambda connection: {"x-api-key": connection.api_key},
    judge=judge_of("Anthropic"),
    headers={"anthropic-version": VERSION},
)
