"""What of a workflow cannot be said: the exception where it is found, and the sentence that its reader gets."""

from __future__ import annotations

from dataclasses import dataclass

ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What is raised where a part of a workflow has another form than its tool gives it."""


class UnsayableError(Exception):
    """Something has no word here; the message is a sentence about it."""


class NoWorkflowError(Exception):
    """A file is no workflow of the tool that was named; the message is a sentence that says what it is instead."""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """One thing of a workflow that its automation does not say.

    Attributes:
        path: where it stands in the workflow, such as `actions[0].provider.with.thread`.
        message: a sentence that names it and says why, or what to do.
    """

    path: str
    message: str

    def to_json(self) -> dict[str, str]:
        """Return it as scripts read it."""
        return {"path": self.path, "message": self.message}
