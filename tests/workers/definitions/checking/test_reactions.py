"""What validation says about reacting to how steps end."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from tests.engine import JSON
from tests.together import together
from workers.definitions.loading import Source
from workers.definitions.planning import check
from workers.definitions.problems import Problem

ACTIONS = catalog()


def post(label: str, **more: Any) -> JSON:
    """Return a step that does something to the world; `on_failure` and so on in the product's own spelling."""
    return {
        "label": label,
        "actionType": "http_request",
        "config": {"method": "POST", "url": "https://a.example/b", "body": {"text": more.pop("text", "x")}},
        **more,
    }


def found(*actions: JSON, **top: Any) -> list[Problem]:
    body = top if "paths" in top else {"actions": list(actions), **top}
    return check({"name": "x", "trigger": {"event": "e", "data": ["d"]}, **body}, Source(), ACTIONS)[1]


def codes(*actions: JSON, **top: Any) -> list[str]:
    return [one.code for one in found(*actions, **top)]


def on(when: Any, *actions: JSON, **more: Any) -> JSON:
    return {"when": when, **({"actions": list(actions)} if actions else {}), **more}


TELL = post("Tell", text="{{failure.type}} {{failure.message}} {{failure.status}} {{failure.attempts}}")


@pytest.mark.parametrize("do", [{}, {"do": "stop"}, {"do": "continue"}, {"do": "hold"}])
def test_a_rule_may_run_actions_before_what_it_says(do: JSON) -> None:
    assert codes(post("Pay", onFailure=[on("any", TELL, **do)])) == []


def test_a_rule_says_something_and_never_runs_actions_beside_a_retry() -> None:
    assert codes(post("Pay", onFailure=[on("any")])) == ["missing-key"]
    assert codes(post("Pay", onFailure=[on("any", TELL, do="retry")])) == ["two-kinds"]
    assert codes(post("Pay", onFailure=[{"when": "any", "actions": []}])) == ["out-of-range"]


def test_keys_beside_actions_are_known() -> None:
    (problem,) = found(post("Pay", requireApproval={"approvers": ["ann"]}, onRejected={"steps": [TELL]}))[:1]
    assert (problem.code, problem.message) == ("missing-key", "The key `actions` is missing in `onRejected`.")
    problems = found(post("Pay"), onFailure={"actions": [TELL], "do": "continue"})
    assert [(one.code, "the automation's `onFailure`" in one.message) for one in problems] == [("unknown-key", True)]


def test_what_nobody_approves_cannot_be_rejected() -> None:
    assert codes(post("Pay", onRejected={"actions": [post("Tell")]})) == ["unused-key"]
    held = post("Pay", requireApproval={"approvers": ["ann"]}, onRejected={"actions": [post("Tell")]})
    assert codes(held) == []


def test_failure_exists_only_after_one() -> None:
    assert codes(post("Pay", text="{{failure.type}}")) == ["outside-failure"]
    held = post("Pay", requireApproval={"approvers": ["ann"]}, onRejected={"actions": [TELL]})
    assert set(codes(held)) == {"outside-failure"}
    assert codes(post("Pay", onFailure=[on("any", TELL, do="continue")]), TELL | {"label": "Later"}).count(
        "outside-failure"
    ) == len(codes(TELL))
    assert codes(post("Pay"), onFailure={"actions": [TELL]}) == []
    assert codes(post("Pay", onFailure=[on("any", post("Tell", text="{{failure.typ}}"))])) == ["unknown-field"]


def test_a_rule_for_any_with_actions_leaves_what_is_unknown_to_later_ones() -> None:
    assert codes(post("Pay", onFailure=[on("any", TELL), on("unknown", do="hold")])) == []
    assert codes(post("Pay", onFailure=[on(["any", "unknown"], TELL), on("unknown", do="hold")])) == [
        "unreachable-rule"
    ]
    assert codes(post("Pay", onFailure=[on("any", do="stop"), on("unknown", TELL)])) == ["unreachable-rule"]
    assert codes(post("Pay", onFailure=[on("any", TELL), on("refused", do="hold")])) == ["unreachable-rule"]


ASK = {"field": "steps.pay.status", "operator": "equals", "value": "failed"}
PAY = post("Pay", onFailure="continue")


@together(
    ("actions", "wanted"),
    [
        ([PAY, post("Undo", conditions=ASK)], []),
        ([PAY, post("Say", text="{{steps.pay.status}} {{steps['pay'].status}}")], []),
        ([post("Undo", conditions=ASK), PAY], ["ends-later"]),
        ([post("Pay", conditions=ASK)], ["ends-later"]),
        ([post("Pay", text="{{steps.pay.status}}")], ["ends-later"]),
        ([PAY, post("Undo", conditions=ASK | {"field": "steps.pya.status"})], ["unknown-step-id"]),
        ([PAY, post("Undo", text="{{steps | json}}")], ["unknown-step-id"]),
        ([PAY, post("Undo", text="{{steps[d].status}}")], ["unknown-step-id"]),
        ([PAY, post("Undo", text="{{steps.pay.state}}")], ["unknown-field"]),
        ([PAY, post("Undo", conditions=ASK | {"value": "faild"})], ["unknown-status"]),
        ([PAY, post("Undo", conditions=ASK | {"operator": "in", "value": ["failed", "gone"]})], ["unknown-status"]),
        ([post("Pay", onFailure=[on("any", post("Undo", conditions=ASK))])], []),
        ([post("Pay", requireApproval={"approvers": ["ann"]}, onRejected={"actions": [post("Undo", conditions=ASK)]})], []),
        ([{"branch": [{"conditions": ASK, "actions": [PAY]}]}], ["ends-later"]),
        ([PAY, {"branch": [{"conditions": ASK, "actions": [post("Undo", conditions=ASK)]}]}], []),
        ([{"branch": [{"conditions": {"all": []}, "actions": [PAY]}], "otherwise": [post("Undo", conditions=ASK)]}], ["ends-later"]),
        ([{"branch": [{"conditions": {"all": []}, "actions": [PAY]}]}, post("Undo", conditions=ASK)], []),
        ([{"paths": [{"actions": [PAY]}, {"actions": [post("Undo", conditions=ASK)]}]}], ["may-end-later"]),
        ([{"paths": [{"actions": [PAY, post("Undo", conditions=ASK)]}]}, post("Say", conditions=ASK)], []),
        ([{"forEach": "{{d}}", "actions": [PAY, post("Undo", conditions=ASK)]}], []),
        ([{"forEach": "{{d}}", "actions": [PAY], "collect": "{{steps.pay.status}}", "saveAs": "all"}], []),
        ([{"forEach": "{{d}}", "actions": [PAY]}, post("Undo", conditions=ASK)], ["ends-later"]),
        ([post("First", onFailure=[on("any", PAY)]), post("Undo", conditions=ASK)], []),
        ([post("First", onFailure=[on("refused", PAY), on("any", post("Undo", conditions=ASK))])], ["ends-later"]),
    ],
)  # fmt: skip
def test_a_status_is_read_where_the_step_can_have_ended(actions: list[JSON], wanted: list[str]) -> None:
    assert codes(*actions) == wanted


def test_an_unknown_step_id_names_the_near_one() -> None:
    (problem,) = found(PAY, post("Undo", text="{{steps.pai.status}}"))
    assert problem.hint == "Did you mean pay?"


def test_a_run_that_failed_sees_every_step_but_those_inside_of_loops() -> None:
    undo = {"actions": [post("Undo", conditions=ASK)]}
    assert codes(post("Pay"), onFailure=undo) == []
    assert codes(onFailure=undo, paths=[{"actions": [post("Pay")]}]) == []
    assert codes({"forEach": "{{d}}", "actions": [post("Pay")]}, onFailure=undo) == ["ends-later"]
    assert codes(post("Pay", text="{{steps.undo.status}}"), onFailure={"actions": [post("Undo")]}) == ["ends-later"]


def test_a_status_of_a_step_that_nothing_waits_for_may_come_later() -> None:
    pay = post("Pay")
    pay["config"]["parseResponse"] = False
    assert codes(pay, post("Undo", conditions=ASK)) == ["may-end-later"]


def test_variables_of_actions_after_a_failure_are_known_where_the_block_goes_on() -> None:
    other = post("Other", saveAs="paid")
    use = post("Use", text="{{variables.paid.status}}")
    assert codes(post("Pay", saveAs="paid", onFailure=[on("any", other, do="continue")]), use) == []
    assert codes(post("Pay", onFailure=[on("any", other, do="continue")]), use) == ["maybe-saved"]
    assert codes(post("Pay", onFailure=[on("any", other, use)])) == []
    assert codes(post("Pay", saveAs="paid", onFailure=[on("any", use)])) == ["saved-later"]
    assert codes(post("Pay", saveAs="paid"), onFailure={"actions": [use]}) == ["maybe-saved"]
    assert (
        codes(
            post("Pay", saveAs="paid", onRejected={"actions": [post("Undo")]}, requireApproval={"approvers": ["a"]}),
            use,
        )
        == []
    )


def test_ids_and_nesting_count_in_actions_after_a_failure() -> None:
    assert codes(post("Pay", id="a", onFailure=[on("any", post("Undo", id="a"))])) == ["duplicate-id"]
    step = post("Deep")
    for _ in range(17):
        step = post("Deep", onFailure=[on("any", step)])
    assert codes(step) == ["too-large"]


def test_actions_after_a_failure_are_held_to_their_contracts() -> None:
    bad = {"actionType": "send_smss", "config": {}}
    assert codes(post("Pay", onFailure=[on("any", bad)])) == ["unknown-action"]
    assert codes(post("Pay", requireApproval={"approvers": ["a"]}, onRejected={"actions": [bad]})) == ["unknown-action"]
    assert codes(post("Pay"), onFailure={"actions": [bad]}) == ["unknown-action"]


DEPOSIT = post("Deposit", saveAs="deposit", onFailure="continue")
EMPTY = {"field": "variables.deposit", "operator": "is_empty"}
THERE = {"field": "variables.deposit", "operator": "exists"}
GIVE = post("Give it back")


@pytest.mark.parametrize(
    "actions",
    [
        [DEPOSIT, GIVE | {"conditions": EMPTY}],
        [DEPOSIT, GIVE | {"conditions": {"not": THERE}}],
        [DEPOSIT, GIVE | {"conditions": {"all": [EMPTY, {"field": "d", "operator": "exists"}]}}],
        [DEPOSIT, GIVE | {"conditions": EMPTY | {"field": "variables.deposit.body"}}],
        [DEPOSIT, GIVE | {"conditions": {"field": "variables.deposit.status", "operator": "not_equals", "value": 200}}],
        [DEPOSIT, GIVE | {"conditions": {"field": "variables.deposit", "operator": "equals", "value": None}}],
        [DEPOSIT, {"conditions": EMPTY, "paths": [{"actions": [GIVE]}]}],
        [DEPOSIT, {"branch": [{"conditions": EMPTY, "actions": [GIVE]}]}],
        [DEPOSIT, {"branch": [{"conditions": THERE, "actions": [post("Thank")]}], "otherwise": [GIVE]}],
        [DEPOSIT, {"stop": "completed", "conditions": THERE}, GIVE],
        [{"onFailure": "continue", "paths": [{"actions": [post("Deposit", saveAs="deposit")]}]}, GIVE | {"conditions": EMPTY}],
        [post("Deposit", saveAs="deposit", onFailure=[on("any", do="continue")]), GIVE | {"conditions": EMPTY}],
        [post("Deposit", saveAs="deposit", onFailure=[on("unknown", post("Tell"), do="continue")]), GIVE | {"conditions": EMPTY}],
        [{"paths": [{"actions": [DEPOSIT]}, {"actions": [GIVE | {"conditions": EMPTY}]}]}],
    ],
)  # fmt: skip
def test_emptiness_that_decides_about_a_compensation_is_a_warning(actions: list[JSON]) -> None:
    (warning,) = [one for one in found(*actions) if one.code == "unknown-as-empty"]
    assert warning.severity == "warning"
    assert "'Deposit'" in warning.message
    assert "'Give it back'" in warning.message
    assert "steps.deposit.status" in str(warning.hint)


LOOK = {"label": "Look", "actionType": "http_request", "config": {"method": "GET", "url": "https://a.example/b"}}


@pytest.mark.parametrize(
    "actions",
    [
        [DEPOSIT, GIVE | {"conditions": THERE}],
        [DEPOSIT, LOOK | {"conditions": EMPTY}],
        [DEPOSIT, GIVE | {"conditions": {"all": [EMPTY, {"field": "steps.deposit.status", "operator": "equals", "value": "failed"}]}}],
        [DEPOSIT, {"conditions": {"field": "steps.deposit.status", "operator": "equals", "value": "failed"}, "paths": [{"actions": [GIVE | {"conditions": EMPTY}]}]}],
        [post("Deposit", saveAs="deposit"), GIVE | {"conditions": EMPTY}],
        [LOOK | {"saveAs": "deposit", "onFailure": "continue"}, GIVE | {"conditions": EMPTY}],
        [post("Deposit", saveAs="deposit", conditions=THERE | {"field": "d"}), GIVE | {"conditions": EMPTY}],
        [post("Deposit", saveAs="deposit", onFailure=[on("refused", do="continue")]), GIVE | {"conditions": EMPTY}],
        [post("Deposit", saveAs="deposit", onFailure=[on("any", post("Tell"), do="continue")]), GIVE | {"conditions": EMPTY}],
        [post("Deposit", saveAs="deposit", onFailure="continue", retry={"onUnknown": "hold"}), GIVE | {"conditions": EMPTY}],
        [DEPOSIT, {"stop": "completed", "conditions": THERE}],
    ],
)  # fmt: skip
def test_emptiness_that_says_nothing_of_an_effect_is_no_warning(actions: list[JSON]) -> None:
    assert "unknown-as-empty" not in codes(*actions)


def test_a_run_that_failed_must_not_take_emptiness_for_a_failure_either() -> None:
    undo = {"actions": [GIVE | {"conditions": EMPTY}]}
    assert "unknown-as-empty" in codes(post("Deposit", saveAs="deposit"), onFailure=undo)
