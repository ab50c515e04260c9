"""Requests: what a step would send, as it is shown to people, sealed and held to its seal."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from workflows.errors import TooLarge, Unsealable
from workflows.language.template import Rendered
from workflows.program import ActionStep
from workflows.report import measure

LARGEST_REQUEST = 512 * 1024
"""Bytes of a config that are sent at most."""


def request_of(step: ActionStep, rendered: Rendered) -> dict[str, Any]:
    """Return the request that a rendered config makes.

    Raises:
        TooLarge: it takes more bytes than are sent.
    """
    if not step.config.constant and (size := measure(rendered.value)) > LARGEST_REQUEST:
        raise TooLarge(f"The step's config takes {size:,} bytes; {LARGEST_REQUEST:,} is the most that is sent.")
    return sealed(step.action, rendered.value, rendered.secrets)


def sealed(action: str, config: dict[str, Any], secrets: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a request as it is shown and sealed."""
    request = {"actionType": action, "config": config, "secrets": secrets}
    if isinstance(config.get("connection"), str):
        request["connection"] = config["connection"]
    return request


def seal(request: dict[str, Any]) -> str:
    """Return the digest of a request: lowercase hex SHA-256 of its RFC 8785 form.

    Raises:
        Unsealable: it has no such form (integers of 2^53 and more, lone surrogates).
    """
    try:
        return hashlib.sha256(rfc8785.dumps(request)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise Unsealable(f"The request cannot be sealed for approval: {error}.") from None
