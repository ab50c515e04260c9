"""What the sandbox's language models write: no model of this machine, but the same answer to the same question."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

UNHAPPY = re.compile(
    r"(?i)\b(?:angry|annoyed|awful|bad|broken|disappointed|furious|late|never|terrible|unacceptable|unhappy|worst)\b"
)
HAPPY = re.compile(r"(?i)\b(?:amazing|excellent|fantastic|glad|good|great|happy|love|perfect|thanks?|wonderful)\b")
WORD = re.compile(r"\w+")
MARKS = re.compile(r"</?(?:data|ticket)>")
LONGEST = 160


def written(prompt: str, schema: Mapping[str, Any] | None) -> str:
    """Return the answer to a prompt: a value that a schema wants, such as a classification, else a sentence of it."""
    text = " ".join(MARKS.sub("", prompt).split())
    if schema is None:
        return f"(sandbox) {text}"[:LONGEST]
    members = schema.get("properties")
    categories = members.get("category", {}).get("enum") if isinstance(members, Mapping) else None
    whole = classification(text, categories or ["other"])
    fields = members if isinstance(members, Mapping) else {}
    if not fields or not fields.keys() <= whole.keys():
        return json.dumps(example(schema, text))
    return json.dumps({name: value for name, value in whole.items() if name in fields})


def example(schema: Any, text: str) -> Any:
    """Return a value that fits a schema of plain types; its texts quote a prompt."""
    schema = schema if isinstance(schema, Mapping) else {}
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    members = schema.get("properties")
    if kind == "object" or isinstance(members, Mapping):
        return {name: example(one, text) for name, one in (members or {}).items()}
    if kind == "array":
        return [example(schema.get("items"), text)]
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1.5), "boolean": True, "null": None}
    return plain.get(kind, f"(sandbox) {text}"[:LONGEST])


def classification(text: str, categories: list[str]) -> dict[str, Any]:
    """Return the category whose words stand in a text, by default the last, and the sentiment of plain words."""
    words = {word.casefold() for word in WORD.findall(text)}
    found = [name for name in categories if words & {word.casefold() for word in re.split(r"[\W_]+", name) if word}]
    mood = len(HAPPY.findall(text)) - len(UNHAPPY.findall(text))
    return {
        "category": found[0] if found else categories[-1],
        "confidence": 0.9 if found else 0.4,
        "sentiment": (mood > 0) - (mood < 0),
        "sentimentScore": 0.8 if mood else 0.6,
        "language": "en",
        "languageScore": 0.9,
        "reasons": [f"The text has the word {found[0]!r}." if found else "No category's word is in the text."],
    }


def tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    return len(text) // 4 + 1
