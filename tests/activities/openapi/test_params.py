"""What is wrong with params, before anything leaves."""

from __future__ import annotations

import time
from typing import Any

import pytest

from activities.descriptions.index import Index
from tests.activities.openapi.requests import flaws


@pytest.mark.parametrize(
    ("operation", "given", "says"),
    [
        (
            "refundOrder",
            {"orderID": "1"},
            ["there is no `orderID` here (Did you mean orderId?)", "`orderId` is missing"],
        ),
        ("refundOrder", {"orderId": "1", "amount": "ten"}, ["`amount`: this must be a whole number"]),
        ("refundOrder", {"orderId": "1", "amount": "10", "note": 5}, []),
        ("refundOrder", {"orderId": None}, ["`orderId`: this must be a text"]),
        ("refundOrder", {"orderId": "1", "body": {"amount": "x"}}, ["`body.amount`: this must be a whole number"]),
        ("refundOrder", {"orderId": "1", "body": {"amont": 1}}, []),
        ("GET /search", {"limit": 0}, ["`limit`: it is less than or equal to the minimum of 0"]),
        ("GET /search", {"filter": {}}, ["`filter.a` is missing"]),
        ("addPet", {}, ["`kind` is missing"]),
        ("addPet", {"kind": "dog", "lives": 9}, ["`bark` is missing"]),
        ("addPet", {"kind": "cat", "name": None, "lives": 9}, []),
        ("addPet", {"kind": "cow"}, ["`kind`: this must be one of cat, dog"]),
        ("addPet", {"kind": "cat", "lives": 2**31}, ["`lives`: it is greater than the maximum of 2147483647"]),
        ("addPet", {"kind": "dog", "bark": "off"}, []),
        ("addWatcher", {}, ["the body is missing"]),
        ("addWatcher", {"body": None}, ["the body is missing"]),
        ("refundOrder", {"orderId": "1", "body": None}, []),
        ("addWatcher", {"name": "ann"}, ["there is no `name` here", "the body is missing"]),
        ("subscribe", {"customer": "c", "items": [{"prise": "p"}]}, []),
        ("renamePet", {"id": 7}, ["`body.id` is missing", "`name` is missing"]),
        ("renamePet", {"id": 7, "body": {"id": 5, "name": {}}}, ["`body.name`: this must be a text"]),
        ("renamePet", {"id": 7, "body": {"id": {}}, "name": "Rex"}, ["`body.id`: this must be a text"]),
        ("elsewhere", {"value": 1, "next": {"next": {"value": "x"}}}, ["`next.next.value`: this must be a number"]),
    ],
)
def test_what_is_wrong_is_said(awkward: Index, operation: str, given: dict[str, Any], says: list[str]) -> None:
    found = [
        f"{flaw.sentence}{f' ({flaw.hint})' if flaw.hint else ''}"
        for flaw in flaws(awkward, operation, given)
        if flaw.serious
    ]
    assert found == says


def test_unknown_names_inside_are_only_warned_of(awkward: Index) -> None:
    [found] = flaws(awkward, "subscribe", {"customer": "c", "items": [{"price": "p", "quantty": 1}]})
    assert (found.serious, found.path, found.hint) == (False, ("items", 0, "quantty"), "Did you mean quantity?")


def test_what_the_service_only_answers_with_is_warned_of(awkward: Index) -> None:
    for given, places in (
        (
            {"id": 7, "body": {"id": "a", "name": "Rex", "seen": "today", "nmae": 1}},
            [("body", "seen"), ("body", "nmae")],
        ),
        ({"id": 7, "body": {"id": "a"}, "name": "Rex", "seen": "{{now}}"}, [("seen",)]),
    ):
        found = flaws(awkward, "renamePet", given)
        assert [(flaw.path, flaw.serious) for flaw in found] == [(place, False) for place in places]
    assert found[0].sentence == "`seen` stands in answers only: the service may ignore it"


def test_templates_may_become_anything(awkward: Index) -> None:
    def is_open(value: Any) -> bool:
        return "{{" in str(value)

    for given in (
        {"customer": "{{a}}", "items": "{{b}}"},
        {"customer": "x", "items": [{"price": "{{p}}", "quantity": "{{q}}"}], "trial": "{{t}}"},
    ):
        assert flaws(awkward, "subscribe", given, is_open=is_open) == []
    assert flaws(awkward, "addPet", {"body": "{{pet}}"}, is_open=is_open) == []
    assert flaws(awkward, "addPet", {"kind": "{{kind}}", "name": "x"}, is_open=is_open) == []
    [found] = flaws(awkward, "subscribe", {"items": "{{b}}"}, is_open=is_open)
    assert found.sentence == "`customer` is missing"


def test_patterns_take_linear_time(awkward: Index) -> None:
    began = time.perf_counter()
    assert flaws(awkward, "addPet", {"kind": "cat", "code": "a" * 40_000 + "b"})
    assert time.perf_counter() - began < 2
