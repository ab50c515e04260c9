from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.together import together
from workflows.event import MAX_BYTES, EventError, known_roots, matches, read_event


def test_type_and_data_suffice_by_hand() -> None:
    assert read_event({"type": "call.ended", "data": {"call": {}}}, default_id="missed/1") == {
        "specversion": "1.0",
        "id": "missed/1",
        "source": "manual",
        "type": "call.ended",
        "data": {"call": {}},
    }


def test_attributes_stay_as_they_are() -> None:
    event = {
        "specversion": "1.0",
        "id": "evt_1",
        "type": "call.ended",
        "source": "/phone",
        "time": "2026-01-01T00:00:00Z",
        "tenant": 5,
        "data": {},
    }
    assert read_event(event, default_id="w") == event


@together(
    ("wrong", "why"),
    [
        (None, "this is null"),
        ([], "this is a list"),
        ("call.ended", "this is a text"),
        ({}, "needs a `type`"),
        ({"type": "call.ended"}, "needs `data`"),
        ({"type": "", "data": {}}, "`type` is a text that is not empty"),
        ({"type": 5, "data": {}}, "`type` is a text"),
        ({"type": "a", "data": []}, "`data` is an object"),
        ({"type": "a", "data": None}, "`data` is an object"),
        ({"type": "a", "data_base64": "eA=="}, "`data_base64` cannot be read"),
        ({"type": "a", "data": {}, "id": 5}, "`id` is a text"),
        ({"type": "a", "data": {}, "id": "x" * 501}, "at most 500"),
        ({"type": "a", "data": {}, "source": " "}, "`source` is a text"),
        ({"type": "a", "data": {}, "specversion": "0.3"}, "`specversion`"),
        ({"type": "a", "data": {"x": "\ud800"}}, "surrogate"),
        ({"type": "a", "data": {"x": float("nan")}}, "NaN"),
        ({"type": "a", "data": {"x": "y" * MAX_BYTES}}, "at most 512 KiB"),
    ],
)
def test_what_is_no_event_says_why(wrong: Any, why: str) -> None:
    with pytest.raises(EventError) as error:
        read_event(wrong, default_id="w")
    assert why in str(error.value)


def test_depth_is_bounded() -> None:
    deep: Any = {}
    for _ in range(97):
        deep = {"x": deep}
    assert read_event({"type": "a", "data": deep}, default_id="w")
    with pytest.raises(EventError, match="nested 100 deep"):
        read_event({"type": "a", "data": {"a": {"b": {"c": deep}}}}, default_id="w")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_an_event_or_none_with_a_reason(value: Any) -> None:
    for given_value in (
        value,
        {"type": value, "data": {}},
        {"type": "a", "data": value},
        {"type": "a", "data": {}, "id": value},
    ):
        with contextlib.suppress(EventError):
            event = read_event(given_value, default_id="w")
            assert isinstance(event["data"], dict)
            assert isinstance(event["id"], str)


def test_a_trigger_takes_its_type_or_all_that_begin_alike() -> None:
    assert matches("call.ended", "call.ended")
    assert not matches("call.ended", "call.ended.late")
    assert matches("call.*", "call.ended")
    assert not matches("call.*", "callback.ended")
    assert not matches("call.*", "call")


def test_known_types_have_their_documented_roots() -> None:
    for event in ("call.ended", "call.*", "recording.uploaded"):
        assert list(known_roots(event) or ()) == ["call", "contact", "input", "recording"]
    for event in ("ticket.created", "message.received"):
        assert list(known_roots(event) or ()) == ["ticket", "customer", "message", "customFields"]
    assert known_roots("order.paid") is None
    assert "custom_fields" in (known_roots("call.ended") or {})["contact"]
