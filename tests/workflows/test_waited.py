"""Which event a step wants, by what it is looked up, and which events a run keeps."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from workflows.event import matches
from workflows.language.comparison import loosely_equal
from workflows.run.arrivals import LARGEST, MOST, Arrivals
from workflows.waited import canonical, compile_waited, found_at, keys_in, patterns

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)

VALUES: list[Any] = [
    *(None, True, False, 0, 1, 1.0, -1, 1.5, 2**60, 10**30, 1e300, "", "1", "1.0", "01", "-1", "1e0", "1,5", "abc"),
    *("true", "null", "2026-11-28", "2026-11-28T00:00:00Z", "2026-11-28T01:00:00+01:00", "28 Nov 2026", [], [1], {}),
]


@pytest.mark.parametrize("event_type", ["call", "call.ended", "a.b.c", "a..b", "."])
def test_an_event_is_looked_up_under_every_name_that_it_matches(event_type: str) -> None:
    assert all(matches(pattern, event_type) for pattern in patterns(event_type))
    named = [f"{event_type[:end]}*" for end in range(1, len(event_type) + 1) if event_type[end - 1] == "."]
    assert set(patterns(event_type)) == {event_type, *named}


def test_what_is_equal_is_looked_up_alike() -> None:
    for left, right in itertools.product(VALUES, VALUES):
        if isinstance(left, list | dict) or isinstance(right, list | dict):
            assert (canonical(left) == canonical(right)) or left.__class__ is not right.__class__
        elif loosely_equal(left, right):
            assert canonical(left) == canonical(right), (left, right)
    assert len({canonical(value) for value in ("abc", "abd", 1, 2, None, True, "null", "true")}) == 8


def test_the_keys_are_what_holds_wherever_the_conditions_do() -> None:
    def equal(field: str, value: Any) -> dict[str, Any]:
        return {"field": field, "operator": "equals", "value": value}

    both = {"all": [equal("wanted.status", "open"), {"all": [equal(" wanted.ticket['id'] ", "{{ticket.id}}")]}]}
    assert [*keys_in(both)] == [("wanted.status", "open"), ("wanted.ticket['id']", "{{ticket.id}}")]
    waited = compile_waited({"event": "a", "where": both, "atMost": 1, "since": "step"})
    assert [key.field for key in waited.keys] == ["wanted.ticket['id']", "wanted.status"], "what varies finds less"
    for none in (
        {},
        {"any": [equal("wanted.a", 1)]},
        {"not": equal("wanted.a", 1)},
        equal("ticket.id", 1),
        equal("wanted", {}),
        equal("wanted.a", "{{wanted.b}}"),
        {"field": "wanted.a", "operator": "in", "value": [1]},
    ):
        assert not [*keys_in(none)], none
    assert found_at("wanted.ticket['id']", {"ticket": {"id": 7}}) == 7
    assert found_at("wanted.ticket.id", {"ticket": None}) is None


def test_an_event_that_cannot_be_judged_is_not_wanted() -> None:
    where = {"all": [{"field": "wanted.id", "operator": "equals", "value": "{{ticket.id | times: ticket.name}}"}]}
    waited = compile_waited({"event": "ticket.*", "where": where, "atMost": 1})
    event = {"type": "ticket.solved", "data": {"id": 7}}
    assert not waited.wants(event, {"ticket": {"id": 7, "name": "x"}}, NOW)
    plain = {"field": "wanted.id", "operator": "equals", "value": "{{ticket.id}}"}
    waited = compile_waited({"event": "ticket.*", "where": plain, "atMost": 1})
    assert waited.wants(event, {"ticket": {"id": "7"}, "wanted": {"id": 8}}, NOW)
    assert not waited.wants({**event, "type": "tickets.solved"}, {"ticket": {"id": 7}}, NOW)


def event(name: str, size: int = 0) -> dict[str, Any]:
    return {"id": name, "source": "/s", "type": "t", "data": {"text": "x" * size}}


def test_a_run_takes_an_event_once_and_its_own_never() -> None:
    arrivals = Arrivals(event("own"))
    for name in ("own", "a", "b", "a"):
        arrivals.arrive(event(name))
    assert arrivals.count == 2
    assert arrivals.take(lambda one: one["id"] == "b", 0) == event("b")
    arrivals.arrive(event("b"))
    arrivals.arrive({**event("b"), "source": "/other"})
    arrivals = Arrivals(event("own"), arrivals.carry())
    assert arrivals.take(lambda _: True, 2) == {**event("b"), "source": "/other"}, "what came before it does not count"
    assert arrivals.take(lambda _: True, 2) is None
    assert arrivals.take(lambda _: True, 0) == event("a")


def test_a_run_keeps_so_many_events_and_says_how_many_it_dropped() -> None:
    arrivals = Arrivals(event("own"))
    for number in range(MOST + 3):
        arrivals.arrive(event(f"e{number}"))
    assert arrivals.dropped == 3
    assert arrivals.take(lambda _: True, 0) == event("e3")
    for name in ("large", "larger"):
        arrivals.arrive(event(name, LARGEST * 2 // 3))
    assert arrivals.take(lambda _: True, 0) == event("larger", LARGEST * 2 // 3)
