"""Collecting garbage in a worker: what it has once it serves stays, and most of what runs make needs no collector."""

from __future__ import annotations

import gc

ALLOCATIONS = 50_000
"""Objects that are made, beyond those that are gone, before the youngest are looked at; Python's own number is 700."""


def collect_seldom() -> None:
    """Leave alone what this process has loaded, and look seldom at what comes."""
    gc.collect()
    gc.freeze()
    _, older, oldest = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, older, oldest)
