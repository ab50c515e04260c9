"""How the APIs of language models say no: a limit, an account without money, a request that is not understood."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from activities.ai.model import UnusableAnswerError, Usage
from activities.bounds import cut
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.retry_after import retry_after
from activities.http_client.statuses import SUCCESS, one_line
from activities.rest.answers import readable, reason_of

if TYPE_CHECKING:
    from activities.http_client.message import Response

SPENT = re.compile(
    r"insufficient_quota|credit_balance_exhausted|billing_hard_limit_reached|billing_not_active|billing_error"
    r"|enforced_spend_limit_reached"
)
"""Codes of a 429 that no waiting mends."""

UNKNOWN = frozenset((400, 404, 405, 415, 422, 501))
FORMAT = re.compile(r"response_format|json_schema|output_config|output_format|structured.output", re.IGNORECASE)
OTHER = re.compile(
    r"content.?(?:filter|policy|management)|moderation|safety"
    r"|context.?(?:length|window)|maximum context|too (?:long|large|many)"
    r"|billing|quota|credit|api.?key|authenticat|model.{0,40}(?:not.found|not exist|unknown|invalid)|temperature",
    re.IGNORECASE,
)
"""What a request is refused for, whatever form its answer was to have."""

UNSAID = frozenset((400, 422, 501))
"""What servers answer that do not know a part of the request, and do not say which."""

LIMIT = re.compile(
    r"\bmax_(?:completion_)?tokens\b.*(?:unsupported|not supported|use )|"
    r"(?:unsupported|unknown|unrecognized|extra).*\bmax_(?:completion_)?tokens\b",
    re.IGNORECASE,
)
OVERLOADED, CONFLICT, TOO_MANY = 529, 409, 429

LONGEST = 4096


class UnsupportedError(Refused):
    """The server does not know a part of the request, or may not: it had no effect, and may be sent without that part.

    Attributes:
        feature: `format` (structured output) or `limit` (the name of the token limit).
    """

    def __init__(self, message: str, feature: str, status: int) -> None:
        super().__init__(message, status=status)
        self.feature = feature


def judge_of(vendor: str) -> Callable[[Response], ActionError | None]:
    """Return what sorts a vendor's failures where the status alone says too little."""

    def judge(answer: Response) -> ActionError | None:
        if answer.status in SUCCESS:
            return None
        text = answer.body[:LONGEST].decode(errors="replace")
        try:
            reason = readable(reason_of(answer.json())) or "no reason given"
        except OutcomeUnknown:
            reason = "no reason given"
        sentence = f"{vendor} answered {answer.status}: {reason}."
        if answer.status == TOO_MANY and SPENT.search(text):
            return Refused(f"{sentence} The account has nothing left to spend.", status=answer.status)
        if answer.status in {CONFLICT, OVERLOADED}:
            return Unavailable(sentence, retry_after=retry_after(answer.headers), status=answer.status)
        if answer.status in UNKNOWN:
            if LIMIT.search(one_line(text, LONGEST)):
                return UnsupportedError(sentence, "limit", answer.status)
            unsaid = answer.status in UNSAID and not OTHER.search(text)
            return UnsupportedError(sentence, "format", answer.status) if unsaid or FORMAT.search(text) else None
        return None

    return judge


def refusal(reason: str | None, usage: Usage) -> UnusableAnswerError:
    """Return the error for a model that refused to answer."""
    return UnusableAnswerError(
        f"The model refused to answer: {cut(readable(reason) or 'it gave no reason', 300)}.", usage
    )


def cut_off(max_tokens: int, usage: Usage) -> UnusableAnswerError:
    """Return the error for an answer that was longer than it could be."""
    return UnusableAnswerError(
        f"The model's answer was cut off (truncated) after {usage.output_tokens or max_tokens} tokens: "
        f"raise `maxTokens` ({max_tokens}), or ask for less.",
        usage,
    )
