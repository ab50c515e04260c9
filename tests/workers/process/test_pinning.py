"""What planning pins of described operations."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.descriptions.source import NotAtHandError
from activities.descriptions.store import usual_store
from activities.mcp.session import REQUESTS
from tests.descriptions import AWKWARD, AWKWARD_SCHEMA, TOOLS, VENDORS
from workers.definitions.loading import Source
from workers.definitions.planning import check, make_plan
from workers.process.pinning import Pinning
from workflows.plan import Plan

ACTIONS = catalog()


def planned(*steps: dict[str, Any]) -> Plan:
    data = {
        "name": "a",
        "trigger": {"event": "call.ended"},
        "actions": [{"actionType": "execute_connector_action", **step} for step in steps],
    }
    made, problems = check(data, Source(), ACTIONS)
    assert made is not None, problems
    return make_plan(made, data, ACTIONS)


def pinning(**entries: Any) -> Pinning:
    shop = {
        "kind": "openapi",
        "description": str(AWKWARD),
        "baseUrl": "https://shop.example.com",
        "auth": {"bearer": "${UNSET}"},
    }
    connections = Connections({"shop": {**shop, **entries}}, connection_kinds(ACTIONS), {})
    return Pinning(ACTIONS, connections, usual_store())


def test_repeats_follow_from_the_operation() -> None:
    ids = ["getPet", "deletePet", "renamePet", "addPet", "refund"]
    plan = planned(*({"config": {"actionId": id_}} for id_ in ids))
    pinned = pinning(aliases={"refund": "refundOrder"}).pinned(plan)
    assert [step["repeat"] for step in pinned["block"]] == ["safe", "safe", "safe", "never", "never"]
    assert [step["operation"]["id"] for step in pinned["block"]] == [*ids[:-1], "refundOrder"]
    assert pinned["id"] != plan["id"]
    assert [step["repeat"] for step in plan["block"]] == ["never"] * 5, "the plan of the file stays"
    assert pinning(aliases={"refund": "refundOrder"}).pinned(plan)["id"] == pinned["id"]


def test_no_repeat_comes_after_the_key_is_forgotten() -> None:
    account = {"kind": "zendesk", "baseUrl": "https://a.example.com", "email": "a@example.com", "apiToken": "${UNSET}"}
    described = pinning(**account, description=str(VENDORS), auth=None)
    config = {"actionId": "CreateTicket", "params": {"ticket": {}}}
    [long, short, usual] = described.pinned(
        planned(
            {"config": config, "retry": {"within": "5h"}},
            {"config": config, "retry": {"within": "1m"}},
            {"config": config},
        )
    )["block"]
    assert long["operation"]["key"] == "Idempotency-Key"
    assert (long["retry"]["within"], short["retry"]["within"]) == (7_200_000, 60_000)
    assert "retry" not in usual


def test_who_can_be_asked_what_became_of_a_step_is_asked() -> None:
    account = {"kind": "stripe", "apiKey": "${UNSET}", "description": str(VENDORS), "baseUrl": None, "auth": None}
    plan = planned(*({"config": {"actionId": id_}} for id_ in ("PostRefunds", "GetRefunds")))
    assert [step.get("looks") for step in pinning(**account).pinned(plan)["block"]] == [True, None]
    assert [step.get("looks") for step in pinning().pinned(planned({"config": {"actionId": "addPet"}}))["block"]] == [
        None
    ]


def test_a_mutation_is_repeated_under_its_key_alone() -> None:
    account = {"kind": "shopify", "shop": "acme", "accessToken": "${UNSET}", "baseUrl": None, "auth": None}
    described = pinning(**account, description=str(AWKWARD_SCHEMA))
    ids = ["refundCreate", "orderCancel", "order"]
    found = described.pinned(planned(*({"config": {"actionId": id_}, "retry": {"within": "48h"}} for id_ in ids)))
    assert [step["repeat"] for step in found["block"]] == ["keyed", "never", "safe"]
    assert [step["operation"].get("key") for step in found["block"]] == ["@idempotent", None, None]
    assert [step["retry"]["within"] for step in found["block"]] == [86_400_000, 172_800_000, 172_800_000]


def test_what_there_is_not_is_left_to_its_step() -> None:
    plan = planned({"config": {"actionId": "nothing"}})
    assert "operation" not in pinning().pinned(plan)["block"][0]
    assert "operation" not in pinning(description="/no/such/file").pinned(plan)["block"][0]


def test_a_description_that_has_to_be_fetched_is_said() -> None:
    with pytest.raises(NotAtHandError, match="not at hand yet"):
        pinning(description="https://api.example.com/openapi.json").pinned(planned({"config": {"actionId": "getPet"}}))


def test_plans_without_such_steps_stay_as_they_are() -> None:
    data = {"name": "a", "trigger": {"event": "call.ended"}, "actions": [{"wait": "1s"}]}
    made, _ = check(data, Source(), ACTIONS)
    assert made is not None
    plan = make_plan(made, data, ACTIONS)
    assert pinning().pinned(plan) is plan


def mcp(**more: Any) -> Pinning:
    server = {"kind": "mcp", "description": str(TOOLS), "baseUrl": "https://mcp.example.com/mcp", "auth": None}
    return pinning(**{**server, **more})


def test_tools_wait_for_people_unless_somebody_says_otherwise() -> None:
    look = {"config": {"actionId": "look_up_order", "params": {"order": "1"}}}
    policy = {"approvers": ["lead@example.com"]}
    plan = planned(look, {**look, "requireApproval": False}, {**look, "requireApproval": policy})
    silent, unasked, named = mcp().pinned(plan)["block"]
    assert (silent["approval"], "approval" in unasked, named["approval"]["approvers"]) == (
        {},
        False,
        policy["approvers"],
    )
    assert [step["repeat"] for step in (silent, unasked, named)] == ["never"] * 3, "annotations are not believed"
    assert all(step["operation"]["fixed"] for step in (silent, unasked, named))
    assert all(step["requests"] == REQUESTS for step in (silent, unasked, named)), "a rate counts them all"
    [trusted, *_] = mcp(trustAnnotations=True).pinned(plan)["block"]
    assert ("approval" in trusted, trusted["repeat"], trusted["operation"]["fixed"]) == (False, "safe", True)
    [unset, *_] = mcp(trustAnnotations="${UNSET}").pinned(plan)["block"]
    assert unset["approval"] == {}


def test_a_tool_that_there_is_not_waits_for_people_too() -> None:
    [step] = mcp().pinned(planned({"config": {"actionId": "nothing"}}))["block"]
    assert (step["approval"], "operation" in step) == ({}, False)


def test_a_notice_is_never_held_and_so_its_tool_is_not_fixed() -> None:
    notice = {
        "actionType": "execute_connector_action",
        "config": {"actionId": "look_up_order", "params": {"order": "1"}},
    }
    held = {"config": {"actionId": "look_up_order", "params": {"order": "1"}}, "requireApproval": {"notify": [notice]}}
    for trust, fixed in ((False, False), (True, True)):
        [step] = mcp(trustAnnotations=trust).pinned(planned(held))["block"]
        sent = step["approval"]["notify"][0]["step"]
        assert ("fixed" in sent["operation"], "approval" in sent) == (fixed, False)
