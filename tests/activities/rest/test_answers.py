"""How a status outside 2xx is sorted, for every vendor alike."""

from __future__ import annotations

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.statuses import failure
from tests.together import together


@together(
    ("status", "headers", "kind", "wait"),
    [
        (301, {}, Refused, None),
        (400, {"retry-after": "5"}, Refused, None),
        (404, {}, Refused, None),
        (408, {}, Unavailable, None),
        (425, {}, Unavailable, None),
        (429, {}, Unavailable, None),
        (429, {"retry-after": "7"}, Unavailable, 7.0),
        (500, {"retry-after": "7"}, OutcomeUnknown, None),
        (503, {}, OutcomeUnknown, None),
        (503, {"retry-after": "0"}, Unavailable, 0.0),
        (504, {}, OutcomeUnknown, None),
    ],
)
def test_a_status_says_whether_the_request_may_be_sent_again(
    status: int, headers: dict[str, str], kind: type[ActionError], wait: float | None
) -> None:
    found = failure("It failed.", status, headers)
    assert type(found) is kind
    assert (found.status, str(found), getattr(found, "retry_after", None)) == (status, "It failed.", wait)
