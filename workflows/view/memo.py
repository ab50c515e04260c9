"""A run's memo: what waits in it, for lists that ask no run.

Each open hold has a field of its own, so that a change writes what changed and nothing else, however many wait: `{hold,
step, kind, label, digest, openedAt, missing?, ask?}`. Beyond so many, the memo only counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trunkline.wire import ListedHold, UnlistedHolds
from workflows import host
from workflows.holds.hold import Hold

PREFIX = "TrunklineHold/"
"""What the name of a hold's field begins with; the hold's name follows."""

MORE = "TrunklineHoldsMore"
"""The field that says how many wait besides: `{count}`."""

MOST = 20
"""Holds that a memo tells, the oldest."""

LONGEST_LABEL = 200


def note(held: Iterable[Hold]) -> None:
    """Write what waits now; where nothing has changed since, nothing is written."""
    oldest = sorted(held, key=lambda hold: hold.openedAt)
    wanted: dict[str, ListedHold | UnlistedHolds] = {PREFIX + hold.hold: _entry(hold) for hold in oldest[:MOST]}
    if len(oldest) > MOST:
        wanted[MORE] = {"count": len(oldest) - MOST}
    known = [name for name in host.info().raw_memo if name == MORE or name.startswith(PREFIX)]
    gone = {name: None for name in known if name not in wanted}
    changed = {name: entry for name, entry in wanted.items() if name not in known or _known(name) != entry}
    if gone or changed:
        host.upsert_memo({**changed, **gone})


def _known(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = host.memo_value(name, {}, type_hint=dict)
    return found


def _entry(hold: Hold) -> ListedHold:
    entry: ListedHold = {
        "hold": hold.hold,
        "step": hold.step,
        "kind": hold.kind,
        "label": hold.label[:LONGEST_LABEL],
        "digest": hold.digest,
        "openedAt": hold.openedAt,
    }
    if hold.missing:
        entry["missing"] = True
    if hold.verified or hold.requester is not None or hold.quorum > 1:
        entry["ask"] = True  # who may still decide it, only the run can tell
    return entry
