"""How runs for the same key go on, as authors write it."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from workers.definitions.model.vocabulary import Deadline, DefinitionPart, Text, refuse


class PerKey(DefinitionPart):
    """What happens where an event comes while a run for the same key is under way."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"mode": {"const": "debounce"}}, "required": ["mode"]},
            "then": {
                "required": ["quiet", "atMost"],
                "properties": {"quiet": {"not": {"type": "null"}}, "atMost": {"not": {"type": "null"}}},
            },
            "else": {"properties": {"quiet": {"type": "null"}, "atMost": {"type": "null"}}},
        }
    )

    key: Text = Field(
        description="What the runs are about, as a template such as `{{ticket.id}}`; where it comes to nothing, "
        "every run goes on."
    )
    mode: Literal["restart", "queue", "skip", "debounce"] = Field(
        description="`restart`: the earlier run is canceled; `queue`: one after the other, in order of arrival; "
        "`skip`: nothing is started; `debounce`: only the last event runs, once it has been quiet."
    )
    quiet: Deadline | None = Field(
        default=None, description="Of `debounce`: for how long no event must come before the last one runs."
    )
    at_most: Deadline | None = Field(
        default=None, description="Of `debounce`: how long after the first event the last one runs all the same."
    )

    @model_validator(mode="after")
    def _times_of_debounce(self) -> PerKey:
        given = {"quiet": self.quiet, "atMost": self.at_most}
        for key, value in given.items():
            if self.mode == "debounce" and value is None:
                raise refuse("missing-key", f"`perKey` with `debounce` needs `{key}`, a duration.")
            if self.mode != "debounce" and value is not None:
                raise refuse("unknown-key", f"`{key}` goes with `debounce`: `{self.mode}` waits for no time.")
        return self
