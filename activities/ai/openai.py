"""Whatever speaks the chat completions of OpenAI: OpenAI itself, Azure, vLLM, Ollama, gateways."""

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

HOST = "api.openai.com"
UNSUPPORTED = "unsupported"
"""What a connection remembers of its server: the parts of a request that it does not know."""


class OpenAI(LanguageModel):
    """A server with OpenAI's chat completions."""

    kind: ClassVar[str] = "openai"
    hosts: ClassVar[tuple[str, ...]] = (HOST,)

    api_key: str | None = Field(default=None, min_length=1, description="API key; local servers may need none.")

    async def complete(self, prompt: Prompt, context: Context) -> Completion:
        """Ask the model once; what the server does not know of the request is left out."""
        known: set[str] = self.remembered.setdefault(UNSUPPORTED, set())
        unsupported = set(known)
        while True:
            try:
                answer = await OPENAI.call(
                    context, self, "POST", "/chat/completions", json=self._body(prompt, unsupported)
                )
            except UnsupportedError as unknown:
                if unknown.feature in unsupported or (unknown.feature == "format" and prompt.schema is None):
                    raise Refused(str(unknown), status=unknown.status) from None
                unsupported.add(unknown.feature)
            else:
                known |= unsupported
                found: Completion | None = OPENAI.object_of(answer, lambda body: self._read(body, prompt))
                if found is None:
                    raise OPENAI.unreadable(answer)
                return found

    def _body(self, prompt: Prompt, unsupported: set[str]) -> dict[str, Any]:
        newer = (self.base_url is None or self.stands_for == HOST) != ("limit" in unsupported)
        body: dict[str, Any] = {
            "model": self.chosen(prompt),
            "messages": [
                {"role": "system", "content": prompt.system},
                *({"role": role, "content": text} for role, text in prompt.messages),
            ],
            # OpenAI's newer models know the newer name alone, most other servers the older
            "max_completion_tokens" if newer else "max_tokens": prompt.max_tokens,
        }
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        if prompt.schema is not None and "format" not in unsupported:
            form = {"name": "answer", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body

    def _read(self, body: Mapping[str, Any], prompt: Prompt) -> Completion:
        choice = body["choices"][0]
        message, reason = choice["message"], str(choice.get("finish_reason") or "stop")
        counted = body.get("usage") or {}
        usage = self.priced(counted.get("prompt_tokens"), counted.get("completion_tokens"), counted.get("cost"))
        if message.get("refusal") or reason == "content_filter":
            raise refusal(message.get("refusal") or "its content filter stopped it", usage)
        if reason == "length":
            raise cut_off(prompt.max_tokens, usage)
        return Completion(
            text=_text(message["content"]),
            model=str(body.get("model") or self.chosen(prompt)),
            finish_reason=reason,
            usage=usage,
        )


def _text(content: Any) -> str:
    """Return the text of a message, which some servers write as a list of parts."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if not isinstance(content, str):
        raise TypeError("a message's content is text")
    return content


OPENAI = Service(
    name="The model's server",
    connection=OpenAI,
    address=f"https://{HOST}/v1",
    sign_in=lambda connection: {"Authorization": f"Bearer {connection.api_key}"} if connection.api_key else {},
    judge=judge_of("The model's server"),
)
