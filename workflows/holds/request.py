"""Requests: what a step would send, as it is shown to people, sealed and held to its seal."""

from __future__ import annotations

from trunkline.wire import Request, SealError, request_from, seal
from workflows.errors import SealingError, TooLargeError
from workflows.language.template import Rendering
from workflows.program import ActionStep
from workflows.report import measure

LARGEST_REQUEST = 512 * 1024
"""Bytes of a config that are sent at most."""


def request_of(step: ActionStep, rendered: Rendering) -> Request:
    """Return the request that a rendered config makes.

    Raises:
        TooLargeError: it takes more bytes than are sent.
    """
    if not step.config.constant and (size := measure(rendered.value)) > LARGEST_REQUEST:
        raise TooLargeError(f"The step's config takes {size:,} bytes; {LARGEST_REQUEST:,} is the most that is sent.")
    return request_from(step.action, rendered.value, rendered.secrets)


def signed(request: Request) -> str:
    """Return the digest of a request that people are asked to approve.

    Raises:
        SealingError: it has none, so that nobody could say what was approved.
    """
    try:
        return seal(request)
    except SealError as error:
        raise SealingError(f"The request cannot be sealed for approval: {error}.") from None
