"""Times for people: how long ago or until when, with the exact instant beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from markupsafe import Markup

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def length(lasted: timedelta) -> str:
    """Return a length of time in its largest unit: `3 hours`."""
    seconds = int(abs(lasted.total_seconds()))
    for size, word in UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count:,} {word}{'' if count == 1 else 's'}"
    return "less than a minute"


def exact(at: datetime) -> str:
    """Return an instant to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(instant: str) -> Markup:
    """Return how long ago an instant was, or how far ahead it is, as HTML that also says when exactly."""
    at = datetime.fromisoformat(instant)
    now = datetime.now(UTC)
    words = f"{length(now - at)} ago" if at <= now else f"in {length(at - now)}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact(at), words)
