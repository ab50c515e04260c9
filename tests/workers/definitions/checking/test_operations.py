"""Params of described operations, held to the description without a credential or a vendor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.descriptions.store import usual_store
from tests.descriptions import AWKWARD, AWKWARD_SCHEMA, TOOLS
from workers.definitions.checking.operations import Services
from workers.definitions.loading import Source, read
from workers.definitions.planning import check
from workers.definitions.problems import Problem

ACTIONS = catalog()
BAD = Path(__file__).parents[1] / "bad" / "connectors" / "params.yaml"

ENTRIES = {
    "shop": {
        "kind": "openapi",
        "description": str(AWKWARD),
        "baseUrl": "https://shop.example.com",
        "auth": {"bearer": "${UNSET}"},
        "aliases": {"refund_order": "refundOrder"},
    },
    "orders": {"kind": "graphql", "description": str(AWKWARD_SCHEMA), "baseUrl": "https://orders.example.com/graphql"},
    "webshop": {"kind": "shopify", "shop": "${UNSET}", "accessToken": "${UNSET}"},
    "far": {
        "kind": "openapi",
        "description": "https://api.example.com/openapi.json",
        "baseUrl": "https://a.example.com",
    },
    "tools": {
        "kind": "mcp",
        "description": str(TOOLS),
        "baseUrl": "https://mcp.example.com",
        "auth": {"bearer": "${UNSET}"},
    },
    "trusted": {
        "kind": "mcp",
        "description": str(TOOLS),
        "baseUrl": "https://mcp.example.com",
        "trustAnnotations": True,
    },
    "away": {"kind": "mcp", "baseUrl": "https://mcp.example.com"},
}


@pytest.fixture
def services() -> Services:
    return Services(connections=Connections(ENTRIES, connection_kinds(ACTIONS), {}), store=usual_store())


def problems(services: Services, *steps: dict[str, Any]) -> list[Problem]:
    actions = [{"actionType": "execute_connector_action", **step} for step in steps]
    return check({"name": "a", "trigger": {"event": "call.ended"}, "actions": actions}, Source(), ACTIONS, services)[1]


def test_each_problem_stands_at_its_line(services: Services) -> None:
    data, source = read(BAD)
    expected = BAD.read_text().partition("# expect: ")[2].partition("\n")[0].split(", ")
    found = check(data, source, ACTIONS, services)[1]
    assert sorted(f"{one.code}:{one.line}" for one in found) == sorted(expected)
    hints = {one.code: one.hint for one in found}
    assert hints["unknown-param"] == "Did you mean orderId?"
    assert hints["unknown-member"] == "Did you mean quantity?"


def test_without_a_file_of_connections_nothing_is_said() -> None:
    data, source = read(BAD)
    assert [one.code for one in check(data, source, ACTIONS)[1]] == ["dynamic-operation"]


def test_a_connection_that_there_is_not_is_a_warning(services: Services) -> None:
    [found] = problems(services, {"config": {"connectorId": "shp", "actionId": "x"}})
    assert (found.code, found.severity) == ("description-not-at-hand", "warning")
    assert "There is no connection 'shp'" in found.message


def test_what_may_be_repeated_is_known(services: Services) -> None:
    again = {"retry": {"onUnknown": "retry"}}
    read_ = {"config": {"connectorId": "shop", "actionId": "getPet", "params": {"id": 1, "trace": "t"}}, **again}
    write = {"config": {"connectorId": "shop", "actionId": "refund_order", "params": {"orderId": "1"}}, **again}
    assert problems(services, read_) == []
    assert [one.code for one in problems(services, write)] == ["may-happen-twice"]


def test_params_may_be_one_template(services: Services) -> None:
    step = {"config": {"connectorId": "shop", "actionId": "refund_order", "params": "{{call.uuid}}"}}
    assert problems(services, step) == []


def test_graphql_is_checked_in_the_same_way(services: Services) -> None:
    params = {"orderID": "1", "lines": {"id": "{{call.id}}", "quantity": "two"}, "method": {"crdit": {"days": 1}}}
    found = problems(
        services,
        {"config": {"connectorId": "orders", "actionId": "refundCreate", "params": params}},
        {"config": {"connectorId": "orders", "actionId": "refundCreate", "params": {"input": "{{call.custom}}"}}},
        {"config": {"connectorId": "orders", "actionId": "refund"}},
        {"config": {"connectorId": "webshop", "actionId": "orderCancel"}},
    )
    assert {(one.code, one.hint) for one in found if one.code != "unknown-field"} == {
        ("unknown-param", "Did you mean orderId?"),
        ("missing-param", None),
        ("bad-param", None),
        ("unknown-param", "Did you mean credit?"),
        ("unknown-operation", None),
        ("description-not-at-hand", None),
    }


SMS = {"from": "+15550100", "to": "+15550123", "text": "Hi"}
REFUND = {"actionId": "refund_order", "params": {"order": "1", "amount": 5}}


def test_who_may_release_a_tool_is_asked_for(services: Services) -> None:
    [found] = problems(services, {"config": {"connectorId": "tools", **REFUND}})
    assert (found.code, found.severity, found.step) == ("anybody-may-approve", "warning", "execute_connector_action")
    assert "This step waits for people, because its service is not trusted, and no approvers are named" in found.message
    said = {"config": {"connectorId": "tools", **REFUND}, "requireApproval": False}
    named = {"config": {"connectorId": "tools", **REFUND}, "requireApproval": {"approvers": ["lead@example.com"]}}
    trusted = {"config": {"connectorId": "trusted", **REFUND}}
    assert problems(services, said, named, trusted) == []
    away = problems(services, {"config": {"connectorId": "away", **REFUND}})
    assert sorted(one.code for one in away) == ["anybody-may-approve", "description-not-at-hand"]


def test_a_notice_calls_no_tool_that_people_are_asked_about(services: Services) -> None:
    """A notice tells people of a hold; it cannot be one."""

    def told_by(name: str) -> list[Problem]:
        notice = {"actionType": "execute_connector_action", "config": {"connectorId": name, **REFUND}}
        wait = {"approvers": ["lead@example.com"], "notify": [notice]}
        step = {"actionType": "send_sms", "config": SMS, "requireApproval": wait}
        data = {"name": "a", "trigger": {"event": "call.ended"}, "approvals": wait, "actions": [step]}
        return check(data, Source(), ACTIONS, services)[1]

    found = told_by("tools")
    assert [(one.code, one.severity) for one in found] == [("unsendable-notice", "problem")] * 2
    assert "its server is not trusted; a notice cannot wait" in found[0].message
    assert told_by("trusted") == []


def test_params_of_tools_are_checked(services: Services) -> None:
    wrong = {"actionId": "refund_order", "params": {"ordr": "1", "amount": "much", "order": "{{call.uuid}}"}}
    found = problems(services, {"config": {"connectorId": "tools", **wrong}, "requireApproval": False})
    assert [(one.code, one.hint) for one in found] == [("unknown-param", "Did you mean order?"), ("bad-param", None)]


def test_approvals_are_used_by_steps_that_wait_unsaid(services: Services) -> None:
    step = {"actionType": "execute_connector_action", "onRejected": {"actions": [{"stop": "failed"}]}}
    base = {"name": "a", "trigger": {"event": "call.ended"}, "approvals": {"approvers": ["lead@example.com"]}}
    for name, known, codes in (
        ("tools", services, []),
        ("tools", None, []),
        ("trusted", services, ["unused-approvals", "unused-key"]),
    ):
        data = {**base, "actions": [{**step, "config": {"connectorId": name, **REFUND}}]}
        assert sorted(one.code for one in check(data, Source(), ACTIONS, known)[1]) == codes
