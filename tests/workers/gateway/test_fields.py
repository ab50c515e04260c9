"""A request as a form: each value has its control, and what comes back are edits of what was typed and nothing else."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.starts import examples
from tests.together import together
from workers.gateway.pages.difference import difference
from workers.gateway.pages.fields import LONGEST, MOST, edits, fields
from workers.gateway.requests import RefusalError
from workflows.holds.wording import changes
from workflows.steps.edits import EditError, edited

CONFIG: dict[str, Any] = {
    "url": "https://shop.example.com/refunds",
    "body": {"amount": 20, "rate": 1.5, "express": True, "note": "One\nTwo", "tags": ["a"], "none": None, "a/b~c": ""},
    "hidden": "a\u202eb",
    "key": "{{secrets.shop}}",
}
SECRETS = [{"name": "shop", "path": "/key"}]


def sent(**typed: str) -> dict[str, str]:
    """Return what a browser sends of an untouched form, with some controls changed: by pointer, `__` for a slash."""
    form = {one.name: one.text.replace("\n", "\r\n") for one in fields(CONFIG, SECRETS) if one.fixed is None}
    return form | {f"set:{name.replace('__', '/')}": value for name, value in typed.items()}


def test_every_value_has_the_control_that_fits_it() -> None:
    found = {one.pointer: (one.kind, one.label) for one in fields(CONFIG, SECRETS)}
    assert found == {
        "/url": ("text", "url"),
        "/body/amount": ("number", "body / amount"),
        "/body/rate": ("number", "body / rate"),
        "/body/express": ("choice", "body / express"),
        "/body/note": ("long", "body / note"),
        "/body/tags": ("json", "body / tags"),
        "/body/none": ("json", "body / none"),
        "/body/a~1b~0c": ("text", "body / a/b~c"),
        "/hidden": ("json", "hidden"),
        "/key": ("text", "key"),
    }
    assert [one.pointer for one in fields(CONFIG, SECRETS) if one.fixed] == ["/key"]


@together(
    ("typed", "expected"),
    [
        ({}, {}),
        ({"__body__amount": "25"}, {"/body/amount": 25}),
        ({"__body__amount": "20.0"}, {}),
        ({"__body__express": "false"}, {"/body/express": False}),
        ({"__body__note": "One\r\nThree"}, {"/body/note": "One\nThree"}),
        ({"__body__tags": '["a", "b"]'}, {"/body/tags": ["a", "b"]}),
        ({"__body__none": '"now"'}, {"/body/none": "now"}),
        ({"__url": ""}, {"/url": ""}),
        ({"__url": "1"}, {"/url": "1"}),
        ({"__hidden": '"ab"'}, {"/hidden": "ab"}),
        ({"__key": "stolen"}, {}),
        ({"__other": "1"}, {}),
    ],
)
def test_what_was_typed_is_an_edit_of_its_kind(typed: dict[str, str], expected: dict[str, Any]) -> None:
    assert edits(sent(**typed), CONFIG, SECRETS) == expected


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"__body__amount": "many"}, "'body / amount' must be a number"),
        ({"__body__amount": ""}, "must be a number"),
        ({"__body__amount": "true"}, "must be a number"),
        ({"__body__amount": "NaN"}, "must be a number"),
        ({"__body__tags": "[a]"}, "'body / tags' must be JSON"),
    ],
)
def test_what_is_none_of_its_kind_is_said(typed: dict[str, str], sentence: str) -> None:
    with pytest.raises(RefusalError) as no:
        edits(sent(**typed), CONFIG, SECRETS)
    assert (no.value.status, sentence in no.value.sentence) == (400, True), no.value.sentence


def test_names_of_controls_survive_a_browser() -> None:
    (one,) = fields({"a\nb\u202ec d": "x"}, [])
    assert one.name == "set:/a%0Ab%E2%80%AEc%20d"
    assert edits({one.name: "y"}, {"a\nb\u202ec d": "x"}, []) == {"/a\nb\u202ec d": "y"}


def test_a_form_without_controls_has_no_edits() -> None:
    assert edits({"reason": "No", "decision": "retry"}, CONFIG, SECRETS) is None


def test_what_is_long_has_no_control_and_what_is_wide_is_not_taken_apart() -> None:
    (long,) = fields({"text": "x" * (LONGEST + 1)}, [])
    assert long.fixed is not None
    many = fields({f"k{number}": "x" * 15_000 for number in range(10)}, [])
    assert [one.fixed is None for one in many] == [True] * 4 + [False] * 6, "a form has room for so much"
    wide = fields({"body": {f"k{number}": number for number in range(MOST + 1)}}, [])
    assert [one.kind for one in wide] == ["json"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=examples(0.3))
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_a_form_that_nobody_touched_changes_nothing(config: dict[str, Any]) -> None:
    form = {one.name: one.text.replace("\n", "\r\n") for one in fields(config, [])}
    assert not edits(form, config, [])


@settings(max_examples=examples(0.3))
@given(st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=4), st.data())
def test_a_changed_control_changes_its_value_and_no_other(config: dict[str, Any], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(fields(config, [])))
    form = {other.name: other.text for other in fields(config, [])} | {
        one.name: "12345" if one.kind != "choice" else "null"
    }
    with contextlib.suppress(EditError):  # what the rules of edits refuse is no edit
        new = edits(form, config, [])
        after = edited(config, new, []) if new else config
        assert {pointer for pointer, _, _ in changes(config, after)} <= {one.pointer} or one.value in ({}, [])


def test_differences_of_long_texts_are_told_by_line() -> None:
    rows = difference(changes({"a": 1, "t": "One\nTwo\nThree"}, {"a": 2, "t": "One\n2\nThree"}))
    assert rows == [
        {"text": "/a: 1 → 2", "lines": []},
        {
            "text": "/t",
            "lines": [
                {"sign": "", "text": "…"},
                {"sign": "", "text": "One"},
                {"sign": "-", "text": "Two"},
                {"sign": "+", "text": "2"},
                {"sign": "", "text": "Three"},
            ],
        },
    ]
    many = difference(changes({str(n): 0 for n in range(200)}, {str(n): 1 for n in range(200)}))
    assert len(many) == 101
    assert "More than 100 places" in many[-1]["text"]
