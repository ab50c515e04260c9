"""Search attributes: what lets operators find a run in Temporal's own list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)

from workflows import host
from workflows.holds.hold import Hold
from workflows.language.people import person
from workflows.view.memo import note

AUTOMATION = SearchAttributeKey.for_keyword("TrunklineAutomation")
EVENT = SearchAttributeKey.for_keyword("TrunklineEvent")
OUTCOME = SearchAttributeKey.for_keyword("TrunklineOutcome")
HOLDS = SearchAttributeKey.for_keyword_list("TrunklineHolds")
APPROVERS = SearchAttributeKey.for_keyword_list("TrunklineApprovers")
HELD_SINCE = SearchAttributeKey.for_datetime("TrunklineHeldSince")
HELD_FOR = SearchAttributeKey.for_keyword("TrunklineHeldFor")

ALL = (AUTOMATION, EVENT, OUTCOME, HOLDS, APPROVERS, HELD_SINCE, HELD_FOR)

BOTH = "both"
"""What a run is held for in which something waits for approval, and something after a failure."""

LONGEST_LIST = 1_500
"""Bytes after which a list is cut; Temporal terminates a run whose list takes more than 2,048."""
LONGEST_WORD = 255


ATTRIBUTES = "trunkline:attributes"
"""The name under which `workers/process/replay_clock.py` tells a run whether its namespace has our search attributes.

Only what no replay compares may depend on it: two workers may know otherwise.
"""


def of_run(automation: str, event: str) -> TypedSearchAttributes | None:
    """Return what a run that another one starts is found by; None where the namespace has no such search attributes."""
    known = host.extern_functions().get(ATTRIBUTES)
    if known is None or not known():
        return None
    return TypedSearchAttributes(
        [SearchAttributePair(AUTOMATION, _word(automation)), SearchAttributePair(EVENT, _word(event))]
    )


class Attributes:
    """A run's search attributes; where the namespace has none (`enabled` is false) nothing is written.

    Args:
        enabled: whether the namespace has them.
        dated: whether it has those that say since when a run is held and for what; then its memo tells what waits.
    """

    def __init__(self, *, enabled: bool = False, dated: bool = False) -> None:
        self.enabled = enabled
        self.dated = dated

    def begin(self, automation: str, event: str) -> None:
        """Write of what the run is that which whoever started it has not."""
        if not self.enabled:
            return
        known = host.info().typed_search_attributes
        lacking = [(key, value) for key, value in ((AUTOMATION, automation), (EVENT, event)) if known.get(key) is None]
        if lacking:
            host.upsert_search_attributes([key.value_set(_word(value)) for key, value in lacking])

    def holds(self, held: Iterable[Hold]) -> None:
        """Write what waits now, and for whom."""
        if not self.enabled:
            return
        held = list(held)
        ids = _cut(hold.hold for hold in held)
        approvers = _cut(
            dict.fromkeys(word for hold in held for name in hold.approvers for word in _indexed(hold, name))
        )
        updates: list[SearchAttributeUpdate[Any]] = [
            HOLDS.value_set(ids) if ids else HOLDS.value_unset(),
            APPROVERS.value_set(approvers) if approvers else APPROVERS.value_unset(),
        ]
        if self.dated:
            updates += _dated(held)
        host.upsert_search_attributes(updates)
        if self.dated:
            note(held)

    def end(self, outcome: str) -> None:
        """Write how the run ended."""
        if self.enabled:
            host.upsert_search_attributes([OUTCOME.value_set(outcome)])


def _dated(held: list[Hold]) -> list[SearchAttributeUpdate[Any]]:
    """Return since when something waits, and for what."""
    if not held:
        return [HELD_SINCE.value_unset(), HELD_FOR.value_unset()]
    since = datetime.fromisoformat(min(hold.openedAt for hold in held))
    kinds = {hold.kind for hold in held}
    return [HELD_SINCE.value_set(since), HELD_FOR.value_set(held[0].kind if len(kinds) == 1 else BOTH)]


def _indexed(hold: Hold, name: str) -> Iterator[str]:
    """Yield what a person is found by: the name in the form in which names are compared, and as it was written.

    Where names must not leave the run, it is their hash.
    """
    if hold.index is None:
        yield from (person(name), name.strip())
    elif name in hold.index:
        yield hold.index[name]


def _word(text: str) -> str:
    return text.encode("utf-8", "replace")[:LONGEST_WORD].decode("utf-8", "ignore")


def _cut(words: Iterable[str]) -> list[str]:
    kept: list[str] = []
    room = LONGEST_LIST
    for word in map(_word, words):
        room -= len(json.dumps(word)) + 1  # as it is sent, where a letter outside ASCII takes up to twelve bytes
        if room < 0:
            return [*kept, "more"]
        kept.append(word)
    return kept
