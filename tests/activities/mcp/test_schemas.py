"""What tools take: schemas of every make, and what is pinned of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.connectors.mcp import TRUSTED, UNTRUSTED
from activities.descriptions.command import UnreadableError
from activities.errors import Refused
from activities.mcp import indexing
from activities.mcp.schemas import digest_of, mirrored, summary_of
from activities.mcp.tool import McpTool


def tool(schema: Any, **more: Any) -> McpTool:
    return McpTool(UNTRUSTED, {"name": "t", "inputSchema": schema, **more})


def flaws(schema: Any, **params: Any) -> list[str]:
    return [one.sentence for one in tool(schema).flaws(params, lambda _: False)]


def test_references_of_every_form_stay_in_the_schema() -> None:
    node = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://elsewhere.example/node",
        "type": "object",
        "properties": {
            "next": {"$ref": "#"},
            "kind": {"$ref": "#/definitions/Kind"},
            "also": {"$ref": "#/properties/kind"},
        },
        "definitions": {"Kind": {"enum": ["a", "b"]}},
    }
    assert flaws(node, next={"kind": "a", "next": {"also": "b"}}) == []
    assert flaws(node, next={"next": {"kind": "c"}}) == ["`next.next.kind`: this must be one of a, b"]
    for reference in ("https://elsewhere.example/kind", "#/$defs/None", "#anchor", "other.json#/a"):
        with pytest.raises(Refused, match="which it does not have"):
            tool({"type": "object", "properties": {"a": {"$ref": reference}}})


def test_what_nothing_is_said_of_is_taken() -> None:
    assert flaws({"type": "object"}, a=1, b={"c": 2}) == []
    assert flaws({"type": "object", "additionalProperties": False}, a=1) == ["there is no `a` here"]
    assert flaws({"type": "object", "properties": {"a": {}}}, b=1) == ["there is no `b` here"]
    assert flaws({"type": "object", "properties": {"a": {}}, "required": ["a"]}) == ["`a` is missing"]


def test_a_schema_that_is_none() -> None:
    no_schemas: tuple[Any, ...] = (None, [], "object")
    for schema in no_schemas:
        with pytest.raises(Refused, match="has no schema of its input"):
            tool(schema)
    with pytest.raises(Refused, match="the schema of its input is none"):
        tool({"type": "object", "properties": {"a": {"type": "nonsense"}}})


def test_the_digest_changes_with_what_matters() -> None:
    base = {"name": "t", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}
    assert digest_of({**base, "description": "other words"}) == digest_of(base)
    changes: tuple[dict[str, Any], ...] = (
        {"name": "u"},
        {"inputSchema": {"type": "object", "x": 1}},
        {"annotations": {}},
    )
    for changed in changes:
        assert digest_of({**base, **changed}) != digest_of(base)


@pytest.mark.parametrize(
    ("annotations", "trusted"),
    [
        ({"readOnlyHint": True}, "safe"),
        ({"idempotentHint": True, "destructiveHint": True}, "safe"),
        ({"readOnlyHint": "yes"}, "never"),
        ({"destructiveHint": False}, "never"),
        (None, "never"),
    ],
)
def test_annotations_are_believed_where_the_operator_says_so(annotations: Any, trusted: str) -> None:
    described = {"name": "t", "inputSchema": {"type": "object"}, "annotations": annotations}
    for server, repeat in ((UNTRUSTED, "never"), (TRUSTED, trusted)):
        pin = McpTool(server, described).pin()
        assert (pin.repeat, pin.fixed) == (repeat, True)


def test_headers_repeat_what_the_schema_marks() -> None:
    inside = {"properties": {"zone": {"type": "integer", "x-mcp-header": "Zone"}}}
    schema = {"properties": {"on": {"x-mcp-header": "On"}, "at": inside, "list": {"x-mcp-header": "List"}}}
    assert mirrored(schema, {"on": True, "at": {"zone": 3}, "list": [1]}) == {"On": "true", "Zone": "3"}
    assert mirrored(schema, {"on": None, "at": "x"}) == {}


def test_a_tool_is_told_by_its_title_or_the_first_line_of_its_description() -> None:
    assert summary_of({"title": "Pay", "description": "x"}) == "Pay"
    assert summary_of({"annotations": {"title": "Pay"}}) == "Pay"
    assert summary_of({"description": "\n Pays a bill.\nMore."}) == "Pays a bill."
    assert summary_of({}) == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"result": []}', "no list of tools"),
        ('{"tools": [{}]}', "no name"),
        ('{"tools": [{"name": "a"}, {"name": "a"}]}', "two tools of the name 'a'"),
    ],
)
def test_lists_that_are_none(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=says):
        indexing.index(content.encode(), tmp_path / "index.sqlite")
