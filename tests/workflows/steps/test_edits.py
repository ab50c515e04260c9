"""Edits of a held request."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.steps.edits import EditError, edited

CONFIG = {
    "url": "https://shop.example.com/refunds",
    "headers": {"Authorization": "Bearer {{secrets.shop_token}}", "X-A": "1"},
    "body": {"amount": 5, "tags": ["a", "b"]},
}
SECRETS = [{"path": "/headers/Authorization", "name": "shop_token", "start": 7}]


@pytest.mark.parametrize(
    ("edits", "path", "value"),
    [
        ([{"op": "replace", "path": "/body/amount", "value": 6}], "amount", 6),
        ({"/body/amount": 6}, "amount", 6),
        ({"/body/note": "late"}, "note", "late"),
        ({"/body/tags/0": "c"}, "tags", ["c", "b"]),
        ({"/body/tags/-": "c"}, "tags", ["a", "b", "c"]),
        ({"body": {"amount": 7}}, "amount", 7),
        ([{"op": "add", "path": "/body/tags/0", "value": "c"}], "tags", ["c", "a", "b"]),
        ([{"op": "test", "path": "/body/amount", "value": 5}, {"op": "remove", "path": "/body/tags"}], "tags", None),
        ({"/body/amount": "{{secrets.shop_token}}"}, "amount", "{{secrets.shop_token}}"),
    ],
)
def test_an_edit_changes_a_copy(edits: Any, path: str, value: Any) -> None:
    before = repr(CONFIG)
    assert edited(CONFIG, edits, SECRETS)["body"].get(path) == value
    assert repr(CONFIG) == before


@pytest.mark.parametrize(
    "edits",
    [
        {"/headers/Authorization": "Bearer x"},
        {"/headers": {}},
        {"headers": {"Authorization": "Bearer {{secrets.other}}"}},
        [{"op": "remove", "path": "/headers/Authorization"}],
        [{"op": "move", "from": "/headers/Authorization", "path": "/body/token"}],
        [{"op": "replace", "path": "/headers/Authorization", "value": "{{secrets.shop_token}}"}],
    ],
)
def test_an_edit_leaves_secrets_where_they_are(edits: Any) -> None:
    with pytest.raises(EditError, match="shop_token"):
        edited(CONFIG, edits, SECRETS)


@pytest.mark.parametrize("edits", [{"/headers/1/key": "X-Mine"}, [{"op": "remove", "path": "/headers/0"}]])
def test_what_says_where_a_secret_goes_stays_beside_it(edits: Any) -> None:
    config = {"headers": [{"key": "X-A", "value": "1"}, {"key": "Authorization", "value": "{{secrets.k}}"}]}
    places = [{"path": "/headers/1/value", "name": "k", "start": 0}]
    with pytest.raises(EditError, match="headers/1"):
        edited(config, edits, places)
    assert edited(config, {"/headers/0/value": "2"}, places)["headers"][0] == {"key": "X-A", "value": "2"}


def test_a_secret_copied_elsewhere_is_only_text() -> None:
    changed = edited(CONFIG, [{"op": "copy", "from": "/headers/Authorization", "path": "/body/token"}], SECRETS)
    assert changed["body"]["token"] == "Bearer {{secrets.shop_token}}"  # no place goes with it: nothing is filled in


@pytest.mark.parametrize(
    "edits",
    [
        [],
        {},
        "amount=6",
        [1],
        [{}],
        [{"op": "grow", "path": "/body"}],
        [{"op": ["add"], "path": "/body", "value": 1}],
        [{"op": "add", "path": {"a": 1}, "value": 1}],
        [{"op": "add", "path": "/body/x"}],
        [{"op": "replace", "path": "/nowhere/at/all", "value": 1}],
        [{"op": "replace", "path": "", "value": [1]}],
        [{"op": "test", "path": "/body/amount", "value": 6}],
        [{"op": "replace", "path": "/body/tags/7", "value": 1}],
        {"/nowhere/at/all": 1},
        [{"op": "add", "path": "/body/x", "value": 1}] * 101,
        [{"op": "add", "path": "/body/x", "value": "x" * 600_000}],
        [{"op": "copy", "from": "/body", "path": "/body/x"}] * 95,
        [{"op": "copy", "from": "", "path": "/body/x"}, {"op": "copy", "from": "", "path": "/body/y"}] * 40,
    ],
    ids=str,
)
def test_what_is_no_edit_is_refused_with_a_sentence(edits: Any) -> None:
    with pytest.raises(EditError) as refused:
        edited(CONFIG, edits, SECRETS)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({"body/amount": 5}, "begins with `/`, as /body/amount; 'body/amount' is none; did you mean /body/amount?"),
        ([{"op": "replace", "path": "body", "value": 1}], "'body' is none; did you mean /body?"),
        ([{"op": "move", "from": "body", "path": "/x"}], "'body' is none; did you mean /body?"),
        ([{"op": "add", "path": 3, "value": 1}], "3 is none."),
        ([{"op": "remove", "path": "/nowhere"}], "the config has no such place."),
        ([{"op": "replace", "path": "/nowhere/deep", "value": 1}], "the config has no such place."),
        ([{"op": "test", "path": "/body/amount", "value": 1}], "what it tests for is not so."),
        ([{"op": "swap", "path": "/body"}], "it is no operation of JSON Patch"),
    ],
)
def test_a_wrong_edit_is_told_in_our_words(edits: object, sentence: str) -> None:
    with pytest.raises(EditError) as caught:
        edited({"body": {"amount": 25}}, edits, [])
    assert sentence in str(caught.value)
