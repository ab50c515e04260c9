"""The ways in which an action can fail, sorted by what may be done next."""

from __future__ import annotations


class ActionError(Exception):
    """An action failed; the message is a sentence for the person who reads the report.

    Args:
        message: what went wrong and what to do about it, without secrets or addresses of the internal network.
        status: the HTTP status that the vendor answered with, where there was one.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Refused(ActionError):  # noqa: N818 # the words of reports
    """The same request will never succeed, and it had no effect: it is not repeated."""


class UnknownOperation(Refused):  # same
    """The service's description has no operation of that name."""


class Unavailable(ActionError):  # noqa: N818 # same
    """The request certainly had no effect and may succeed later: it is repeated.

    Args:
        message: see `ActionError`.
        retry_after: seconds that the vendor asks us to wait, where it does.
        status: see `ActionError`.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class Paused(Unavailable):
    """Nothing may be sent to the account for `retry_after` seconds, so nothing was: the attempt does not count."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, retry_after=retry_after)


class Pending(Unavailable):
    """What is asked for is not known yet: it is asked again, as often as it takes, and nobody needs to be told."""


class NotSent(ActionError):  # noqa: N818 # same
    """This attempt was told that it must not send before it sent anything; the run decides what follows."""


class OperationChanged(ActionError):  # noqa: N818 # same
    """The operation is not what it was when people released the step; nothing was sent, and they are asked anew."""


class OutcomeUnknown(ActionError):  # noqa: N818 # same
    """The request may have had its effect; the action's `repeat` decides whether it is sent again.

    Args:
        message: see `ActionError`.
        status: see `ActionError`.
        repeatable: whether sending it again could tell more; a vendor may repeat its answer to a key.
    """

    def __init__(self, message: str, *, status: int | None = None, repeatable: bool = True) -> None:
        super().__init__(message, status=status)
        self.repeatable = repeatable


class ResultTooLarge(ActionError):  # noqa: N818 # same
    """The request was carried out, but its answer cannot be kept; it is never repeated."""
