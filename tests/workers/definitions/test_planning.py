from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from activities.catalog import catalog
from tests.together import together
from tests.workers.actions_sample import SAMPLE
from workers.definitions.checking.shape import keys
from workers.definitions.compiling import DEFAULTS
from workers.definitions.environments import Environments
from workers.definitions.folder import definition_files
from workers.definitions.loading import Source, parse, read
from workers.definitions.model.automation import KINDS, ActionDefinition
from workers.definitions.planning import check, make_plan
from workers.definitions.problems import Problem
from workers.definitions.runnable import load
from workflows.compiled import program
from workflows.plan import Plan

EXAMPLES = definition_files(Path(__file__).parents[3] / "examples")

SMS = {"actionType": "send_sms", "config": {"from": "+15550100", "to": "+15550101", "text": "Hi"}}
GET = {"actionType": "http_request", "config": {"method": "GET", "url": "https://example.com"}}


def automation(*actions: Any, event: str = "call.ended", **more: Any) -> dict[str, Any]:
    return {"name": "a", "trigger": {"event": event}, "actions": list(actions), **more}


def problems(data: Any) -> list[Problem]:
    return check(data, Source(), SAMPLE)[1]


def codes(*actions: Any, **more: Any) -> list[str]:
    return [one.code for one in problems(automation(*actions, **more))]


def planned(*actions: Any, **more: Any) -> Plan:
    data = automation(*actions, **more)
    made, found = check(data, Source(), SAMPLE)
    assert made is not None, found
    return make_plan(made, data, SAMPLE)


def said(text: str) -> dict[str, Any]:
    return {"actionType": "send_slack_message", "config": {"channel": "#ops", "text": text}}


# What a config may be


@pytest.mark.parametrize(
    "config",
    [
        {"method": "{{call.uuid}}"},
        {"retries": "{{call.waiting_time}}"},
        {"limits": "{{contact.custom_fields}}"},
        {"limits": {"most": "{{call.waiting_time}}"}},
        {"headers": "{{contact.custom_fields}}"},
        {"headers": {"X-Id": "{{call.uuid}}"}},
        {"headers": [{"key": "X-Id", "value": 1, "format": "{{call.uuid}}"}]},
        {"body": [{"key": "a", "value": "{{contact.tags}}"}], "method": "{{call.uuid}}"},
    ],
)
def test_a_template_passes_any_check_of_types(config: dict[str, Any]) -> None:
    assert codes({**GET, "config": {**GET["config"], **config}}) == []  # type: ignore[dict-item] # a config


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"methd": "{{call.uuid}}"}, ["unknown-key"]),
        ({"limits": {"mst": "{{call.uuid}}"}}, ["missing-key", "unknown-key"]),
        ({"limits": {"most": "x", "{{call.uuid}}": 1}}, ["bad-config", "unknown-key"]),
        ({"retries": "many"}, ["bad-config"]),
        ({"retries": -1, "url": "{{call.uuid}}"}, ["bad-config"]),
        ({"headers": {"X-Id": ["{{call.uuid}}"], "Y-Id": [5]}}, ["bad-config", "bad-config"]),
        ({"headers": {"X-Id": "{{call.uuid}}", "Y-Id": True}}, ["bad-config"]),
        ({"headers": [{"key": "X-Id", "value": 1, "form": "{{call.uuid}}"}]}, ["unknown-key"]),
        ({"body": "x"}, ["bad-config"]),
    ],
)
def test_what_no_template_excuses(config: dict[str, Any], expected: list[str]) -> None:
    assert sorted(codes({**GET, "config": {**GET["config"], **config}})) == expected  # type: ignore[dict-item] # a config


def test_a_missing_key_is_told_with_what_stands_in_its_place() -> None:
    found = problems(automation({**SMS, "config": {"from": "+1", "too": "{{call.external_number}}", "text": "Hi"}}))
    assert {one.code: one.hint for one in found} == {
        "unknown-key": "Did you mean to?",
        "missing-key": "'too' is no key.",
    }


def test_a_number_is_taken_for_a_text_and_a_boolean_is_told_to_be_quoted() -> None:
    assert codes({**SMS, "config": {"from": "+15550100", "to": "+15550101", "text": 5}}) == []
    found = problems(automation({**SMS, "config": {"from": "+15550100", "to": "+15550101", "text": True}}))
    assert [one.hint for one in found] == ["Put it in quotes"]


def test_a_whole_branch_of_mistakes_is_found_at_once() -> None:
    found = problems(
        {
            "nam": "a",
            "trigger": {"event": "call.ended"},
            "conditions": {
                "all": [{"field": "call.uuid", "operator": "is"}, {"field": "cal.uuid", "operator": "exists"}]
            },
            "actions": [
                {"wait": "soon", "labl": "x"},
                {**said("{{contcat.name}} {{"), "config": {"channel": "{{contcat.name}}", "text": "{{"}},
                {"paths": [{"actions": [{"actionType": "send_smss", "config": {}}]}]},
            ],
        }
    )
    assert [one.code for one in found if one.severity == "problem"] == [
        "missing-key",
        "bad-duration",
        "unknown-key",
        "unknown-key",
        "unknown-action",
        "bad-condition",
        "unknown-root",
        "unknown-root",
        "bad-template",
    ]


WRONG: list[Any] = [None, 5, [5], {}]
STRANGE: list[Any] = [
    *(None, 5, "text", [], {}),
    *({"actions": 5}, {"actions": [None, [], 5]}, {"paths": [5, {"actions": 3}]}, {"trigger": 5}),
    *({"actions": [{kind: value}]} for kind in KINDS for value in WRONG),
    *({"actions": [{**SMS, key: value}]} for key in keys(ActionDefinition) for value in [*WRONG[1:], "x", {"x": {}}]),
]


@together("value", STRANGE, ids=str)
def test_whatever_is_given_is_judged_and_never_a_traceback(value: Any) -> None:
    made, found = check(value, Source(), SAMPLE)
    assert made is None
    assert found


# Credentials


@pytest.mark.parametrize(
    ("config", "literal"),
    [
        ({"headers": {"Authorization": "Basic x1x2x3x4x5x6x789"}}, True),
        ({"headers": {"X-Api-Key": "abc"}}, True),
        ({"headers": {"x-shop-access-token": "abc"}}, True),
        ({"headers": [{"key": "Authorization", "value": "abc"}]}, True),
        ({"body": {"auth": "Bearer abcdefghijkl"}}, True),
        ({"body": {"text": "sk_live_abcdefghijklmnop"}}, True),
        ({"url": "https://me:mine@example.com"}, True),
        ({"headers": {"Authorization": "Bearer {{secrets.shop_token}}"}}, False),
        ({"headers": {"Authorization": "{{secrets.user | basic: secrets.password}}"}}, False),
        ({"headers": [{"key": "X-Api-Key", "value": "{{secrets.key}}"}]}, False),
        ({"headers": {"Accept": "text/plain", "X-Request": "token of gratitude"}}, False),
        ({"body": {"text": "the bearer of this letter"}}, False),
        ({"url": "https://example.com/@me?mail=a@b.example"}, False),
    ],
)
def test_credentials_are_found_where_they_are_written_out(config: dict[str, Any], *, literal: bool) -> None:
    step = {**GET, "config": {"method": "POST", "url": "https://example.com", **config}}
    assert codes(step) == (["literal-secret"] if literal else [])


@pytest.mark.parametrize(
    ("config", "places"),
    [
        ({"sign": {"secret": "c2VjcmV0"}}, ["`sign.secret`"]),
        ({"secret": "c2VjcmV0"}, ["`secret`"]),
        ({"sign": {"secret": "{{secrets.signing}}"}}, []),
        ({"sign": "{{variables.signing}}"}, []),
    ],
)
def test_credentials_by_contract_are_found_inside_of_objects_too(config: dict[str, Any], places: list[str]) -> None:
    hook = {"actionType": "send_webhook", "config": {"url": "https://example.com", **config}}
    found = check(automation(hook), Source(), catalog())[1]
    assert [one.message.split()[0] for one in found if one.code == "literal-secret"] == places


def test_how_to_write_a_credential_is_told() -> None:
    found = problems(automation({**GET, "config": {**GET["config"], "headers": {"Authorization": "Bearer abcdefgh"}}}))  # type: ignore[dict-item] # a config
    assert '"Bearer {{secrets.name}}"' in (found[0].hint or "")


def test_secrets_stand_only_in_configs() -> None:
    secret = "{{secrets.shop_token}}"
    assert codes(said(secret)) == []
    assert codes({**said("x"), "config": {"channel": "#a", "text": "{{secrets.a | upcase}}"}}) == ["misplaced-secret"]
    for step in (
        {"wait": {"until": secret}},
        {"stop": "failed", "reason": secret},
        {"forEach": secret, "actions": [SMS]},
        {**SMS, "conditions": {"field": "call.uuid", "operator": "equals", "value": secret}},
        {**SMS, "requireApproval": {"approvers": [secret]}},
    ):
        assert codes(step) == ["misplaced-secret"], step


def test_a_secret_beside_a_templated_host_is_a_problem() -> None:
    def to(url: str, **headers: str) -> Any:
        return {**GET, "config": {"method": "GET", "url": url, "headers": headers}}

    bearer = "Bearer {{secrets.key}}"
    assert codes(to("https://{{contact.company}}/?key={{secrets.key}}")) == ["exposed-secret"]
    assert codes(to("https://{{contact.company}}/", Authorization=bearer)) == ["exposed-secret"]
    assert codes(to("https://example.com{{contact.id}}", Authorization=bearer)) == ["exposed-secret"]
    assert codes(to("{{recording.url}}", Authorization=bearer)) == ["exposed-secret"]
    assert codes(to("https://example.com/{{contact.id}}?key={{secrets.key}}", Authorization=bearer)) == []


@pytest.mark.parametrize(
    "body",
    [
        {"a": "{{call.uuid}}", "a.b": 1},
        [{"key": "a", "value": "{{call.uuid}}"}, {"key": "a.b", "value": 1}],
        [{"key": "a", "value": "{{call.uuid}}", "format": "Numbr"}],
    ],
)
def test_a_body_that_no_rendering_can_set_right_is_a_problem_whatever_its_values(body: Any) -> None:
    data = automation({**GET, "config": {"method": "POST", "url": "https://example.com", "body": body}})
    assert [one.code for one in check(data, Source(), catalog())[1]] == ["bad-config"]


# References


@pytest.mark.parametrize(
    "reference",
    [
        "call.external_number",
        "contact.custom_fields['MRR']",
        "contact.emails[0]",
        "input[123].value",
        "recording.url",
        "event.id",
        "event.tenant",
        "event.data.call.uuid",
        "run.url",
        "now | date: '%H'",
        "today",
        "contact.tags | size",
    ],
)
def test_references_that_are_right(reference: str) -> None:
    assert codes(said(f"{{{{{reference}}}}}")) == []


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("contcat.name", "unknown-root"),
        ("ticket.id", "unknown-root"),
        ("event.data.order.id", "unknown-root"),
        ("contact.nickname", "unknown-field"),
        ("event.data.contact.nickname", "unknown-field"),
        ("run.name", "unknown-field"),
        ("item.id", "outside-loop"),
        ("loop.index", "outside-loop"),
        ("hold.id", "outside-hold"),
        ("variables.x", "unknown-variable"),
    ],
)
def test_references_that_find_nothing(reference: str, code: str) -> None:
    assert codes(said(f"{{{{{reference}}}}}")) == [code]


def test_a_variable_without_its_root_is_told() -> None:
    found = problems(automation({**GET, "saveAs": "answer"}, said("{{answer.body}}")))
    assert [(one.code, one.hint) for one in found] == [("unknown-root", "Write variables.answer")]


def test_results_are_known_by_their_contract() -> None:
    found = problems(
        automation({**GET, "saveAs": "answer"}, said("{{variables.answer.staus}} {{variables.answer.body.any}}"))
    )
    assert [(one.code, one.hint) for one in found] == [("unknown-field", "Did you mean status?")]


def test_declared_data_decides_about_an_own_type() -> None:
    def under(data: Any, text: str) -> list[str]:
        trigger = {"event": "order.paid"} if data is None else {"event": "order.paid", "data": data}
        return codes(said(text), trigger=trigger)

    schema = {"type": "object", "properties": {"order": {"properties": {"id": {"type": "string"}}}, "any": True}}
    assert under(None, "{{order.id}}{{order.x}}{{shop.y}}") == ["undeclared-root", "undeclared-root"]
    assert under(["order"], "{{order.id}}") == []
    assert under(["order"], "{{ordr.id}}") == ["unknown-root"]
    assert under(schema, "{{order.id}}{{any.thing}}") == []
    assert under(schema, "{{order.nr}}") == ["unknown-field"]
    assert under(schema, "{{customer.id}}") == ["unknown-root"]
    assert under({"type": "object"}, "{{customer.id}}") == []


def test_a_known_type_may_declare_more() -> None:
    assert codes(said("{{crm.id}} {{call.uuid}}"), trigger={"event": "call.ended", "data": ["crm"]}) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "thing"},
        {"$ref": "http://169.254.169.254/schema"},
        {"properties": {"a": {"$ref": "other.json"}}},
        {"properties": {"a": {"pattern": "(?=x)"}}},
    ],
)
def test_schemas_that_are_none_or_look_elsewhere(schema: Any) -> None:
    assert codes(SMS, trigger={"event": "order.paid", "data": schema}) == ["bad-schema"]


READ = said("{{variables.x.status}}")
SAVE = {**GET, "saveAs": "x"}
IF = {"field": "call.uuid", "operator": "exists"}
OTHER = {"field": "contact.id", "operator": "exists"}


@together(
    ("actions", "expected"),
    [
        ([SAVE, READ], []),
        ([READ, SAVE], ["saved-later"]),
        ([{**SAVE, "conditions": IF}, READ], ["maybe-saved"]),
        ([{**SAVE, "conditions": IF}, {**READ, "conditions": IF}], []),
        ([{**SAVE, "conditions": IF}, {**READ, "conditions": OTHER}], ["maybe-saved"]),
        ([{**SAVE, "conditions": IF}, SAVE, READ], []),
        ([SAVE, {**SAVE, "conditions": IF}, READ], []),
        ([{**SAVE, "onFailure": "continue"}, READ], ["maybe-saved"]),
        ([{**SAVE, "onFailure": "hold"}, READ], []),
        ([{"paths": [{"actions": [SAVE]}, {"actions": [SMS]}]}, READ], []),
        ([{"paths": [{"actions": [SAVE]}, {"actions": [SMS]}], "onFailure": "continue"}, READ], ["maybe-saved"]),
        ([{"paths": [{"actions": [SAVE]}, {"actions": [READ]}]}], ["maybe-saved"]),
        ([{"branch": [{"conditions": IF, "actions": [SAVE]}]}, READ], ["maybe-saved"]),
        ([{"branch": [{"conditions": IF, "actions": [SAVE]}], "otherwise": [SAVE]}, READ], []),
        ([{"branch": [{"conditions": IF, "actions": [SAVE]}], "otherwise": [{"stop": "failed"}]}, READ], []),
        ([{"branch": [{"conditions": IF, "actions": [SAVE]}]}, {**READ, "conditions": IF}], []),
        ([{"branch": [{"conditions": IF, "actions": [SAVE]}], "otherwise": [READ]}], ["saved-later"]),
        ([{"forEach": "{{contact.emails}}", "actions": [SAVE, READ]}], []),
        ([{"forEach": "{{contact.emails}}", "actions": [READ, SAVE]}], ["saved-later"]),
        ([{"forEach": "{{contact.emails}}", "actions": [SAVE]}, READ], ["saved-later"]),
        (
            [
                {"forEach": "{{contact.emails}}", "actions": [SMS], "collect": "{{item}}", "saveAs": "x"},
                said("{{variables.x}}"),
            ],
            [],
        ),
        (
            [{"forEach": "{{contact.emails}}", "actions": [SAVE], "collect": "{{variables.x.status}}", "saveAs": "y"}],
            [],
        ),
        ([{**SAVE, "conditions": IF}, {**SMS, "conditions": {"field": "variables.x", "operator": "exists"}}], []),
        (
            [
                {**SAVE, "conditions": IF},
                {**SMS, "conditions": {"field": "variables.x.status", "operator": "equals", "value": 1}},
            ],
            ["maybe-saved"],
        ),
    ],
)
def test_variables_follow_the_order_of_steps(actions: list[Any], expected: list[str]) -> None:
    assert codes(*actions) == expected


def test_conditions_of_the_automation_see_no_variables() -> None:
    assert codes(SAVE, conditions={"field": "variables.x", "operator": "equals", "value": 1}) == ["saved-later"]


def test_loops_nest_with_their_own_names() -> None:
    inner = {"forEach": "{{order.lines}}", "as": "line", "actions": [said("{{order.id}} {{line.sku}} {{loop.index}}")]}
    assert codes({"forEach": "{{contact.custom_fields}}", "as": "order", "actions": [inner]}) == []
    assert codes({"forEach": "{{contact.emails}}", "as": "contact", "actions": [SMS]}) == ["reserved-name"]


def test_parallel_paths_share_no_variable_however_deep() -> None:
    deep = {"branch": [{"conditions": IF, "actions": [{"paths": [{"actions": [SAVE]}]}]}]}
    assert codes({"paths": [{"actions": [SAVE]}, {"actions": [deep]}]}) == ["shared-variable"]
    looped = {"forEach": "{{contact.emails}}", "actions": [SAVE]}
    assert codes({"paths": [{"actions": [SAVE]}, {"actions": [looped]}]}) == []


def test_steps_after_a_certain_stop_are_told_once() -> None:
    stop = {"stop": "completed"}
    assert codes(stop, SMS, SMS) == ["unreachable-step"]
    assert codes({**stop, "conditions": IF}, SMS) == []
    assert codes({"branch": [{"conditions": IF, "actions": [stop]}], "otherwise": [stop]}, SMS) == ["unreachable-step"]
    assert codes({"branch": [{"conditions": IF, "actions": [stop]}]}, SMS) == []
    assert codes({"forEach": "{{contact.emails}}", "actions": [stop]}, SMS) == []


def test_an_approver_may_be_a_template() -> None:
    assert codes({**SMS, "requireApproval": {"approvers": ["{{contact.title}}"]}}) == []
    assert codes({**SMS, "requireApproval": {"approvers": ["{{contcat.title}}"]}}) == ["unknown-root"]


def test_actions_of_a_recording_need_its_trigger() -> None:
    assert codes({"actionType": "transcribe_recording"}, event="recording.uploaded") == []
    for event in ("call.ended", "recording.*", "ticket.created"):
        assert codes({"actionType": "transcribe_recording"}, event=event) == ["wrong-trigger"]


def test_a_template_in_a_block_text_is_told_at_its_own_line() -> None:
    text = b"name: a\ntrigger: {event: call.ended}\nactions:\n  - stop: failed\n    reason: |\n      one\n      {{contcat.name}}\n"
    data, source = parse(text, "a.yaml")
    assert [(one.line, one.step) for one in check(data, source, SAMPLE)[1]] == [(7, "stop")]


# Limits


def test_two_thousand_steps_and_five_hundred_paths_are_allowed_and_quick() -> None:
    many = automation(*({**SMS, "label": f"Step {n}"} for n in range(2_000)))
    wide = automation({"paths": [{"actions": [SMS]} for _ in range(500)]})
    begun = time.perf_counter()
    for data in (many, wide):
        made, found = check(data, Source(), SAMPLE)
        assert made is not None, found[:3]
        assert make_plan(made, data, SAMPLE)
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "\ud800"])
def test_what_came_over_the_wire_is_json(wrong: Any) -> None:
    assert codes({**SMS, "config": {"text": [wrong]}}) == ["bad-value"]


@pytest.mark.parametrize(
    "data",
    [
        automation(*[SMS] * 4_001),
        automation(said("x" * 600_000)),
        automation({**SMS, "config": json.loads("[" * 101 + "]" * 101)}),
    ],
    ids=["steps", "bytes", "depth"],
)
def test_limits(data: Any) -> None:
    assert [one.code for one in problems(data)] == ["too-large"]


# Plans


def test_a_plan_holds_only_what_deviates() -> None:
    plan = planned({**SMS, "label": "Text"}, {"wait": "15m"})
    assert plan["defaults"] == DEFAULTS
    assert plan["block"] == [
        {
            "id": "text",
            "label": "Text",
            "action": "send_sms",
            "config": SMS["config"],
            "repeat": "never",
            "retry": {"maximumAttempts": 3},
        },
        {"id": "wait", "label": "Wait 15m", "wait": 900_000},
    ]


def test_a_plan_decides_everything_about_an_action() -> None:
    step = {
        "id": "ask",
        "label": "Ask",
        "actionType": "http_request",
        "config": {"method": "GET", "url": "https://example.com/{{call.uuid}}", "parseResponse": False},
        "conditions": IF,
        "timeout": "10s",
        "retry": {"maximumAttempts": 5, "initialInterval": "1s", "within": "10m", "onUnknown": "hold"},
        "requireApproval": {"approvers": ["a@example.com"], "expiresAfter": "24h"},
        "onFailure": "continue",
    }
    assert planned(step)["block"] == [
        {
            "id": "ask",
            "label": "Ask",
            "conditions": IF,
            "onFailure": "continue",
            "action": "http_request",
            "config": step["config"],
            "syntax": {"/url": "url"},
            "repeat": "safe",
            "timeout": 10_000,
            "retry": {"maximumAttempts": 5, "within": 600_000, "onUnknown": "hold"},
            "approval": {"approvers": ["a@example.com"], "expiresAfter": 86_400_000},
            "background": True,
        }
    ]


def test_what_the_contract_says_is_planned_and_defaults_that_are_templates_are_filled_in() -> None:
    plan = planned({"actionType": "transcribe_recording", "saveAs": "t"}, event="recording.uploaded")
    assert plan["block"] == [
        {
            "id": "transcribe_recording",
            "label": "transcribe_recording",
            "action": "transcribe_recording",
            "config": {"recording": "{{recording.url}}"},
            "repeat": "safe",
            "timeout": 7_200_000,
            "retry": {"within": 7_200_000},
            "saveAs": "t",
        }
    ]


@pytest.mark.parametrize(
    ("retry", "planned_retry"),
    [
        ({"initialInterval": "2m"}, {"maximumAttempts": 3, "initialInterval": 120_000, "maximumInterval": 120_000}),
        ({"maximumInterval": 100}, {"maximumAttempts": 3, "initialInterval": 100, "maximumInterval": 100}),
        ({"backoffCoefficient": 2, "maximumAttempts": 1}, {"maximumAttempts": 1}),
    ],
)
def test_retries_are_such_that_temporal_takes_them(retry: Any, planned_retry: Any) -> None:
    assert planned({**SMS, "retry": retry})["block"][0]["retry"] == planned_retry


def test_approval_by_anybody() -> None:
    assert planned({**SMS, "requireApproval": True})["block"][0]["approval"] == {}
    assert "approval" not in planned({**SMS, "requireApproval": False})["block"][0]


def test_containers() -> None:
    plan = planned(
        {
            "label": "Both",
            "paths": [{"label": "Same", "actions": [SMS]}, {"label": "Same", "actions": [SMS]}, {"actions": [SMS]}],
        },
        {
            "branch": [{"conditions": IF, "actions": [{"stop": "failed", "reason": "no"}]}],
            "otherwise": [{"wait": {"until": "{{now}}"}}],
        },
        {
            "forEach": "{{contact.emails}}",
            "as": "mail",
            "actions": [SMS],
            "collect": "{{mail}}",
            "saveAs": "mails",
            "parallel": 3,
        },
    )
    both, branch, loop = plan["block"]
    assert [(path["id"], path["label"]) for path in both["paths"]] == [
        ("both.same", "Same"),
        ("both.same-2", "Same"),
        ("both.path-3", "Path 3"),
    ]
    assert branch["branch"][0]["block"][0]["reason"] == "no"
    assert branch["otherwise"][0]["wait"] == {"until": "{{now}}"}
    assert {key: value for key, value in loop.items() if key != "block"} == {
        "id": "for-each",
        "label": "For each of {{contact.emails}}",
        "forEach": "{{contact.emails}}",
        "as": "mail",
        "maxItems": 100,
        "parallel": 3,
        "collect": "{{mail}}",
        "saveAs": "mails",
    }


def test_paths_at_the_top_are_one_step() -> None:
    data = {"name": "a", "trigger": {"event": "call.ended"}, "paths": [{"label": "One", "actions": [SMS]}]}
    made, found = check(data, Source(), SAMPLE)
    assert made is not None, found
    plan = make_plan(made, data, SAMPLE)
    assert [(step["id"], step["paths"][0]["id"]) for step in plan["block"]] == [("paths", "paths.one")]


def test_conditions_and_missing_variables_of_the_automation() -> None:
    plan = planned(SMS, conditions=IF, missingVariables="fail")
    assert (plan["conditions"], plan["missing"]) == (IF, "fail")


def test_hashes_cover_the_definition_and_the_plan() -> None:
    data = automation(SMS, description="ä")
    plan = planned(SMS, description="ä")
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert plan["definition"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert planned(SMS, description="ä") == plan
    assert planned(SMS)["id"] != plan["id"]


def test_a_simple_step_takes_little() -> None:
    def size(count: int) -> int:
        return len(json.dumps(planned(*[{**GET, "label": "Ask"}] * count), separators=(",", ":")))

    assert (size(200) - size(100)) / 100 <= 210


ENVIRONMENTS = Environments.read(EXAMPLES[0].parent, "dev")


def test_every_id_of_a_plan_is_its_own() -> None:
    def ids(block: list[Any]) -> list[str]:
        found = []
        for step in block:
            found.append(step["id"])
            for path in step.get("paths", []):
                found += [path["id"], *ids(path["block"])]
            for case in step.get("branch", []):
                found += ids(case["block"])
            found += ids(step.get("otherwise", [])) + ids(step.get("block", []))
        return found

    for path in EXAMPLES:
        data, source = read(path)
        made, _ = load(data, source, catalog(), ENVIRONMENTS)
        assert made is not None
        found = ids(made.plan["block"])
        assert len(found) == len(set(found))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_good_and_can_be_executed(path: Path) -> None:
    data, source = read(path)
    made, found = load(data, source, catalog(), ENVIRONMENTS)
    assert found == []
    assert made is not None
    assert program(made.plan).block


@together("name", sorted(catalog()))
def test_the_example_of_every_action_is_a_good_step(name: str) -> None:
    action = catalog()[name]
    event = (
        action.triggers[0]
        if action.triggers
        else "ticket.created"
        if re.search(r"\{\{(ticket|customer|message)\.", str(action.example))
        else "call.ended"
    )
    step: dict[str, Any] = {"actionType": name, "config": action.example}
    if action.notice:
        held = {"actionType": "send_sms", "config": catalog()["send_sms"].example}
        step = {**held, "requireApproval": {"approvers": ["ann"], "notify": [step]}}
    data = automation(step, event=event)
    if "." in name:  # an operation of a service, whose events are of types of one's own
        roots = re.findall(r"\{\{\s*([a-zA-Z_]+)", str(action.example))
        data["trigger"] = {"event": "service.called", "data": sorted({*roots} - {"variables"})}
        if saved := re.findall(r"\{\{\s*variables\.(\w+)", str(action.example)):
            data["actions"].insert(0, {"set": {one: {} for one in saved}})
    made, found = check(data, Source(), catalog())
    assert (made is not None, found) == (True, [])


def test_a_definition_reads_the_same_as_yaml_and_json() -> None:
    for path in EXAMPLES:
        data, _ = read(path)
        again, _ = parse(json.dumps(data).encode(), "a.json")
        assert again == data == yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "body", [list(range(10_001)), {f"k{n}": {"x": 1} for n in range(6_000)}, ["{{call.uuid}}" + "x" * 60_000] * 5]
)
def test_a_config_that_could_not_be_compiled_is_a_problem_although_each_part_could(body: Any) -> None:
    data = automation({**GET, "config": {"method": "POST", "url": "https://example.com", "body": body}})
    assert [one.code for one in check(data, Source(), catalog())[1]] == ["bad-template"]


def test_so_is_a_list_of_approvers_without_end() -> None:
    approval = {"approvers": [f"p{n}" for n in range(10_001)]}
    assert sorted(codes({**GET, "requireApproval": approval})) == ["bad-template", "out-of-range"]


def test_what_a_release_does_to_runs_stands_in_the_plan_only_where_they_stay() -> None:
    assert "onRelease" not in planned(SMS)
    assert "onRelease" not in planned(SMS, onRelease="move")
    assert planned(SMS, onRelease="stay")["onRelease"] == "stay"
    [wrong] = problems(automation(SMS, onRelease="stays"))
    assert (wrong.code, "stay" in str(wrong)) == ("wrong-type", True)
