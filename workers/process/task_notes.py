"""What a replay could not know of a task, among the flags that Temporal keeps with each completed task.

Temporal's SDKs note in a completed task by which rules they carried it out, as numbers of 32 bits that no event and no
command depends on, and a replay reads them before it begins the task. The numbers here are far above those of the SDK.
Each names its kind, its task (by the length of the history with which that began) and a few bits of what it says:

- the time that the run read, as nanoseconds since 1970, in five numbers;
- which of the signals and updates of the task were updates, in their order, eight to a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_TIME = range(1, 6)
_ORDER = 6
_CONTENT_BITS, _LENGTH_BITS = 13, 16
_CONTENT, _LENGTH = (1 << _CONTENT_BITS) - 1, (1 << _LENGTH_BITS) - 1
_EIGHT = 8
MOST = _EIGHT << _CONTENT_BITS - _EIGHT
"""Signals and updates of one task whose order can be noted."""


def note_time(length: int, nanoseconds: int) -> Sequence[int]:
    """Return the flags that say which time was read in a task."""
    return [_flag(part, length, nanoseconds >> (part - 1) * _CONTENT_BITS & _CONTENT) for part in _TIME]


def noted_time(length: int, flags: Iterable[int]) -> int | None:
    """Return the time that was noted of a task; None: none."""
    found = {kind: bits for kind, bits in _contents(length, flags) if kind in _TIME}
    if len(found) < len(_TIME):
        return None
    return sum(bits << (part - 1) * _CONTENT_BITS for part, bits in found.items())


def note_order(length: int, updates: Sequence[bool]) -> Sequence[int]:
    """Return the flags that say of each signal and update of a task, at most `MOST`, whether it is an update."""
    eights = [updates[at : at + _EIGHT] for at in range(0, len(updates), _EIGHT)]
    return [
        _flag(_ORDER, length, number << _EIGHT | sum(update << bit for bit, update in enumerate(eight)))
        for number, eight in enumerate(eights)
    ]


def noted_order(length: int, flags: Iterable[int]) -> Sequence[bool]:
    """Return the order that was noted of a task: behind its last update there may be signals more; empty: none was."""
    found = sorted(bits for kind, bits in _contents(length, flags) if kind == _ORDER)
    return [bool(bits >> bit & 1) for bits in found for bit in range(_EIGHT)]


def _flag(kind: int, length: int, content: int) -> int:
    return kind << _CONTENT_BITS + _LENGTH_BITS | (length & _LENGTH) << _CONTENT_BITS | content  # histories end before


def _contents(length: int, flags: Iterable[int]) -> list[tuple[int, int]]:
    kind = _CONTENT_BITS + _LENGTH_BITS
    return [(flag >> kind, flag & _CONTENT) for flag in flags if flag >> _CONTENT_BITS & _LENGTH == length]
