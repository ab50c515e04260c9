"""Params of a step as variables: what is taken GraphQL's own library takes too, and what is not it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from graphql.execution.values import VariableValues, get_variable_values

from activities.connectors.graphql import GraphQl
from activities.descriptions.flaws import Flaw
from activities.descriptions.source import DescriptionSource
from activities.descriptions.store import usual_store
from activities.errors import Refused, UnknownOperation
from activities.graphql.calls import GraphQlOperation
from activities.graphql.profile import GRAPHQL
from tests.descriptions import AWKWARD_SCHEMA
from tests.together import together

SCHEMA = build_schema(AWKWARD_SCHEMA.read_text())


def operation(id_: str) -> GraphQlOperation:
    index = usual_store().at_hand(DescriptionSource(GRAPHQL, str(AWKWARD_SCHEMA)))
    found = GraphQl.profile.operation(index, id_)
    assert isinstance(found, GraphQlOperation)
    return found


def flaws(id_: str, params: dict[str, Any]) -> list[Flaw]:
    return operation(id_).flaws(params, lambda value: isinstance(value, str) and "{{" in value)


@together(
    ("id_", "params", "variables"),
    [
        ("refundCreate", {"orderId": "1"}, {"input": {"orderId": "1"}}),
        ("refundCreate", {"input": {"orderId": "1"}, "note": "a"}, {"input": {"orderId": "1", "note": "a"}}),
        ("refundCreate", {"orderId": 450, "amount": 10, "notify": "true"}, {"input": {"orderId": "450", "amount": 10, "notify": True}}),
        ("refundCreate", {"orderId": "1", "note": None}, {"input": {"orderId": "1"}}),
        ("refundCreate", {"orderId": "1", "shipping": {"amount": 5}}, {"input": {"orderId": "1", "shipping": {"amount": 5}}}),
        ("refundCreate", {"orderId": "1", "lines": {"id": 7, "quantity": "2", "note": None}}, {"input": {"orderId": "1", "lines": [{"id": "7", "quantity": 2, "note": None}]}}),
        ("refundCreate", {"orderId": "1", "method": {"credit": {"days": 3}}}, {"input": {"orderId": "1", "method": {"credit": {"days": 3}}}}),
        ("orderCancel", {"orderId": 1, "reason": "FRAUD", "restock": "false", "staffNote": None}, {"orderId": "1", "reason": "FRAUD", "restock": False}),
        ("orders", {"status": "OPEN", "first": "5"}, {"status": ["OPEN"], "first": 5}),
        ("orders", {}, {}),
        ("customerSet", {}, {}),
        ("customerSet", {"input": {"input": "a"}, "name": "b"}, {"input": {"input": "a", "name": "b"}}),
        ("customerSet", {"name": "a", "tags": "x"}, {"input": {"name": "a", "tags": [["x"]]}}),
        ("customerSet", {"input": "a", "name": "b"}, {"input": {"input": "a", "name": "b"}}),
        ("mutation tags", {"id": 1, "tags": "vip"}, {"id": "1", "tags": ["vip"]}),
        ("rename", {"query": "a", "variables": "b", "input": "c", "key": "d"}, {"query": "a", "variables": "b", "input": "c", "key": "d"}),
    ],
)  # fmt: skip
def test_what_is_sent(id_: str, params: dict[str, Any], variables: dict[str, Any]) -> None:
    found = operation(id_)
    assert flaws(id_, params) == []
    assert found.variables.made(params) == variables
    [document] = parse(found.field.document).definitions
    assert isinstance(document, OperationDefinitionNode)
    key = {found.field.variable: "key"} if found.field.variable else {}
    judged = get_variable_values(SCHEMA, document.variable_definitions or (), {**variables, **key})
    assert isinstance(judged, VariableValues), judged


@together(
    ("id_", "params", "says"),
    [
        ("refundCreate", {}, ["`orderId` is missing"]),
        ("refundCreate", {"input": {}}, ["`input.orderId` is missing"]),
        ("refundCreate", {"orderID": "1"}, ["there is no `orderID` here (Did you mean orderId?)", "`orderId` is missing"]),
        ("refundCreate", {"body": {"orderId": "1"}}, ["there is no `body` here", "`orderId` is missing"]),
        ("refundCreate", {"orderId": None}, ["`orderId`: this must be a text"]),
        ("refundCreate", {"orderId": ["1"]}, ["`orderId`: this must be a text"]),
        ("refundCreate", {"orderId": "1", "lines": [{"id": "1", "qty": 1}]}, ["there is no `lines[0].qty` here", "`lines[0].quantity` is missing"]),
        ("refundCreate", {"orderId": "1", "lines": [{"id": "1", "quantity": 3_000_000_000}]}, ["`lines[0].quantity`: it is greater than the maximum of 2147483647"]),
        ("refundCreate", {"orderId": "1", "method": {"card": "a", "credit": {"days": 1}}}, ["`method`: it has more than 1 property"]),
        ("refundCreate", {"orderId": "1", "method": {"card": None}}, ["`method.card`: this must be a text"]),
        ("refundCreate", {"orderId": "1", "shipping": {"amount": "much"}}, ["`shipping.amount`: this must be a number or null"]),
        ("orderCancel", {"orderId": "1", "reason": "ANGER", "restock": True}, ["`reason`: this must be one of CUSTOMER, FRAUD"]),
        ("ping", {"a": 1}, ["there is no `a` here"]),
    ],
)  # fmt: skip
def test_what_is_refused(id_: str, params: dict[str, Any], says: list[str]) -> None:
    found = [f"{one.sentence}{f' ({one.hint})' if one.hint else ''}" for one in flaws(id_, params)]
    assert sorted(found) == sorted(says)
    assert all(one.serious for one in flaws(id_, params))
    with pytest.raises(Refused):
        operation(id_).variables.made(params)


def test_templates_may_become_anything() -> None:
    for params in ({"orderId": "{{x}}", "lines": "{{y}}", "method": "{{z}}"}, {"input": "{{x}}"}):
        assert flaws("refundCreate", params) == []
    assert [one.sentence for one in flaws("refundCreate", {"lines": "{{y}}"})] == ["`orderId` is missing"]


@pytest.mark.parametrize(
    ("id_", "repeat", "key"),
    [
        ("order", "safe", None),
        ("orderCancel", "never", None),
        ("refundCreate", "keyed", "@idempotent"),
        ("charge", "keyed", "idempotencyKey"),
        ("chargeTwice", "keyed", "@idempotent"),
        ("rename", "never", None),
    ],
)
def test_what_may_be_repeated(id_: str, repeat: str, key: str | None) -> None:
    pin = operation(id_).pin()
    assert (pin.method, pin.repeat, pin.key, pin.window) == ("POST", repeat, key, None)


def test_the_schema_of_params_says_what_they_are() -> None:
    schema = operation("refundCreate").schema()
    assert schema["properties"]["orderId"] == {"type": "string", "description": "The order that is refunded."}
    assert (schema["required"], sorted(schema["$defs"])) == (
        ["orderId"],
        ["CreditInput", "LineInput", "MethodInput", "ShippingInput"],
    )
    assert operation("charge").schema()["required"] == ["amount"], "the step's key is given where params have none"
    assert "CustomerInput" in operation("customerSet").schema()["$defs"], "also where an input has itself inside"


def test_an_unknown_field() -> None:
    with pytest.raises(UnknownOperation, match="Did you mean refundCreate"):
        operation("refundCreat")
