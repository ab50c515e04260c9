"""What `perKey` means, event by event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from trunkline.keyed import GateState
from workflows.keyed import admitting
from workflows.keyed.admitting import MOST_SEEN, MOST_WAITING, Order, empty, entered, left, quiet

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


def come(state: GateState, run: str, mode: Any, seconds: float = 0, **times: Any) -> list[tuple[str, str]]:
    """Let a run come after so many seconds, and return what follows."""
    admission: Any = {"key": "k", "mode": mode, **times}
    return told(entered(state, run, admission, NOW + timedelta(seconds=seconds)))


def told(orders: list[Order]) -> list[tuple[str, str]]:
    """Return orders without their sentences."""
    assert all(order.reason.endswith(".") for order in orders if order.kind != "admit")
    return [(order.kind, order.run) for order in orders]


def test_a_later_run_replaces_the_one_inside() -> None:
    state = empty()
    assert come(state, "a", "restart") == [("admit", "a")]
    assert come(state, "b", "restart") == [("cancel", "a"), ("admit", "b")]
    assert come(state, "a", "restart") == [], "one that has come before replaces nothing"
    assert told(left(state, "a", NOW)) == []
    assert state["inside"] == "b"
    left(state, "b", NOW)
    assert come(state, "c", "restart") == [("admit", "c")]


def test_a_queue_keeps_its_order() -> None:
    state = empty()
    assert [come(state, run, "queue") for run in "abcd"] == [[("admit", "a")], [], [], []]
    assert told(left(state, "c", NOW)) == [], "one that waits may go"
    assert told(left(state, "a", NOW)) == [("admit", "b")]
    assert told(left(state, "a", NOW)) == []
    assert told(left(state, "b", NOW)) == [("admit", "d")]
    assert told(left(state, "d", NOW)) == []
    assert state["inside"] is None


def test_a_queue_has_an_end() -> None:
    state = empty()
    for number in range(MOST_WAITING + 1):
        come(state, f"r{number}", "queue")
    assert come(state, "late", "queue") == [("skip", "late")]
    for number in range(MOST_SEEN):
        come(state, f"s{number}", "queue")
    assert len(state["seen"]) == MOST_SEEN


def test_who_is_skipped_gets_no_word() -> None:
    state = empty()
    assert come(state, "a", "skip") == []
    assert state["inside"] == "a"


def test_the_last_event_runs_once_it_is_quiet() -> None:
    state, times = empty(), {"quiet": 10_000, "atMost": 25_000}
    assert come(state, "a", "debounce", 0, **times) == []
    assert come(state, "b", "debounce", 8, **times) == [("skip", "a")]
    assert told(quiet(state, NOW + timedelta(seconds=17))) == []
    assert come(state, "b", "debounce", 17, **times) == []
    assert told(quiet(state, NOW + timedelta(seconds=18))) == [("admit", "b")]
    assert come(state, "c", "debounce", 19, **times) == [], "one that has begun is left alone"
    assert told(left(state, "b", NOW)) == []
    assert state["waiting"] == ["c"]


def test_it_runs_at_most_so_long_after_the_first() -> None:
    state, times = empty(), {"quiet": 10_000, "atMost": 25_000}
    for number, second in enumerate((0, 9, 18, 24)):
        come(state, f"r{number}", "debounce", second, **times)
    assert told(quiet(state, NOW + timedelta(seconds=24.9))) == []
    assert told(quiet(state, NOW + timedelta(seconds=25))) == [("admit", "r3")]
    assert come(state, "r4", "debounce", 26, **times) == []
    assert told(quiet(state, NOW + timedelta(seconds=36))) == [("admit", "r4")], "its time begins anew"


def test_nothing_is_due_where_the_last_one_has_gone() -> None:
    state = empty()
    come(state, "a", "debounce", 0, quiet=1_000, atMost=1_000)
    assert told(left(state, "a", NOW)) == []
    assert told(quiet(state, NOW + timedelta(seconds=9))) == []
    assert admitting.empty() == {**state, "seen": []}
