"""`import`, `new` and `events`: what an author begins with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.import_report import outcome_of
from tests.workers.command import call
from workers.cli.new import templates

WORKFLOW = """
workflow:
  id: tell
  triggers: [{type: alert}]
  owners: [ada]
  actions:
    - {name: tell, provider: {type: slack, config: "{{ providers.ops }}", with: {channel: ops, message: hello}}}
"""
RULES: dict[str, Any] = {
    "triggers": [
        {"title": title, "conditions": {"all": []}, "actions": [{"field": "status", "value": "open"}]}
        for title in ("One", "One", "Two")
    ]
}
OWN = """
name: parcel
trigger:
  event: parcel.sent
  data:
    type: object
    required: [parcel]
    properties:
      parcel:
        type: object
        required: [id, weight, state, kind]
        properties:
          id: {type: string, pattern: '^[A-Z]{2}-[0-9]{4}$'}
          weight: {type: number, exclusiveMinimum: 2, maximum: 3}
          state: {$ref: '#/$defs/state'}
          kind: {anyOf: [{const: letter}, {const: box}]}
          lines: {type: array, minItems: 2, items: {type: integer, multipleOf: 5, minimum: 3}}
    $defs: {state: {enum: [sent, lost]}}
actions: [{actionType: send_slack_message, config: {channel: "#p", text: "{{parcel.id}}"}}]
"""
READS = """
name: order
trigger: {event: order.paid, data: [order]}
conditions: {field: order.currency, operator: in, value: [EUR, USD]}
actions: [{actionType: send_slack_message, config: {channel: "#o", text: "{{order.lines[0].name}} {{order.id}}"}}]
"""

WAITS = """
name: wait
trigger: {event: call.ended, inputs: {rating: 456}}
actions:
  - label: Wait for the reply
    wait: {event: reply.came, where: {field: wanted.reply.ticket, operator: equals, value: "{{call.uuid}}"}, atMost: 1d}
"""


def test_an_import_writes_a_file_once(tmp_path: Path) -> None:
    file = tmp_path / "keep.yml"
    file.write_text(WORKFLOW)
    ended = call("import", "keep", file, "--into", "own", "--json", cwd=tmp_path)
    sentence = "`owners`: Who owns a workflow is not said in a definition."
    assert ended.code == 0
    assert ended.json == {
        "file": "own/tell.yaml", "automation": "tell", "unsaid": [{"path": "owners", "message": sentence}]
    }  # fmt: skip
    text = (tmp_path / "own" / "tell.yaml").read_text()
    assert text.startswith("# From keep.yml.\n")
    assert sentence in text
    assert call("validate", "own", "--no-advice", cwd=tmp_path).code == 0
    (tmp_path / "own" / "tell.yaml").write_text("mine")
    again = call("import", "keep", file, "--into", "own", cwd=tmp_path)
    assert again.code == 1
    assert "own/tell.yaml is there already" in again.err
    assert (tmp_path / "own" / "tell.yaml").read_text() == "mine"


def test_an_import_of_several_rules_makes_a_file_of_each(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(json.dumps(RULES))
    ended = call("import", "zendesk", "rules.json", "--into", "own", "--json", cwd=tmp_path)
    assert [one["file"] for one in ended.json] == ["own/one.yaml", "own/one-2.yaml", "own/two.yaml"]
    assert call("validate", tmp_path / "own", "--no-advice").code == 0


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        ("keep", "jobs: {}", "no workflow of Keep"),
        ("keep", "workflow: {id: x}", "without `steps` and `actions`"),
        ("keep", "workflow: {actions: [1]}", "`actions[0]` is no step"),
        ("keep", "a: [", "cannot be read"),
        ("zendesk", WORKFLOW, "no rule of Zendesk"),
        ("zendesk", "[1, 2]", "cannot be imported"),
        ("zendesk", "{conditions: {all: 3}, actions: []}", "not `{all: […], any: […]}`"),
        ("keep", "workflow: {consts: [1], actions: [{}]}", "`consts` of the workflow is a list"),
    ],
)
def test_what_is_no_workflow_is_said_and_nothing_written(kind: str, text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text(text)
    ended = call("import", kind, "it.yaml", "--into", "own", cwd=tmp_path)
    assert ended.code == 2
    assert sentence in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "own").exists()
    assert call("import", kind, "none.yaml", cwd=tmp_path).code == 2


def test_a_part_of_another_form_is_told_and_the_rest_kept(tmp_path: Path) -> None:
    say: dict[str, Any] = {"name": "say", "provider": {"type": "console", "with": {"message": "hello"}}}
    odd: list[dict[str, Any]] = [
        {"provider": 1},
        {"provider": {"type": "http", "with": "x"}},
        {"provider": {"type": "jira"}, "condition": 3},
    ]
    odd += [
        {**say, "on-failure": {"retry": {"count": "often"}}},
        {**say, "provider": {**say["provider"], "type": ["a"]}},
    ]
    (tmp_path / "odd.json").write_text(json.dumps({"workflow": {"id": "odd", "actions": [*odd, say]}}))
    ended = call("import", "keep", "odd.json", "--into", "own", "--json", cwd=tmp_path)
    assert ended.code == 0
    assert [one["path"] for one in ended.json["unsaid"]] == [f"actions[{at}]" for at in (0, 1, 2, 4)]


@pytest.mark.parametrize("expression", ["(" * 200, "not " * 200 + "a", "{{ " * 50, "'", "a ? b", "keep.len(" * 100])
def test_odd_expressions_are_told(expression: str, tmp_path: Path) -> None:
    workflow = {"actions": [{"name": "a", "if": expression, "provider": {"type": "console", "with": {"message": "b"}}}]}
    file = tmp_path / "odd.json"
    file.write_text(json.dumps({"workflow": workflow}))
    (outcome,) = outcome_of(file)
    assert outcome.valid
    assert not outcome.kept


def test_templates_are_good_and_have_tests(tmp_path: Path) -> None:
    listed = call("new")
    assert [line.split()[0] for line in listed.out.splitlines()] == [*templates()]
    for name in templates():
        assert call("new", name, "--into", tmp_path).code == 0
    assert call("validate", tmp_path, "--no-advice").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}{ending}" for name in templates() for ending in (".yaml", ".test.yaml")
    }
    assert call("test", tmp_path / "refund-by-amount.yaml").code == 0  # those of the others are the examples' own


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "alert-routing.test.yaml").write_text("mine")
    ended = call("new", "alert-routing", cwd=tmp_path)
    assert ended.code == 1
    assert "alert-routing.test.yaml is there already; nothing is written." in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["alert-routing.test.yaml"]
    wrong = call("new", "alert-routin", cwd=tmp_path)
    assert wrong.code == 2
    assert "Did you mean alert-routing?" in wrong.err


def test_events_are_listed_with_who_takes_them(tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(OWN)
    (tmp_path / "broken.yaml").write_text("a: [")
    listed = call("events", "--json", TRUNKLINE_AUTOMATIONS=str(tmp_path))
    types: dict[str, Any] = {one["type"]: one["automations"] for one in listed.json}
    assert types["parcel.sent"] == ["parcel"]
    assert types["call.ended"] == []
    fields = call("events", "call.*", "--json", cwd=tmp_path)
    assert {"field": "call.waiting_time", "example": 75} in fields.json
    assert {"field": "input[123].value", "example": "5"} in fields.json
    assert "{{contact.emails}}" in call("events", "call.missed", cwd=tmp_path).out


def test_a_sample_fits_its_schema_and_is_taken(tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(OWN)
    (tmp_path / "order.yaml").write_text(READS)
    folder = {"TRUNKLINE_AUTOMATIONS": str(tmp_path)}
    ended = call("events", "parcel.sent", "--sample", environment=folder)
    assert (ended.code, ended.err) == (0, "")
    assert ended.json["data"]["parcel"]["state"] == "sent"
    assert ended.out == call("events", "parcel.sent", "--sample", environment=folder).out
    order = call("events", "order.paid", "--sample", environment=folder).json
    assert order["data"] == {"order": {"currency": "EUR", "lines": ["text"], "id": "text"}}
    (tmp_path / "parcel.yaml").write_text(OWN.replace("required: [parcel]", "required: [parcel]\n    not: {}", 1))
    unfit = call("events", "parcel.sent", "--sample", environment=folder)
    assert unfit.code == 1
    assert "does not fit the automation parcel" in unfit.err


def test_events_that_are_waited_for_and_inputs_are_known(tmp_path: Path) -> None:
    (tmp_path / "wait.yaml").write_text(WAITS)
    types = {one["type"]: one["automations"] for one in call("events", "--json", cwd=tmp_path).json}
    assert types["reply.came"] == ["wait"]
    assert call("events", "reply.came", "--sample", cwd=tmp_path).json["data"] == {"reply": {"ticket": "text"}}
    assert call("events", "call.ended", "--sample", cwd=tmp_path).json["data"]["input"]["456"] == {"value": "5"}


def test_an_unknown_type_has_a_near_one(tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(OWN)
    ended = call("events", "parcel.snt", TRUNKLINE_AUTOMATIONS=str(tmp_path))
    assert ended.code == 2
    assert "parcel.sent" in ended.err
    assert call("events", "--sample").code == 2


def test_an_action_lists_the_languages_that_it_knows() -> None:
    found = {
        one["language"]: one["models"] for one in call("actions", "transcribe_recording", "--languages", "--json").json
    }
    assert found["cs-CZ"] == ["default", "command_and_search", "latest_long", "latest_short"]
    assert {"phone_call", "video"} < {*found["en-US"]}
    told = call("actions", "transcribe_recording", "--languages")
    assert f"cs-CZ        {', '.join(found['cs-CZ'])}\n" in told.out
    for other in (["send_sms"], []):
        ended = call("actions", *other, "--languages")
        assert (ended.code, ended.out) == (2, "")
        assert "trunkline actions transcribe_recording --languages" in ended.err


FORM = """
name: offer
trigger:
  event: call.ended
  inputs: {rating: 123, again: tmp_7}
  data:
    type: object
    required: [order]
    properties:
      order:
        type: object
        title: The order
        required: [id, state]
        properties:
          id: {type: string, title: Order number, description: "As it stands\\non the invoice."}
          state: {$ref: '#/$defs/state'}
          "net amount": {type: [number, "null"], default: 5}
          lines: {type: array, items: {type: integer}}
      again: {$ref: '#'}
    $defs: {state: {enum: [sent, lost]}}
actions: [{wait: 1m}]
"""


def test_an_automation_says_what_it_asks_for(tmp_path: Path) -> None:
    (tmp_path / "offer.yaml").write_text(FORM)
    (tmp_path / "order.yaml").write_text(READS)
    (tmp_path / "plain.yaml").write_text("name: plain\ntrigger: {event: call.ended}\nactions: [{wait: 1m}]\n")
    (tmp_path / "broken.yaml").write_text("{")
    fields = {one["field"]: one for one in call("inputs", "offer", "--json", cwd=tmp_path).json}
    empty = {"default": None, "choices": None, "description": None, "input": None}
    assert fields["order.id"] == empty | {
        "field": "order.id",
        "type": "text",
        "label": "Order number",
        "required": True,
        "description": "As it stands\non the invoice.",
    }
    assert fields["order.state"]["choices"] == ["sent", "lost"]
    assert fields["order.lines"]["type"] == "list of whole number"
    amount = fields['order["net amount"]']
    assert (amount["type"], amount["default"], amount["required"]) == ("number or null", 5, False)
    assert not fields["again.order.id"]["required"], "what is around it need not be there"
    assert fields["input.again.value"]["input"] == "tmp_7"
    assert "Rating: text, what callers gave in step 123, may be empty" in call("inputs", "offer", cwd=tmp_path).out
    assert [one["field"] for one in call("inputs", "order", "--json", cwd=tmp_path).json] == [
        *("order.currency", "order.lines[0].name", "order.id"),
    ]
    assert "trunkline events call.ended" in call("inputs", "plain.yaml", cwd=tmp_path).out
    for name, says in (("ofer", "Did you mean offer?"), ("no.yaml", "no file"), ("broken.yaml", "broken.yaml")):
        ended = call("inputs", name, cwd=tmp_path)
        assert (ended.code, ended.out) == (2, "")
        assert says in ended.err


ACTIONS: list[Any] = [
    {"wait": "{{order.patience | default: '5m'}}"},
    {"wait": {"until": "{{ order.due }}"}},
    {"forEach": "{{order.lines}}", "actions": [{"set": {"line": "{{item}}"}}]},
    {"set": {"id": "{{order.id}}"}},
]


def test_a_sample_fits_the_numbers_that_conditions_ask_for(tmp_path: Path) -> None:
    tests = [("greater_than", "above", 100.5), ("less_than", "below", 3), ("equals", "paid", True), ("in", "kind", [7])]
    all_of = [{"field": f"order.{name}", "operator": operator, "value": value} for operator, name, value in tests]
    all_of.append({"field": "{{order.lines | size}}", "operator": "greater_than", "value": 0})
    definition = {"name": "a", "trigger": {"event": "order.moved", "data": ["order"]}, "conditions": {"all": all_of}}
    (tmp_path / "a.json").write_text(json.dumps({**definition, "actions": ACTIONS}))
    sample = call("events", "order.moved", "--sample", cwd=tmp_path)
    assert sample.json["data"]["order"] == {
        "above": 101.5,
        "below": 2,
        "paid": True,
        "kind": 7,
        "lines": ["text"],
        "patience": "1m",
        "due": "2026-11-23T09:00:00Z",
        "id": "text",
    }
    told = call("explain", "-", "--automation", "a.json", "--json", cwd=tmp_path, stdin=sample.out.encode())
    assert [(one["runs"], one["outcome"]) for one in told.json["automations"]] == [(True, "completed")]


def test_a_sample_has_the_custom_fields_that_are_read(tmp_path: Path) -> None:
    texts = ['{{contact.custom_fields["Shop API"]}}', "{{contact.custom_fields.MRR}}", "{{contact.nmae}}"]
    definition = {"name": "a", "trigger": {"event": "call.ended"}, "actions": [{"set": {"all": texts}}]}
    (tmp_path / "a.json").write_text(json.dumps(definition))
    contact = call("events", "call.ended", "--sample", cwd=tmp_path).json["data"]["contact"]
    assert contact["custom_fields"] == {"MRR": "120", "Shop API": "text"}
    assert "nmae" not in contact
