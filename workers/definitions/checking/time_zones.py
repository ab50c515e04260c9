"""Which time zones there are, read only where a definition names one."""

from __future__ import annotations

from functools import cache


@cache
def time_zones() -> frozenset[str]:
    """Return the IANA names of all time zones, the same on every machine."""
    from importlib.resources import files

    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
