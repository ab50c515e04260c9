"""Which ends an action can have, derived from its contract, and which of them its cases leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from activities.action import Action
from scripts.sources import source
from tests.activities.attempts import KEY
from tests.activities.cases import Case

Shows = Callable[[Case], bool]

EVERY_STATUS_IS_A_RESULT = frozenset({"kustomer.rest_api_generic", "kustomer.rest_api_json"})
"""Actions that leave it to the author what a status means, so that none says when to come back."""


def ends(action: Action) -> dict[str, Shows]:
    """Return every kind of case that the contract calls for: its name, and what tells a case of it."""
    kinds: dict[str, Shows] = {"success": lambda case: not case.look and case.error is None}
    if action.local:
        return kinds
    for kind in ("Refused", "Unavailable", "OutcomeUnknown", "ResultTooLarge"):
        kinds[kind] = lambda case, kind=kind: case.error is not None and case.error.type == kind  # type: ignore[misc] # bound now
    if action.name not in EVERY_STATUS_IS_A_RESULT:
        kinds["Unavailable with retryAfter"] = lambda case: (
            case.error is not None and case.error.retry_after is not None
        )
    if not callable(action.repeat) and action.repeat == "keyed":
        kinds["success whose request carries the idempotency key"] = lambda case: KEY in repr(case.traffic)
    if action.repeats(action.example) == "never":
        kinds["success with `marked: true`"] = lambda case: any(exchange.marked for exchange in case.traffic)
    if action.look is not None:
        kinds["look-up that finds it"] = lambda case: bool(case.found)
        kinds["look-up that finds nothing"] = lambda case: case.found == []
    return kinds


def missing(action: Action, cases: Iterable[Case]) -> list[str]:
    """Return a sentence for every kind of case that an action lacks."""
    written = list(cases)
    place = Path("tests") / source(action).parent / "cases"
    return [
        f"write a case of kind {kind} in {place}/{action.name}.yml"
        for kind, shows in ends(action).items()
        if not any(shows(case) for case in written)
    ]
