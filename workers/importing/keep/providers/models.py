"""Language models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.importing.keep.given import ImportedStep, ProviderKeys
from workers.importing.keep.texts import value_of


def _model(given: ProviderKeys) -> ImportedStep:
    config: dict[str, Any] = {"promptTemplate": given.need("prompt")}
    config |= given.some(model="model", system="system_prompt", maxTokens="max_tokens", temperature="temperature")
    form = given.values.get("structured_output_format")
    given.skip("structured_output_format")
    if isinstance(form, Mapping):
        inner = form.get("json_schema", form)
        schema = inner.get("schema", inner) if isinstance(inner, Mapping) else inner
        notes: list[str] = []
        config["format"] = {"type": "object"} if schema == {"type": "json_object"} else _constant(schema, notes)
        config["promptTemplate"] = "\n".join(
            [config["promptTemplate"], *(value_of(note, given.scope) for note in notes)]
        )
    kind = "anthropic" if given.provider == "anthropic" else "openai (any service that speaks its protocol)"
    config["connection"] = given.account(kind)
    return ImportedStep([{"actionType": "generate_ai_response", "config": config}], results=(), fields={"response": ()})


def _constant(schema: Any, notes: list[str], name: str = "") -> Any:
    """Return a schema without templates, which it cannot have; descriptions with some go to the prompt as notes."""
    if isinstance(schema, list):
        return [_constant(one, notes, name) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    text = schema.get("description")
    if isinstance(text, str) and "{{" in text:
        notes.append(f"`{name}`: {text}")
        schema = {key: value for key, value in schema.items() if key != "description"}
    return {key: _constant(value, notes, str(key)) for key, value in schema.items()}


MODELS = dict.fromkeys(
    ("openai", "deepseek", "vllm", "llamacpp", "litellm", "anthropic", "gemini", "grok", "ollama"), _model
)
