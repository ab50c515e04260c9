"""What follows a failed attempt, as authors write it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict, StrictInt, model_validator

from trunkline.durations import spell
from workers.definitions.model.vocabulary import WHOLE, Budget, DefinitionPart, Interval, refuse
from workflows.plan import OnUnknown


class RetryDefinition(DefinitionPart):
    """How a failed attempt is repeated."""

    maximum_attempts: Annotated[StrictInt, Field(ge=1, le=1_000), WHOLE] | None = Field(
        default=None, description="Most attempts, the first included; by default only `within` bounds them."
    )
    initial_interval: Interval | None = Field(default=None, description="Pause before the second attempt (1 s).")
    backoff_coefficient: Annotated[float, Strict(), Field(ge=1, le=100)] | None = Field(
        default=None, description="Factor by which each further pause grows (2)."
    )
    maximum_interval: Interval | None = Field(default=None, description="Longest pause between attempts (1 min).")
    within: Budget | None = Field(default=None, description="Time for all attempts together (1 h).")
    on_unknown: OnUnknown | None = Field(
        default=None,
        description="What follows where nobody knows whether an attempt had its effect; by default the action decides.",
    )

    @model_validator(mode="after")
    def _sane(self) -> RetryDefinition:
        if self.initial_interval and self.maximum_interval and self.maximum_interval < self.initial_interval:
            raise refuse(
                "out-of-range",
                "`maximumInterval` is shorter than `initialInterval`: "
                f"{spell(self.maximum_interval)} is less than {spell(self.initial_interval)}.",
            )
        return self
