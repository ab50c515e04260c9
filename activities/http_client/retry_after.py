"""When a server says to come back, in the spellings that servers use."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MOST = 7 * 24 * 3600.0
EPOCH_SECONDS = range(1_000_000_000, 100_000_000_000)
EPOCH_MILLISECONDS = range(1_000_000_000_000, 100_000_000_000_000)

RESET_TIMES = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset", "x-cloudtalkapi-resettime")
"""Headers that hold the time at which a limit ends (of those, only values that can be nothing else are read)."""


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Return the seconds that an answer asks its client to wait, or None where it does not say.

    Reads `retry-after` (seconds or an HTTP date, the latter against the answer's own `date`), `retry-after-ms`, and
    reset times of rate limits where they are Unix times. What is garbage counts as not said.

    Args:
        headers: the answer's headers, names in lower case.
        now: Unix time; by default the machine's clock.
    """
    now = time.time() if now is None else now
    milliseconds = number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return bounded(milliseconds / 1000)
    written = headers.get("retry-after")
    seconds = number(written)
    if seconds is not None:
        return bounded(seconds)
    moment = http_date(written)
    if moment is not None:
        served = http_date(headers.get("date"))
        return bounded(moment - (now if served is None else served))
    for name in RESET_TIMES:
        reset = number(headers.get(name))
        if reset is None:
            continue
        if int(reset) in EPOCH_SECONDS:
            return bounded(reset - now)
        if int(reset) in EPOCH_MILLISECONDS:
            return bounded(reset / 1000 - now)
    return None


def number(text: str | None) -> float | None:
    """Return a number of digits and at most one dot."""
    text = (text or "").strip()
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 20:  # noqa: PLR2004 - longer is no time
        return None
    return float(text)


def http_date(text: str | None) -> float | None:
    """Return the Unix time that an HTTP date means."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def bounded(seconds: float) -> float:
    """Return a wait that is neither negative nor longer than a week."""
    return min(seconds, MOST) if seconds > 0 else 0.0
