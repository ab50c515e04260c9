"""When a server says to come back."""

from __future__ import annotations

from activities.http_client.retry_after import MOST, retry_after
from tests.together import together

NOW = 1_800_000_000.0


@together(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "99999999999"}, MOST),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "1e5"}, None),
        ({"retry-after": "9" * 5_000}, None),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0),
        ({"retry-after": "Fri, 15 Jan 2027 09:00:30 GMT", "date": "Fri, 15 Jan 2027 09:00:00 GMT"}, 30),
        ({"retry-after": "Fri, 99 Jan 2027 09:00:30 GMT"}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "9", "x-ratelimit-reset": "1800000060"}, 9),
        ({"x-ratelimit-reset": "1800000060"}, 60),
        ({"x-ratelimit-reset": "1800000060000"}, 60),
        ({"x-ratelimit-reset": "60"}, None),
        ({"x-cloudtalkapi-resettime": "1800000007"}, 7),
        ({"x-cloudtalkapi-resettime": "1799999999"}, 0),
    ],
)
def test_the_wait_is_read_in_every_spelling_and_garbage_is_none(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=NOW) == seconds
