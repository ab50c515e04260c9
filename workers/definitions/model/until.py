"""An instant to wait for, as authors write it: one that is told, or the next opening of hours."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from workers.definitions.model.hours import Hours
from workers.definitions.model.vocabulary import LONGEST_TEXT, MARKUP, DefinitionPart, Text, refuse
from workflows.language.instants import READABLE

OPENING = "opening"
"""The instant at which hours next begin."""

UNTIL = rf"{MARKUP}|^{OPENING}$|{READABLE}"
"""A template, the word for an opening, or an instant."""


class Until(DefinitionPart):
    """An instant to wait for."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"until": {"const": OPENING}}, "required": ["until"]},
            "then": {"required": ["hours"], "properties": {"hours": {"not": {"type": "null"}}}},
            "else": {"properties": {"hours": {"type": "null"}}},
        }
    )

    until: Annotated[Text, WithJsonSchema({"type": "string", "pattern": UNTIL, "maxLength": LONGEST_TEXT})] = Field(
        description="ISO 8601 instant, usually a template, or `opening`, with `hours`; one that has passed does not "
        "wait."
    )
    hours: Hours | None = Field(
        default=None, description="Of `opening`: the hours, by their name in `hours` or written out."
    )

    @model_validator(mode="after")
    def _hours_of_an_opening(self) -> Until:
        if self.until == OPENING and self.hours is None:
            raise refuse("missing-key", f"`until: {OPENING}` needs `hours`, which say what opens.")
        if self.until != OPENING and self.hours is not None:
            raise refuse("unknown-key", f"`hours` goes with `until: {OPENING}`.")
        return self
