from __future__ import annotations

import time
from typing import Any

import pytest

from tests.together import together
from tests.workers.actions_sample import SAMPLE
from workers.definitions.loading import Source, parse
from workers.definitions.planning import check, inspect, make_plan
from workers.definitions.problems import Problem
from workflows.plan import Plan

JSON = dict[str, Any]

SMS: JSON = {"actionType": "send_sms", "config": {"from": "+15550100", "to": "+15550101", "text": "Hi"}}
SAVE: JSON = {
    "actionType": "http_request",
    "config": {"method": "GET", "url": "https://example.com"},
    "saveAs": "answer",
}
REFUND: JSON = {
    "actionType": "http_request",
    "config": {"method": "POST", "url": "https://example.com", "body": {"amount": "{{call.waiting_time}}"}},
}
SLACK: JSON = {"actionType": "send_slack_message", "config": {"channel": "#ops", "text": "{{hold.label}}"}}
IF: JSON = {"field": "call.uuid", "operator": "exists"}
ADA = {"approvers": ["ada@example.com"]}
OPS = {"approvers": ["group:ops"]}
LARGE: JSON = {"field": "request.config.body.amount", "operator": "greater_than", "value": 1_000}


def automation(*actions: Any, **more: Any) -> JSON:
    return {"name": "a", "trigger": {"event": "call.ended"}, "actions": list(actions), **more}


def held(policy: Any = True, step: JSON = SMS, **more: Any) -> JSON:
    return {**step, "requireApproval": policy, **more}


def problems(*actions: Any, **more: Any) -> list[Problem]:
    return check(automation(*actions, **more), Source(), SAMPLE)[1]


def codes(*actions: Any, **more: Any) -> list[str]:
    return [one.code for one in problems(*actions, **more)]


def planned(*actions: Any, **more: Any) -> Plan:
    data = automation(*actions, **more)
    made, found = check(data, Source(), SAMPLE)
    assert made is not None, found
    return make_plan(made, data, SAMPLE)


# Who may approve


def test_approvers_may_be_named_once_for_all_steps() -> None:
    assert codes(held(), held({"quorum": 2}), approvals=OPS) == []
    assert codes(held(), held({"quorum": 2}), approvals={"quorum": 1}) == ["anybody-may-approve"] * 2
    assert codes(held(ADA), held(), approvals={"quorum": 1}) == ["anybody-may-approve"]


@pytest.mark.parametrize(
    ("actions", "more"),
    [
        ([held({"approvers": []})], {}),
        ([held({"approvers": None})], {}),
        ([held({"approvers": []})], {"approvals": OPS}),
        ([held(ADA)], {"approvals": {"approvers": []}}),
        ([held({**ADA, "bands": [{"when": IF, "approvers": []}]})], {}),
    ],
)
def test_an_empty_list_of_approvers_is_a_problem_wherever_it_stands(actions: list[Any], more: JSON) -> None:
    assert codes(*actions, **more) == ["nobody-may-approve"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"approvers": ["a", "b"], "quorum": 2}, []),
        ({"approvers": ["a", "b"], "quorum": 3}, ["quorum-too-large"]),
        ({"approvers": ["a", " A"], "quorum": 2}, ["quorum-too-large"]),
        ({"approvers": ["a", "group:ops"], "quorum": 3}, []),
        ({"approvers": ["a", "{{contact.emails}}"], "quorum": 3}, []),
        ({"approvers": ["a", "b"], "quorum": 2, "selfApproval": False, "requester": "B"}, ["quorum-too-large"]),
        ({"approvers": ["a"], "selfApproval": False, "requester": "A"}, ["quorum-too-large"]),
        ({"approvers": ["a", "b"], "quorum": 2, "selfApproval": False, "requester": "{{call.uuid}}"}, []),
        ({"approvers": ["a", "b"], "bands": [{"when": IF, "quorum": 3}]}, ["quorum-too-large"]),
        ({"approvers": ["a", "b"], "quorum": 2, "bands": [{"when": IF, "approvers": ["c"]}]}, ["quorum-too-large"]),
        ({"approvers": ["a"], "requester": "a", "bands": [{"when": IF, "selfApproval": False}]}, ["quorum-too-large"]),
        ({"approvers": ["a"], "bands": [{"when": IF, "approvers": ["group:cfo"], "quorum": 9}]}, []),
    ],
)
def test_a_quorum_needs_as_many_different_people(policy: JSON, expected: list[str]) -> None:
    assert codes(held(policy)) == expected


def test_a_quorum_is_judged_with_the_approvers_of_the_step_that_it_holds_for() -> None:
    found = problems(held(), held(ADA), held({"approvers": ["a", "b"], "quorum": 2}), approvals={**OPS, "quorum": 2})
    assert [(one.code, one.step) for one in found] == [("quorum-too-large", None)]
    assert "only one person may" in found[0].message


def test_how_a_group_is_written_is_told() -> None:
    text = b"name: a\ntrigger: {event: call.ended}\napprovals:\n  approvers:\n  - group: ops\nactions:\n- {wait: 1}\n"
    data, source = parse(text, "a.yaml")
    found = {one.code: one for one in check(data, source, SAMPLE)[1]}
    assert (found["wrong-type"].line, found["wrong-type"].hint) == (5, "A group is written group:name, without a space")


@pytest.mark.parametrize("key", ["approvers", "operators", "escalateTo", "requester"])
def test_people_may_be_templates_that_find_something_and_show_no_secret(key: str) -> None:
    def said(text: str) -> list[str]:
        policy = {
            **OPS,
            "selfApproval": False,
            "escalateAfter": "1h",
            "escalateTo": ["x"],
            key: text if key == "requester" else [text],
        }
        return codes(held(policy))

    assert said("{{contact.title}}") == []
    assert said("{{contcat.title}}") == ["unknown-root"]
    assert said("{{secrets.boss}}") == ["misplaced-secret"]
    assert said("{{hold.id}}") == ["outside-hold"]
    assert said("{{request.config.to}}") == ["unknown-root"]


def test_the_groups_that_a_definition_uses_are_known() -> None:
    data = automation(
        held(
            {"approvers": ["group:sales"], "bands": [{"when": IF, "approvers": ["group: legal", "group@example.com"]}]}
        ),
        approvals={**OPS, "operators": ["group:night"], "escalateAfter": "1h", "escalateTo": ["group:heads"]},
    )
    assert inspect(data, Source(), SAMPLE).groups == {"sales", "legal", "ops", "night", "heads"}


# Time


@together(
    ("policy", "expected"),
    [
        ({"expiresAfter": "1d", "onExpiry": "approve"}, []),
        ({"expiresAfter": "1d", "onExpiry": "approve", "quorum": 2}, ["unsafe-expiry"]),
        ({"expiresAfter": "1d", "onExpiry": "approve", "verified": True}, ["unsafe-expiry"]),
        ({"expiresAfter": "1d", "onExpiry": "approve", "bands": [{"when": IF, "quorum": 2}]}, ["unsafe-expiry"]),
        ({"expiresAfter": "1d", "onExpiry": "skip", "quorum": 2}, []),
        ({"onExpiry": "skip"}, ["unused-key"]),
        ({"escalateAfter": "1d"}, ["unused-key"]),
        ({"escalateTo": ["x"]}, ["unused-key"]),
        ({"escalateAfter": "1d", "escalateTo": ["x"]}, []),
        ({"requester": "{{call.uuid}}"}, ["unused-key"]),
        ({"requester": "{{call.uuid}}", "selfApproval": False}, []),
        ({"requester": "{{call.uuid}}", "bands": [{"when": IF, "selfApproval": False}]}, []),
        ({"businessHours": {"timeZone": "Europe/Berlin"}}, ["unused-key"]),
        ({"businessHours": {"timeZone": "Europe/Berlin"}, "remindAfter": "1h"}, []),
        ({"businessHours": {"timeZone": "Berlin"}, "remindAfter": "1h"}, ["unknown-time-zone"]),
        ({"recheck": True}, ["unused-key"]),
        ({"recheck": False}, []),
        ({"notify": [{**SLACK, "on": ["reminder"]}]}, ["unused-key"]),
        ({"notify": [{**SLACK, "on": ["escalated", "opened"]}]}, ["unused-key"]),
        ({"notify": [{**SLACK, "on": ["reminder"]}], "remindAfter": "1h"}, []),
        ({"notify": [SLACK]}, []),
        ({"remindAfter": "1d", "expiresAfter": "1d"}, ["after-expiry"]),
        ({"remindAfter": "1h", "expiresAfter": "1d"}, []),
        ({"remindAfter": "2d", "expiresAfter": "1d", "onExpiry": "hold"}, []),
        ({"escalateAfter": "2d", "escalateTo": ["x"], "expiresAfter": "1d"}, ["after-expiry"]),
        ({"expiresAfter": 3_600}, ["hasty-deadline"]),
        ({"expiresAfter": 3_600_000}, []),
        ({"expiresAfter": "10s"}, []),
    ],
)
def test_what_a_policy_says_about_time_fits_together(policy: JSON, expected: list[str]) -> None:
    assert codes(held({**OPS, **policy})) == expected


def test_a_step_with_conditions_may_check_them_again() -> None:
    assert codes(held({**OPS, "recheck": True}, conditions=IF)) == []


def test_a_key_of_the_automation_is_unused_only_where_no_step_uses_it() -> None:
    whole = {**OPS, "onExpiry": "skip", "recheck": True}
    assert codes(held(), held({"expiresAfter": "1d"}), held(conditions=IF), approvals=whole) == []
    found = problems(held(), held({"expiresAfter": "1d", "onExpiry": "hold"}), approvals=whole)
    assert [(one.code, one.step) for one in found] == [("unused-key", None)] * 2
    own = problems(held(), held({"onExpiry": "hold"}), approvals={**OPS, "expiresAfter": "1d"})
    assert own == []


def test_the_nearest_time_zone_is_told() -> None:
    hours = {"timeZone": "europe/berlin"}
    (found,) = problems(held({**OPS, "remindAfter": "1h", "businessHours": hours}))
    assert (found.code, found.hint) == ("unknown-time-zone", "Did you mean Europe/Berlin?")


# Bands


@pytest.mark.parametrize(
    ("policy", "band", "expected"),
    [
        ({"quorum": 2}, {"quorum": 1}, ["looser-band"]),
        ({"quorum": 2}, {"quorum": 2}, []),
        ({"selfApproval": False}, {"selfApproval": True}, ["looser-band"]),
        ({}, {"selfApproval": True}, []),
        ({"rejectNeedsReason": True}, {"rejectNeedsReason": False}, ["looser-band"]),
        ({"verified": True}, {"verified": False}, ["looser-band"]),
        ({}, {"allowEdit": True}, ["looser-band"]),
        ({"allowEdit": "needsApproval"}, {"allowEdit": True}, ["looser-band"]),
        ({"allowEdit": True}, {"allowEdit": "needsApproval"}, []),
        ({"allowEdit": True}, {"allowEdit": False}, []),
    ],
)
def test_a_band_only_makes_a_policy_stricter(policy: JSON, band: JSON, expected: list[str]) -> None:
    assert codes(held({**OPS, **policy, "bands": [{"when": IF, **band}]})) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("request.actionType", []),
        ("request.config.body.amount", []),
        ("request.config.body.amount.currency", []),
        ("request.config.body.amuont", ["unknown-field"]),
        ("request.config.headers", ["unknown-field"]),
        ("request.confg", ["unknown-field"]),
        ("call.waiting_time", []),
        ("variables.answer.status", ["unknown-variable"]),
        ("hold.id", ["outside-hold"]),
        ("secrets.limit", ["misplaced-secret"]),
    ],
)
def test_a_band_knows_the_request(field: str, expected: list[str]) -> None:
    band = {"when": {"all": [{"field": field, "operator": "greater_than", "value": 1_000}]}, "quorum": 2}
    assert codes(held({**OPS, "bands": [band]}, REFUND)) == expected


def test_a_condition_of_a_band_that_cannot_be_read_is_told_once() -> None:
    bands = [{"when": {"all": [{"field": "call.uuid", "operator": "is"}]}, "quorum": 2}]
    assert codes(held(), held(), approvals={**OPS, "bands": bands}) == ["bad-condition"]


def test_the_request_of_one_step_at_least_has_what_a_band_of_the_automation_asks_for() -> None:
    whole = {**OPS, "bands": [{"when": LARGE, "quorum": 2}]}
    assert codes(held(step=REFUND), held(), approvals=whole) == []
    assert codes(held(), approvals=whole) == ["unknown-field"]


# Notices


@together(
    ("notice", "expected"),
    [
        (SLACK, []),
        ({**SLACK, "config": {"channel": "#ops", "text": "{{hold.request.config.to}} {{run.url}}"}}, []),
        ({**SLACK, "config": {"channel": "#ops", "text": "{{hold.request.confg}}"}}, ["unknown-field"]),
        ({**SLACK, "config": {"channel": "#ops", "text": "{{hold.labl}}"}}, ["unknown-field"]),
        ({**SLACK, "config": {"channel": "#ops", "text": "{{contcat.name}}"}}, ["unknown-root"]),
        ({**SLACK, "config": {"channel": "#ops", "text": "{{request.config}}"}}, ["unknown-root"]),
        ({**SLACK, "config": {"channel": "#ops", "text": "{{"}}, ["bad-template"]),
        ({**SLACK, "config": {"channel": "#ops"}}, ["missing-key"]),
        ({**SLACK, "config": {"channel": "#ops", "txt": "x", "text": "y"}}, ["unknown-key"]),
        ({**SLACK, "config": {"channel": "#ops", "text": "y", "token": "secret"}}, ["literal-secret"]),
        ({**SLACK, "actionType": "send_slack_mesage"}, ["unknown-action"]),
        ({"actionType": "transcribe_recording"}, ["wrong-trigger", "unknown-root"]),
        ({**SLACK, "retry": {"within": "1s"}, "timeout": "5s"}, ["out-of-range"]),
    ],
)
@together("whole", [True, False])
def test_a_notice_is_checked_like_a_step(notice: JSON, expected: list[str], *, whole: bool) -> None:
    policy = {**OPS, "notify": [notice]}
    found = codes(held(), held(), approvals=policy) if whole else codes(held(policy))
    assert [code for code in found if code != "unknown-root"] == [c for c in expected if c != "unknown-root"]
    assert ("unknown-root" in found) == ("unknown-root" in expected and "wrong-trigger" not in expected)


def test_secrets_of_notices_are_secrets_of_the_definition() -> None:
    config = {"channel": "#ops", "text": "x", "token": "{{secrets.slack}}"}
    for data in (
        automation(held({**OPS, "notify": [{**SLACK, "config": config}]})),
        automation(held(), approvals={**OPS, "notify": [{**SLACK, "config": config}]}),
    ):
        assert inspect(data, Source(), SAMPLE).secrets == {"slack"}


def test_what_is_sent_about_a_hold_is_judged_where_the_step_stands() -> None:
    whole = {**OPS, "notify": [{**SLACK, "config": {"channel": "#ops", "text": "{{variables.answer.status}}"}}]}
    assert codes(SAVE, held(), approvals=whole) == []
    found = problems(held(label="Early"), SAVE, held(label="Late"), approvals=whole)
    assert [one.code for one in found] == ["saved-later"]
    assert found[0].message.startswith("Where 'Early' is held: ")
    own: JSON = {"notify": []}
    assert codes(held(own), SAVE, held(), approvals=whole) == []


def test_a_step_that_parks_after_a_failure_tells_people_too() -> None:
    whole = {
        "operators": ["{{variables.answer.status}}"],
        "notify": [{**SLACK, "config": {"channel": "#ops", "text": "{{hold.error.mesage}} {{item}}"}}],
    }
    for parking in (
        {"onFailure": "hold"},
        {"onFailure": [{"when": "timeout", "do": "hold"}]},
        {"retry": {"onUnknown": "hold"}},
    ):
        assert codes({**SMS, **parking}, SAVE, approvals=whole) == ["saved-later", "outside-loop"]
        looped = {"forEach": "{{contact.emails}}", "actions": [{**SMS, **parking}]}
        assert codes(SAVE, looped, approvals=whole) == []


# What is saved after a hold or a failure


def test_a_step_that_may_be_skipped_may_not_have_saved() -> None:
    read = {**SLACK, "config": {"channel": "#ops", "text": "{{variables.answer.status}}"}}
    skipped = {**OPS, "expiresAfter": "1d", "onExpiry": "skip"}
    assert codes(held(OPS, SAVE), read) == []
    assert codes(held(skipped, SAVE), read) == ["maybe-saved"]
    assert codes(held(True, SAVE), read, approvals=skipped) == ["maybe-saved"]
    assert codes({**SAVE, "onFailure": [{"when": "any", "do": "hold"}]}, read) == []
    assert codes({**SAVE, "onFailure": [{"when": "timeout", "do": "continue"}]}, read) == ["maybe-saved"]


# Rules for failures


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([{"when": "timeout", "do": "retry"}, {"when": "any", "do": "hold"}], []),
        ([{"when": "any", "do": "retry"}, {"when": "any", "do": "hold"}], []),
        ([{"when": "any", "do": "hold"}, {"when": "timeout", "do": "stop"}], ["unreachable-rule"]),
        ([{"when": "http_4xx", "do": "stop"}, {"when": "http_429", "do": "hold"}], ["unreachable-rule"]),
        ([{"when": "http_429", "do": "hold"}, {"when": "http_4xx", "do": "stop"}], []),
        ([{"when": "timeout", "do": "hold"}, {"when": ["timeout", "unknown"], "do": "stop"}], []),
        ([{"when": "timeout", "do": "hold", "attempts": 3}], ["unknown-key"]),
        ([{"when": "timeout", "do": "continue", "delay": "1m"}], ["unknown-key"]),
        ([{"when": "timeout", "do": "retry", "attempts": 3, "delay": "1m"}], []),
    ],
)
def test_every_rule_can_decide_something(rules: list[JSON], expected: list[str]) -> None:
    assert codes({**SMS, "onFailure": rules}) == expected


# Where a policy says nothing


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (SMS, ["unused-approvals"]),
        (held(policy=False), ["unused-approvals"]),
        ({**SMS, "onFailure": [{"when": "any", "do": "stop"}]}, ["unused-approvals"]),
        ({**SMS, "onFailure": "continue"}, ["unused-approvals"]),
        (held(), []),
        ({**SMS, "onFailure": "hold"}, []),
        ({**SMS, "onFailure": [{"when": "any", "do": "hold"}]}, []),
        ({**SMS, "retry": {"onUnknown": "hold"}}, []),
        ({"paths": [{"actions": [held()]}]}, []),
    ],
)
def test_a_policy_needs_a_step_that_waits(step: JSON, expected: list[str]) -> None:
    assert codes(step, approvals=OPS) == expected


@pytest.mark.parametrize("key", ["approvals", "requireApproval"])
@pytest.mark.parametrize(
    "value",
    [
        [],
        "yes",
        5,
        {"approvers": 5, "bands": {"when": 1}, "notify": "x"},
        {"bands": [1, {"when": []}], "notify": [[], {"config": []}], "businessHours": {"timeZone": 5}},
        {"notify": [{"actionType": [], "config": {"text": "{{"}}], "expiresAfter": True, "approvers": [[]]},
    ],
)
def test_whatever_stands_there_is_judged_and_never_a_traceback(key: str, value: Any) -> None:
    data = automation(held(), approvals=value) if key == "approvals" else automation(held(value))
    made, found = check(data, Source(), SAMPLE)
    assert made is None
    assert {one.code for one in found} & {"wrong-type", "missing-key"}


def test_a_policy_for_many_steps_is_checked_quickly_and_told_once() -> None:
    whole = {
        **OPS,
        "notify": [{**SLACK, "config": {"channel": "#ops", "text": "{{hold.labl}} {{variables.answer}}" * 50}}] * 20,
    }
    whole["bands"] = [{"when": LARGE, "quorum": 2}] * 20
    before = time.process_time()
    assert codes(*([SAVE, held(step=REFUND)] * 1_000), approvals=whole) == ["unknown-field"]
    assert time.process_time() - before < 5


# Plans


def test_a_plan_holds_what_was_written_and_nothing_else() -> None:
    assert planned(held({**ADA, "expiresAfter": "1d"}))["block"][0]["approval"] == {
        "approvers": ["ada@example.com"],
        "expiresAfter": 86_400_000,
    }
    assert "approvals" not in planned(held())
    plan = planned(held(), held({"quorum": 2, "notify": []}), held(policy=False), approvals=OPS)
    assert plan["approvals"] == OPS
    assert [step.get("approval") for step in plan["block"]] == [{}, {"quorum": 2, "notify": []}, None]


def test_a_whole_policy_is_planned() -> None:
    written: JSON = {
        "quorum": 2,
        "selfApproval": False,
        "requester": "{{call.agent_email}}",
        "rejectNeedsReason": True,
        "allowEdit": "needsApproval",
        "operators": ["group:ops"],
        "bands": [
            {"when": {**LARGE, "operator": "not_equals", "value": None}, "approvers": ["group:cfo"], "quorum": 3}
        ],
        "escalateTo": ["head@example.com"],
        "onExpiry": "hold",
        "verified": True,
        "recheck": True,
    }
    policy = {
        **written,
        "approvers": ["group: finance", "{{contact.title}}"],
        "remindAfter": "4h",
        "escalateAfter": "1d",
        "expiresAfter": "3d",
        "businessHours": {"timeZone": "Europe/Berlin", "start": "9:30", "holidays": ["2026-12-25"]},
    }
    expected = {
        **written,
        "approvers": ["group:finance", "{{contact.title}}"],
        "remindAfter": 14_400_000,
        "escalateAfter": 86_400_000,
        "expiresAfter": 259_200_000,
        "businessHours": {"timeZone": "Europe/Berlin", "start": "09:30", "holidays": ["2026-12-25"]},
    }
    plan = planned(held(policy, REFUND, conditions=IF), approvals=policy)
    assert plan["block"][0]["approval"] == expected
    assert plan["approvals"] == expected


def test_a_notice_is_compiled_like_a_step_and_tried_for_ten_minutes() -> None:
    notices = [
        SLACK,
        {**SMS, "label": "Wake them", "on": ["escalated"], "retry": {"within": "1h", "maximumAttempts": 5}},
        {"actionType": "http_request", "config": {"method": "GET", "url": "https://x"}, "timeout": "20m", "retry": {}},
    ]
    policy = {**OPS, "escalateAfter": "1d", "escalateTo": ["x"], "notify": notices}
    assert planned(held(), approvals=policy)["approvals"]["notify"] == [
        {
            "on": ["opened", "reminder", "escalated", "decided"],
            "step": {
                "id": "notify-1",
                "label": "send_slack_message",
                "action": "send_slack_message",
                "config": SLACK["config"],
                "syntax": {"/text": "slack"},
                "repeat": "never",
                "retry": {"within": 600_000},
            },
        },
        {
            "on": ["escalated"],
            "step": {
                "id": "notify-2",
                "label": "Wake them",
                "action": "send_sms",
                "config": SMS["config"],
                "repeat": "never",
                "retry": {"maximumAttempts": 5},
            },
        },
        {
            "on": ["opened", "reminder", "escalated", "decided"],
            "step": {
                "id": "notify-3",
                "label": "http_request",
                "action": "http_request",
                "config": {"method": "GET", "url": "https://x"},
                "syntax": {"/url": "url"},
                "repeat": "safe",
                "timeout": 1_200_000,
                "retry": {"within": 1_200_000},
            },
        },
    ]


def test_rules_are_planned_as_lists_of_classes() -> None:
    rules = [{"when": "timeout", "do": "retry", "attempts": 5, "delay": "30s"}, {"when": ["any"], "do": "hold"}]
    assert planned({**SMS, "onFailure": rules})["block"][0]["onFailure"] == [
        {"when": ["timeout"], "do": "retry", "attempts": 5, "delay": 30_000},
        {"when": ["any"], "do": "hold"},
    ]


def test_a_policy_is_written_plainly_in_yaml() -> None:
    text = b"""
name: a
trigger: {event: call.ended}
approvals:
  approvers: [group:ops]
  remindAfter: 4h
  businessHours: {timeZone: Europe/Berlin, start: 09:00, end: 17:00, holidays: [2026-12-25]}
  notify:
    - actionType: send_slack_message
      on: [opened]
      config: {channel: "#ops", text: Look}
actions:
  - actionType: send_sms
    config: {from: "+15550100", to: "+15550101", text: Hi}
    requireApproval: true
"""
    data, source = parse(text, "a.yaml")
    made, found = check(data, source, SAMPLE)
    assert made is not None, found
    approvals = make_plan(made, data, SAMPLE)["approvals"]
    assert approvals["notify"][0]["on"] == ["opened"]
    assert approvals["businessHours"] == {
        "timeZone": "Europe/Berlin",
        "start": "09:00",
        "end": "17:00",
        "holidays": ["2026-12-25"],
    }
