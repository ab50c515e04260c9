"""A hint that is followed leads to no next error: every word of other tools, and what refusals suggest."""

from __future__ import annotations

import re
from typing import Any

import pytest

from activities.catalog import catalog
from tests.together import together
from workers.definitions.checking.other_words import OF_AUTOMATION, OF_RETRY, OF_STEP, OF_TRIGGER
from workers.definitions.loading import Source, parse
from workers.definitions.planning import check
from workers.definitions.problems import Problem
from workflows.language import comparison
from workflows.language.condition import ConditionError, compile_condition
from workflows.language.synonyms import KEYS, OPERATORS, OPPOSITES

CATALOG = catalog()
SMS: dict[str, Any] = {"actionType": "send_sms", "config": {"from": "+15550100", "to": "+15550101", "text": "Hi"}}
TEST = {"field": "call.uuid", "operator": "exists"}
STOP = {"stop": "completed"}

RIGHT: dict[str, Any] = {
    "trigger": {"event": "call.ended"},
    "conditions": TEST,
    "actions": [STOP],
    "paths": [{"actions": [STOP]}],
    "name": "a",
    "description": "text",
    "approvals": {"approvers": ["a@example.com"]},
    "config": SMS["config"],
    "actionType": "send_sms",
    "forEach": "{{contact.tags}}",
    "onFailure": "continue",
    "label": "A label",
    "saveAs": "saved",
    "retry": {"maximumAttempts": 3},
    "wait": "1m",
    "branch": [{"conditions": TEST, "actions": [STOP]}],
    "timeout": "30s",
    "requireApproval": {"approvers": ["a@example.com"]},
    "stop": "completed",
    "set": {"total": 1},
    "repeat": [STOP],
    "constants": {"limit": 1},
    "event": "call.ended",
    "data": ["order"],
    "maximumAttempts": 3,
    "initialInterval": "1s",
    "backoffCoefficient": 2,
    "maximumInterval": "1m",
    "within": "1h",
}
"""What stands under each of our keys."""

REPEATED = {"until": {"field": "call.uuid", "operator": "exists"}, "every": "1m", "atMost": "1h"}
"""What a `repeat` needs besides."""


def problems(data: Any) -> list[Problem]:
    return [one for one in check(data, Source(), CATALOG)[1] if one.severity == "problem"]


def hint_for(data: Any, word: str) -> str:
    hints = [one.hint for one in problems(data) if repr(word) in one.message or one.code == "unknown-step"]
    assert len(hints) == 1, (word, problems(data))
    assert hints[0] is not None, word
    return hints[0]


def named(hint: str) -> str:
    found = re.match(r"(?:Did you mean |Write |Make it a step of its own: )`?(\w+)", hint)
    assert found, hint
    return found[1]


@together("word", OF_AUTOMATION)
def test_words_for_keys_of_an_automation_name_ours(word: str) -> None:
    data: dict[str, Any] = {"name": "a", "trigger": {"event": "call.ended"}, "actions": [STOP], word: "x"}
    ours = named(hint_for(data, word))
    del data[word]
    if ours == "paths":
        del data["actions"]
    assert problems({**data, ours: RIGHT[ours]}) == []


@together("word", [word for word, ours in OF_STEP.items() if ours])
def test_words_for_keys_of_a_step_name_ours(word: str) -> None:
    hint = hint_for({"name": "a", "trigger": {"event": "call.ended"}, "actions": [{**SMS, word: "x"}]}, word)
    ours = named(hint)
    if ours in (
        "actions",
        "as",
        "parallel",
        "paths",
        "branch",
        "forEach",
        "repeat",
        "wait",
        "set",
        "stop",
        "actionType",
    ):
        step = {ours: RIGHT[ours]} if ours in RIGHT else {"forEach": RIGHT["forEach"], ours: {"as": "one"}.get(ours, 2)}
        step |= {"actions": [STOP]} if "forEach" in step else {}
        step |= REPEATED if "repeat" in step else {}
        step = {**SMS} if ours == "actionType" else {"paths": [step]} if ours == "actions" else step
    else:
        step = {**SMS, ours: RIGHT[ours]}
    assert problems({"name": "a", "trigger": {"event": "call.ended"}, "actions": [step]}) == []


@pytest.mark.parametrize("word", ["needs", "depends_on", "depends-on"])
def test_an_order_that_is_spelt_out_is_left_out(word: str) -> None:
    hint = hint_for({"name": "a", "trigger": {"event": "call.ended"}, "actions": [{**SMS, word: "x"}]}, word)
    assert hint.startswith("Leave it out")


@pytest.mark.parametrize(("owner", "table"), [("trigger", OF_TRIGGER), ("retry", OF_RETRY)])
def test_words_for_keys_of_a_part_name_ours(owner: str, table: dict[str, str]) -> None:
    for word in table:
        part = {"event": "call.ended"} if owner == "trigger" else {}
        data: dict[str, Any] = {"name": "a", "trigger": {"event": "call.ended"}, "actions": [dict(SMS)]}
        place = data if owner == "trigger" else data["actions"][0]
        place[owner] = {**part, word: "x"}
        ours = named(hint_for(data, word))
        place[owner] = {**part, ours: RIGHT[ours]}
        assert problems(data) == []


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        ({"uses": "send_sms", "with": {}}, "actionType"),
        ({"foreach": "x", "do": []}, "forEach"),
        ({"sleep": 5}, "wait"),
        ({"vars": {}}, "set"),
        ({"set_fact": {}}, "set"),
        ({"if": "x", "then": [], "else": []}, "branch"),
        ({"switch": []}, "branch"),
        ({"parallel": []}, "paths"),
    ],
)
def test_a_step_in_the_words_of_others_names_ours(step: Any, hint: str) -> None:
    (one,) = problems({"name": "a", "trigger": {"event": "call.ended"}, "actions": [step]})
    assert one.code == "unknown-step"
    assert hint in str(one.hint)


@pytest.mark.parametrize(("ours", "others"), OPERATORS.items())
def test_words_for_operators_name_ours(ours: str, others: tuple[str, ...]) -> None:
    value: Any = ["a"] if ours.endswith("in") else {"during": {"timeZone": "UTC"}}.get(ours, "4h")
    compile_condition({"field": "x", "operator": ours, **({} if ours in ("exists", "is_empty") else {"value": value})})
    for word in others:
        for written in (word, word.upper(), word.replace("_", "-"), word.replace("_", " ")):
            with pytest.raises(ConditionError) as caught:
                compile_condition({"field": "x", "operator": written, "value": "a"})
            assert caught.value.hint == f"Did you mean `{ours}`?", written
            with pytest.raises(ConditionError) as caught:
                compile_condition({"field": "x", written: "a"})
            assert ours in str(caught.value.hint) or any(word in other for other in KEYS.values()), written


@pytest.mark.parametrize("word", [word for others in OPPOSITES.values() for word in others])
def test_words_for_opposites_say_how_not_is_written(word: str) -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition({"field": "x", "operator": word})
    assert str(caught.value.hint).startswith("Write `not: {field: …, operator: ")


@pytest.mark.parametrize(("ours", "others"), KEYS.items())
def test_words_for_keys_of_conditions_name_ours(ours: str, others: tuple[str, ...]) -> None:
    for word in others:
        with pytest.raises(ConditionError) as caught:
            compile_condition({word: "x"})
        assert "`" in str(caught.value.hint), (ours, word)


@pytest.mark.parametrize("value", [5, 300, 999])
def test_what_a_warning_of_a_hasty_time_suggests_is_no_warning(value: int) -> None:
    def found(wait: Any) -> list[str | None]:
        data = {"name": "a", "trigger": {"event": "call.ended"}, "actions": [{"wait": wait}]}
        return [one.hint for one in check(data, Source(), CATALOG)[1]]

    (hint,) = found(value)
    for right in re.findall(r"[0-9]+m?s", str(hint)):
        assert found(right) == []


HIDDEN = [
    ("+15550100\n", "a line end at its end"),
    ("+1555\u200b0100", "U+200B (ZERO WIDTH SPACE) after 5 characters"),
    ("\ufeff+15550100", "U+FEFF (ZERO WIDTH NO-BREAK SPACE) at its beginning"),
    ("+15550100\u202c", "U+202C (POP DIRECTIONAL FORMATTING) at its end"),
    ("+1 555\xa00100", "U+00A0 (NO-BREAK SPACE)"),
    ("+15550100 ", "a blank at its end"),
    ("\t+15550100", "a tab at its beginning"),
]


@pytest.mark.parametrize(("written", "said"), HIDDEN)
@pytest.mark.parametrize("key", ["to", "from"])
def test_a_refusal_shows_the_value_and_the_character_that_nobody_sees(key: str, written: str, said: str) -> None:
    data = {
        "name": "a",
        "trigger": {"event": "call.ended"},
        "actions": [{**SMS, "config": {**SMS["config"], key: written}}],
    }
    (one,) = problems(data)
    assert said in one.message
    assert repr(written) in one.message
    assert one.hint


@pytest.mark.parametrize(("key", "value"), [("method", "GET\u200b"), ("method", "POST\n"), ("encoding", "json\n")])
def test_any_refused_text_shows_what_nobody_sees(key: str, value: str) -> None:
    config = {"method": "GET", "url": "https://example.com", key: value}
    (one,) = problems(
        {"name": "a", "trigger": {"event": "call.ended"}, "actions": [{"actionType": "http_request", "config": config}]}
    )
    assert "at its end" in one.message


def test_a_comment_without_a_template_is_no_warning_but_helps_where_the_value_is_missing() -> None:
    text = b"name: a # a comment\ntrigger: {event: call.ended}\nactions:\n  - stop: #completed\n"
    data, source = parse(text, "a.yaml")
    (one,) = check(data, source, CATALOG)[1]
    assert (one.code, one.line) == ("wrong-type", 4)
    assert "'#completed' in quotes" in str(one.hint)


def test_every_operator_has_a_row_of_words() -> None:
    assert OPERATORS.keys() == comparison.OPERATORS.keys()
