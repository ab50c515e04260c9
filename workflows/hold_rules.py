"""The keys of a policy that rule how a hold is decided: a new one is a row here, and what a hold does with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, TypedDict

Editing = Literal[True, False, "needsApproval"]

STRICTNESS: tuple[Editing, ...] = (True, "needsApproval", False)
"""What may be edited, from the freest to the strictest."""


class HoldRules(TypedDict, total=False):
    """How a hold is decided; a policy says it for every request, and a band for some."""

    quorum: int
    selfApproval: bool
    rejectNeedsReason: bool
    allowEdit: Editing
    verified: bool


class HoldRule(NamedTuple):
    """What holds for a key of `HoldRules`.

    Attributes:
        otherwise: its value where nobody says one.
        stricter: returns the stricter of two values, which counts where a band is laid over a policy.
        record: its name in `PolicyRecord`, which histories keep; None where a hold does not keep it.
        failures: whether it also rules holds after a failure.
    """

    otherwise: Any
    stricter: Callable[[Any, Any], Any]
    record: str | None = None
    failures: bool = False


HOLD_RULES: Mapping[str, HoldRule] = {
    "quorum": HoldRule(1, max, record="quorum"),
    "selfApproval": HoldRule(True, min),  # a value of the plan
    "rejectNeedsReason": HoldRule(False, max, record="reason_needed"),  # same
    "allowEdit": HoldRule(False, partial(max, key=STRICTNESS.index), record="editing"),  # same
    "verified": HoldRule(False, max, record="verified", failures=True),  # same
}
"""Every key of `HoldRules`; compiling, bands, checks and what histories keep of a policy derive from it."""
