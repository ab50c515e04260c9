"""What Temporal says about an activity that timed out, read as what may have happened at the receiver."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType
from temporalio.exceptions import TimeoutError as TimedOut

from tests.together import together
from trunkline.wire import SENDING
from workflows.run.failure import Failure, read_failure

UNAVAILABLE = ApplicationError("Come back later.", type="Unavailable")


def failed(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="a",
        activity_id="a",
        retry_state=None,
    )
    error.__cause__ = cause
    return error


def timed_out(kind: TimeoutType, repeat: str, *, marked: bool, said: list[str], last: Exception | None) -> Failure:
    cause = TimedOut("timed out", type=kind, last_heartbeat_details=said)
    cause.__cause__ = last
    return read_failure(failed(cause), repeat, marked=marked)


DIED, SLOW, SPENT = TimeoutType.HEARTBEAT, TimeoutType.START_TO_CLOSE, TimeoutType.SCHEDULE_TO_CLOSE


@together("kind", [DIED, SLOW, SPENT])
@together(
    ("repeat", "marked", "said", "expected"),
    [
        ("never", True, [], "sent nothing"),
        ("never", True, [SENDING], "unknown"),
        ("never", False, [], "unknown"),
        ("keyed", True, [], "unknown"),
        ("keyed", False, [], "unknown"),
        ("safe", False, [], "failed"),
    ],
)
def test_only_the_lack_of_a_mark_that_would_be_there_proves_that_nothing_was_sent(
    kind: TimeoutType, repeat: str, marked: bool, said: list[str], expected: str
) -> None:
    failure = timed_out(kind, repeat, marked=marked, said=said, last=None)
    assert failure.unknown == (expected == "unknown")
    assert failure.sent_nothing == (expected == "sent nothing")


@pytest.mark.parametrize(
    ("repeat", "marked", "said", "unknown"),
    [
        ("never", True, [], False),
        ("never", True, [SENDING], True),
        ("never", False, [], True),
        ("keyed", False, [], True),
        ("safe", False, [], False),
    ],
)
def test_a_refusal_says_nothing_of_an_attempt_that_may_have_followed_it(
    repeat: str, marked: bool, said: list[str], unknown: bool
) -> None:
    assert timed_out(SPENT, repeat, marked=marked, said=said, last=UNAVAILABLE).unknown == unknown
    waiting = timed_out(TimeoutType.SCHEDULE_TO_START, repeat, marked=marked, said=said, last=UNAVAILABLE)
    assert (waiting.type, waiting.unknown) == ("Unavailable", False)


def test_an_attempt_that_found_a_pause_was_none() -> None:
    cause = ApplicationError("Paused.", {"attempts": 3, "wait": 7.5}, type="NotSent")
    failure = read_failure(failed(cause), "never", marked=True)
    assert (failure.sent_nothing, failure.unknown, failure.attempts) == (True, False, 2)
    assert failure.wait == timedelta(seconds=7.5)
    assert failure.classes == {"any", "unavailable"}
    other = read_failure(failed(ApplicationError("Reset.", {"attempts": 3}, type="NotSent")), "never", marked=True)
    assert (other.sent_nothing, other.wait) == (True, None)
