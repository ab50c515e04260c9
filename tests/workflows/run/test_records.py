"""Which records a rendered config names."""

from __future__ import annotations

from typing import Any

from tests.together import together
from workflows.run.records import Record, records


@together(
    ("config", "ids"),
    [
        ({"id": "7"}, ["7"]),
        ({"id": 7}, ["7"]),
        ({"id": 7.0}, ["7"]),
        ({"id": ["a", 7, "a"]}, ["a", "7"]),
        ({"id": None}, []),
        ({"id": ""}, []),
        ({}, []),
        ({"id": []}, []),
        ({"id": {"b": 1, "a": 2}}, ['{"a": 2, "b": 1}']),
        ({"id": True}, ["true"]),
    ],
)
def test_an_id_is_a_text_whatever_wrote_it(config: dict[str, Any], ids: list[str]) -> None:
    assert records("desk", {"id": "ticket"}, config) == tuple(Record("desk", "ticket", one) for one in ids)


def test_two_kinds_and_two_connections_are_different_records() -> None:
    config = {"ticket": "7", "customer": "7"}
    writes = {"ticket": "ticket", "customer": "customer"}
    assert len({*records("a", writes, config), *records("b", writes, config)}) == 4
