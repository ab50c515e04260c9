"""Why a command cannot do what was asked: a sentence for the person who asked, and the exit code that scripts see."""

from __future__ import annotations

from typing import ClassVar


class TrunklineError(Exception):
    """What was asked failed; the message is a sentence that says why and what would help."""

    exit_code: ClassVar[int] = 1


class UsageError(TrunklineError):
    """The command was called in a way that makes no sense."""

    exit_code = 2


class UnreachableError(TrunklineError):
    """Temporal does not answer, or no worker does."""

    exit_code = 3


class NotFoundError(TrunklineError):
    """What was named does not exist."""

    exit_code = 4
