"""What data, a definition or a decision can do to a step: it ends with a sentence, and nothing else is touched."""

from __future__ import annotations

from trunkline.wire import ErrorEntry


class StepError(Exception):  # a run's own word, not a program's error
    """A step cannot go on; the message is a sentence for its report.

    Attributes:
        type: the report's word for it.
    """

    type = "Refused"


class TooLargeError(StepError):
    """A value does not fit into a budget; the message says what would help."""

    type = "TooLarge"


class SealingError(StepError):
    """A request has no canonical form, so that nobody could say what was approved; the message says why."""

    type = "Unsealable"


class MissingVariableError(StepError):
    """A template needs what this run does not have."""

    type = "MissingVariable"


class TimeUpError(StepError):
    """A step had so much time, and it is over."""

    type = "Timeout"


def error_entry(error: Exception) -> ErrorEntry:
    """Return the report's `error` for what ended a step."""
    return {"type": error.type if isinstance(error, StepError) else "TemplateError", "message": str(error)}
