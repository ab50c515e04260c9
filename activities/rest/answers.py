"""What REST APIs say in their answers: the value, the reason of a refusal, and when a limit ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from activities.errors import OutcomeUnknown
from activities.http_client.retry_after import EPOCH_MILLISECONDS, EPOCH_SECONDS, number, retry_after
from activities.http_client.statuses import one_line

if TYPE_CHECKING:
    from activities.http_client.message import Response

REASONS = ("detail", "message", "error_description", "description", "title", "reason", "error", "code")
"""Members of an error's object that may hold its reason, the most telling first."""

UNSAID = 60.0
"""Seconds that nobody sends to an account whose vendor does not say when its limit ends."""

DEEPEST = 5
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RateHeaders:
    """Headers that tell of a vendor's limit where it does not say `Retry-After`.

    Attributes:
        reset: when the limit ends: seconds from now, a Unix time in seconds or milliseconds, or an ISO 8601 instant.
        remaining: how many requests are left; where it says 0, a 403 means the limit and no lack of rights.
        longest: seconds that are waited at most.
    """

    reset: str
    remaining: str | None = None
    longest: float = 3600.0

    def exhausted(self, answer: Response) -> bool:
        """Say whether an answer was refused because a limit was reached."""
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return True
        return answer.status == HTTPStatus.FORBIDDEN and self._nothing_left(answer)

    def _nothing_left(self, answer: Response) -> bool:
        return self.remaining is not None and number(answer.headers.get(self.remaining.lower())) == 0

    def pause(self, answer: Response) -> float | None:
        """Return for how many seconds nobody should send after an answer, or None where that is no matter.

        It is one where the limit was reached (429), or nothing is left of it, whatever became of the request. A
        `Retry-After` counts before `reset`, `UNSAID` where there is neither, and `longest` bounds each.
        """
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS and not self._nothing_left(answer):
            return None
        advised = retry_after(answer.headers)
        wait = self.wait(answer.headers) if advised is None else advised
        return min(UNSAID if wait is None else wait, self.longest)

    def wait(self, headers: Mapping[str, str]) -> float | None:
        """Return the seconds until the limit ends, or None where the headers do not say."""
        written = headers.get(self.reset.lower())
        value = number(written)
        now = datetime.now(UTC).timestamp()
        if value is None:
            try:
                seconds = datetime.fromisoformat(written or "").astimezone(UTC).timestamp() - now
            except (ValueError, OverflowError):
                return None
        elif int(value) in EPOCH_SECONDS:
            seconds = value - now
        elif int(value) in EPOCH_MILLISECONDS:
            seconds = value / 1000 - now
        else:
            seconds = value
        return min(max(seconds, 0.0), self.longest)


def reason_of(body: Any) -> str | None:
    """Return why a request was refused, from any of the shapes that JSON APIs commonly use."""
    return _reason(body, DEEPEST)


def _reason(value: Any, deepest: int) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if not deepest:
        return None
    if isinstance(value, list):
        found = [_reason(item, deepest - 1) for item in value]
        return "; ".join(dict.fromkeys(text for text in found if text)) or None
    if isinstance(value, Mapping):
        inner = (value[key] for key in ("errors", "error") if isinstance(value.get(key), Mapping | list))
        named = (value[key] for key in REASONS if isinstance(value.get(key), str))
        for candidate in (*inner, *named):
            if text := _reason(candidate, deepest - 1):
                return text
        fields = ((key, _reason(item, deepest - 1)) for key, item in value.items())
        return "; ".join(f"{key}: {text}" for key, text in fields if text) if deepest < DEEPEST else None
    return None


def readable(reason: Any) -> str | None:
    """Return a vendor's reason as it may stand in a sentence, or None where it is no text."""
    return (one_line(reason, LONGEST_REASON).rstrip(". ") or None) if isinstance(reason, str) else None


def value_of(answer: Response, vendor: str) -> Any:
    """Return the JSON value of a successful answer, None where it has no body.

    Raises:
        OutcomeUnknown: it is no JSON, so that nobody knows what the vendor did.
    """
    if not answer.body.strip():
        return None
    try:
        return answer.json()
    except OutcomeUnknown:
        kind = one_line(answer.headers.get("content-type", "no type"), 60)
        raise OutcomeUnknown(
            f"{vendor} answered {answer.status} with something that is no JSON ({kind}); whether the request had its "
            "effect is not known.",
            status=answer.status,
        ) from None
