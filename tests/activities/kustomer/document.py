"""What Kustomer's document "Workflow actions" says of each action, as data: `document.yml`, in the document's order."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FILE = Path(__file__).parent / "document.yml"

Type = Literal["text", "number", "boolean", "array", "object"]

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*")
PLACE = re.compile(r"\{\w+\}")


class DocumentRow(BaseModel):
    """A row of the document, and how it is met here.

    Attributes:
        section: heading that it stands under.
        name: what the document calls it.
        action: our action.
        confidence: where the endpoints are known from; `local` where there are none.
        endpoints: what it calls, each a method and a path (of Kustomer, or behind another host).
        done: by what it is done, where it calls no endpoint of a vendor.
        required: required fields, in the document's spelling.
        optional: fields that the document lists as required and describes as optional.
        outputs: names, in the document's spelling, with their types; or what comes of it as a whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    section: str
    name: str
    action: str
    confidence: Literal["documented", "seen_in_public_client", "inferred", "local"]
    endpoints: list[str] = Field(default_factory=list)
    done: str | None = None
    required: list[str]
    optional: list[str] = Field(default_factory=list)
    outputs: dict[str, Type] | Literal["object", "answer", "varies", "none"]

    @model_validator(mode="after")
    def _is_done_somehow(self) -> Self:
        if bool(self.endpoints) == bool(self.done):
            raise ValueError("give `endpoints`, or `done`")
        return self


@cache
def rows() -> list[DocumentRow]:
    """Return the rows."""
    return [DocumentRow.model_validate(row) for row in yaml.load(FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)]


def camel(name: str) -> str:
    """Return a name of the document as a key of ours; a run of capitals is one word (`ConversationID`, `CC`)."""
    words: list[str] = WORD.findall(name)
    return words[0].lower() + "".join(word.capitalize() for word in words[1:])


def calls(endpoint: str, method: str, path: str) -> bool:
    """Say whether a request is one of an endpoint, whichever host that is behind."""
    wanted, _, place = endpoint.partition(" ")
    pattern = PLACE.sub("[^/]+", re.sub(r"[.^$*+?()|\[\]\\]", r"\\\g<0>", place[place.index("/") :]))
    return method == wanted and re.fullmatch(pattern, path.partition("?")[0]) is not None
