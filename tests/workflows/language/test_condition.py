from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.together import together
from tests.workflows.language.render import NOW, ROOTS
from workflows.language.comparison import AGES, DURING, OPERATORS
from workflows.language.condition import Condition, ConditionError, Mismatch, compile_condition
from workflows.language.names import Reference
from workflows.language.template import TemplateError

ABSENT = "<absent>"
NUMBERS_AND_TEXTS = ("greater_than", "greater_or_equal", "less_than", "less_or_equal")


def compiled(operator: str, value: Any = ABSENT, field: str = "x") -> Condition:
    data = {"field": field, "operator": operator}
    return compile_condition(data if value is ABSENT else {**data, "value": value})


def holds(x: Any, operator: str, value: Any = ABSENT) -> bool:
    roots = {} if x is ABSENT else {"x": x}
    condition = compiled(operator, value)
    result = condition.holds(roots, NOW)
    assert (condition.explain(roots, NOW) == []) is result
    assert (
        compile_condition(
            {"not": {"field": "x", "operator": operator, **({} if value is ABSENT else {"value": value})}}
        ).holds(roots, NOW)
        is not result
    )
    return result


@together(
    ("x", "value", "equal"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, "1", True),
        ("1", 1, True),
        ("1.0", 1, True),
        ("1e2", 100, True),
        (0.1, "0.1", True),
        ("-0", 0, True),
        (12345678901234567890, "12345678901234567890", True),
        (12345678901234567890, "12345678901234567891", False),
        ("1", "1.0", False),
        ("01", 1, False),
        ("+1", 1, False),
        (" 1", 1, False),
        ("1,5", 1.5, False),
        ("٣", 3, False),
        ("", 0, False),
        (True, 1, False),
        (1, True, False),
        (True, "true", False),
        (False, 0, False),
        (False, None, False),
        (True, True, True),
        (None, None, True),
        (ABSENT, None, True),
        (None, 0, False),
        (None, "", False),
        ("a", "a", True),
        ("a", "A", False),
        ("é", "e\u0301", False),
        ("2026-01-01", "2026-01-01T00:00:00Z", True),
        ("2026-01-01T01:00:00+01:00", "2026-01-01 00:00", True),
        ("2026-01-01T00:00:00.0000001Z", "2026-01-01T00:00:00Z", False),
        ("2026-01-01", "2026-01-02", False),
        ("20260101", "2026-01-01", False),
        (["a", 1], ["a", "1.0"], True),
        ([1], [True], False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ([], {}, False),
        ({"a": 1, "b": [2]}, {"b": ["2"], "a": 1.0}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ([1], 1, False),
        ("[1]", [1], False),
    ],
)  # fmt: skip
def test_equals(x: Any, value: Any, *, equal: bool) -> None:
    assert holds(x, "equals", value) is equal
    assert holds(x, "not_equals", value) is not equal
    if value is not None and x is not ABSENT:
        assert holds(value, "equals", x) is equal
    assert holds(x, "in", [value]) is equal
    assert holds(x, "in", ["other", value]) is equal
    assert holds(x, "not_in", [value, "other"]) is not equal
    if x is not ABSENT:
        assert holds([x], "contains", value) is equal
        assert holds(["other", x], "not_contains", value) is not equal


@together(
    ("x", "value", "order"),
    [
        (5, 60, "less"),
        (60, 5, "greater"),
        (60, 60.0, "same"),
        ("75", 60, "greater"),
        (9, "10", "less"),
        ("9", 10, "less"),
        ("1e3", 999, "greater"),
        ("9", "10", "less"),
        ("007", "8", "less"),
        (" 12 ", "+5", "greater"),
        (".5", "5.", "less"),
        ("05", 5, "same"),
        ("1.10", "1.9", "less"),
        ("9", "10 pm", "greater"),
        ("1,000", "9", "less"),
        ("Sat, 21 Nov 2026 10:15:00 +0100", "2026-11-21T09:16:00Z", "less"),
        ("2026-01-01 10:00:00 UTC", "2026-01-01T10:00Z", "same"),
        ("a", "b", "less"),
        ("a", "B", "greater"),
        ("a", "a", "same"),
        ("z", "ä", "less"),
        ("2026-01-02", "2026-01-01T23:59:59Z", "greater"),
        ("2026-01-01T00:30:00+01:00", "2026-01-01", "less"),
        ("2026-01-01", "2026-01-01T00:00Z", "same"),
        (0.1, "0.1", "same"),
        (12345678901234567890, "12345678901234567891", "less"),
        ("abc", 5, None),
        (5, "abc", None),
        (True, 5, None),
        (None, 5, None),
        (ABSENT, 5, None),
        ([1], 5, None),
        ({}, "a", None),
        (ABSENT, "a", None),
        ("2026-01-01", 5, None),
    ],
)  # fmt: skip
def test_orders(x: Any, value: Any, order: str | None) -> None:
    assert holds(x, "greater_than", value) is (order == "greater")
    assert holds(x, "greater_or_equal", value) is (order in {"greater", "same"})
    assert holds(x, "less_than", value) is (order == "less")
    assert holds(x, "less_or_equal", value) is (order in {"less", "same"})


def test_what_has_no_order_is_said_so() -> None:
    for x, value, sentence in (
        ("abc", 5, '`x` is "abc", which has no order with 5.'),
        (True, 5, "`x` is true, which has no order with 5."),
        ([1], "a", '`x` is [1], which has no order with "a".'),
    ):
        for operator in NUMBERS_AND_TEXTS:
            assert [failure.sentence for failure in compiled(operator, value).explain({"x": x}, NOW)] == [sentence]


@together(
    ("x", "operator", "value", "expected"),
    [
        (["Vip", "New"], "contains", "Vip", True),
        (["Vip"], "contains", "vip", False),
        (["Vip"], "contains", "Vi", False),
        ([["a"]], "contains", ["a"], True),
        ([{"a": 1}], "contains", {"a": "1"}, True),
        ("Vip customer", "contains", "Vip", True),
        ("Vip customer", "contains", "vip", False),
        ("a5b", "contains", 5, True),
        ("Error 404", "contains", 404, True),
        (404, "contains", "40", True),
        (True, "contains", "tru", False),
        ("true", "contains", True, False),
        ("", "contains", "", True),
        (5, "contains", 5, True),
        ({"a": 1}, "contains", "a", False),
        (None, "contains", None, False),
        (ABSENT, "contains", "a", False),
        (ABSENT, "not_contains", "a", True),
        ("+421900", "starts_with", "+421", True),
        ("+421900", "ends_with", "900", True),
        ("+421900", "starts_with", "900", False),
        ("+421900", "ends_with", "+421", False),
        (421900, "starts_with", "421", True),
        (421900, "ends_with", "900", True),
        (1.5, "ends_with", ".5", True),
        (False, "starts_with", "f", False),
        (["+421"], "starts_with", "+421", False),
        (ABSENT, "starts_with", "", False),
        ("I want a Refund!", "matches", "(?i)refund", True),
        ("I want a Refund!", "matches", "refund", False),
        ("I want a Refund!", "matches", "^Refund", False),
        ("žluť", "matches", "^.{4}$", True),
        ("žluť", "matches", r"^\pL+$", True),
        ("a\nb", "matches", "(?m)^b$", True),
        ("\ud800x", "matches", "x$", True),
        (5, "matches", "5", True),
        (404, "matches", "^4[0-9]{2}$", True),
        (True, "matches", "true", False),
        (ABSENT, "matches", "", False),
        (["a"], "matches", "a", False),
        ("a", "in", [], False),
        ("a", "not_in", [], True),
        (ABSENT, "in", [None], True),
        ([1], "in", [[1]], True),
        ("a", "exists", ABSENT, True),
        ("", "exists", ABSENT, True),
        (0, "exists", ABSENT, True),
        (False, "exists", ABSENT, True),
        ([], "exists", ABSENT, True),
        (None, "exists", ABSENT, False),
        (ABSENT, "exists", ABSENT, False),
        ("", "is_empty", ABSENT, True),
        ([], "is_empty", ABSENT, True),
        ({}, "is_empty", ABSENT, True),
        (None, "is_empty", ABSENT, True),
        (ABSENT, "is_empty", ABSENT, True),
        (" ", "is_empty", ABSENT, False),
        (0, "is_empty", ABSENT, False),
        (False, "is_empty", ABSENT, False),
        ([None], "is_empty", ABSENT, False),
    ],
)  # fmt: skip
def test_other_operators(x: Any, operator: str, value: Any, *, expected: bool) -> None:
    assert holds(x, operator, value) is expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('contact.custom_fields["MRR"]', 12.5),
        ("contact.custom_fields['first name']", "Ann"),
        ("contact.custom_fields[“MRR”]", 12.5),
        ("contact.emails[0]", "ann@example.com"),
        ("contact.emails[-1]", "a@example.org"),
        ("contact.tags.size", 2),
        ("contact.tags.first", "Vip"),
        ("input[123].value", 5),
        (" call.waiting_time ", 75),
        ("order.size", "XL"),
        ("today", "2026-11-21"),
        ("now", "2026-11-21T11:15:30.123+01:00"),
    ],
)
def test_a_field_is_a_path_without_braces(field: str, value: Any) -> None:
    assert compiled("equals", value, field).holds(ROOTS, NOW)


def test_a_value_may_be_a_template() -> None:
    assert compiled("equals", "{{contact.custom_fields['MRR']}}", "contact.custom_fields.MRR").holds(ROOTS, NOW)
    assert compiled("contains", "{{contact.tags[1]}}", "contact.tags").holds(ROOTS, NOW)
    assert compiled("equals", "Hi {{contact.name}}").holds({**ROOTS, "x": "Hi Ann"}, NOW)
    assert compiled("in", ["no", "{{contact.name}}"], "contact.name").holds(ROOTS, NOW)
    assert compiled("in", "{{contact.tags}}").holds({**ROOTS, "x": "Vip"}, NOW)
    assert compiled("less_than", "{{now}}").holds({"x": "2026-11-21T10:15:30Z"}, NOW)
    assert compiled("starts_with", "{{today | date: '%Y'}}").holds({"x": "2026-05"}, NOW)
    assert compiled("equals", {"n": "{{contact.name}}"}).holds({**ROOTS, "x": {"n": "Ann"}}, NOW)


def test_data_is_never_read_as_a_template_or_a_field() -> None:
    assert compiled("equals", "{{y}}").holds({"x": "{{z}}", "y": "{{z}}"}, NOW)


def test_groups_nest() -> None:
    yes, no = {"field": "x", "operator": "exists"}, {"field": "y", "operator": "exists"}

    def group(data: Any) -> bool:
        condition = compile_condition(data)
        result = condition.holds({"x": 1}, NOW)
        assert (condition.explain({"x": 1}, NOW) == []) is result
        return result

    assert group({"all": []})
    assert not group({"any": []})
    assert group({"all": [yes, yes]})
    assert not group({"all": [yes, no]})
    assert group({"any": [no, yes]})
    assert not group({"any": [no, no]})
    assert group({"not": no})
    assert not group({"not": yes})
    assert group({"not": {"any": [no, {"all": [yes, no]}]}})
    assert not group({"not": {"all": [yes, {"not": no}]}})
    assert not group({"not": {"all": []}})
    assert group({"not": {"any": []}})
    assert group({"any": [{"all": [yes, {"not": {"any": [no]}}]}, no]})


TREES = st.recursive(
    st.booleans(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: ("all", parts)),
        st.lists(inner, max_size=3).map(lambda parts: ("any", parts)),
        inner.map(lambda part: ("not", part)),
    ),
    max_leaves=12,
)


@given(TREES)
def test_groups_are_the_logic_they_are_named_after_and_explain_themselves(tree: Any) -> None:
    def data(node: Any) -> Any:
        if isinstance(node, bool):
            return {"field": "x", "operator": "equals", "value": 1 if node else 2}
        group, parts = node
        return {group: data(parts) if group == "not" else [data(part) for part in parts]}

    def truth(node: Any) -> bool:
        if isinstance(node, bool):
            return node
        group, parts = node
        if group == "not":
            return not truth(parts)
        return (all if group == "all" else any)(truth(part) for part in parts)

    condition = compile_condition(data(tree))
    assert condition.holds({"x": 1}, NOW) is truth(tree)
    failures = condition.explain({"x": 1}, NOW)
    assert (not failures) is truth(tree)
    assert all(failure.sentence.endswith(".") for failure in failures)


def test_explain_says_field_operator_expected_and_actual() -> None:
    data = {
        "all": [
            {"field": "call.waiting_time", "operator": "greater_than", "value": 60},
            {"field": "contact.tags", "operator": "contains", "value": "Vip"},
        ]
    }
    roots = {"call": {"waiting_time": 5}, "contact": {"tags": ["New"]}}
    assert compile_condition(data).explain(roots, NOW) == [
        Mismatch("call.waiting_time", "greater_than", 60, 5, "`call.waiting_time` is 5, not greater than 60."),
        Mismatch(
            "contact.tags", "contains", "Vip", ["New"], '`contact.tags` is ["New"], which does not contain "Vip".'
        ),
    ]


@together(
    ("x", "operator", "value", "sentence"),
    [
        (ABSENT, "greater_than", 60, "`x` is missing, not greater than 60."),
        (5, "equals", 6, "`x` is 5, not 6."),
        (5, "not_equals", 5, "`x` is 5, which it must not be."),
        (None, "not_equals", None, "`x` is null, which it must not be."),
        ("ab", "contains", "c", '`x` is "ab", which does not contain "c".'),
        ("ab", "not_contains", "a", '`x` is "ab", which contains "a".'),
        (True, "contains", 5, "`x` is true, and `contains` cannot compare that with 5."),
        ([5], "starts_with", "5", '`x` is [5], and `starts_with` cannot compare that with "5".'),
        ("b", "starts_with", "a", '`x` is "b", which does not start with "a".'),
        ("b", "in", ["a"], '`x` is "b", which is not in ["a"].'),
        ("b", "not_in", ["b"], '`x` is "b", which is in ["b"].'),
        ("b", "in", "{{nope}}", '`x` is "b", and null is no list.'),
        ("b", "matches", "^a", '`x` is "b", which does not match "^a".'),
        ("b", "matches", "{{bad}}", '`x` is "b", and "(" is no pattern: missing ): (.'),
        ("b", "matches", "{{nope}}", '`x` is "b", and `matches` cannot compare that with null.'),
        (ABSENT, "exists", ABSENT, "`x` is missing."),
        ([1], "is_empty", ABSENT, "`x` is [1], which is not empty."),
        ([1] * 50, "is_empty", ABSENT, "`x` is a list of 50 elements, which is not empty."),
        ({"a": 1}, "is_empty", ABSENT, "`x` is an object with 1 keys, which is not empty."),
        ("y" * 500, "is_empty", ABSENT, f'`x` is "{"y" * 79}…", which is not empty.'),
    ],
)
def test_explain_is_a_sentence(x: Any, operator: str, value: Any, sentence: str) -> None:
    roots = {"bad": "("} | ({} if x is ABSENT else {"x": x})
    assert [failure.sentence for failure in compiled(operator, value).explain(roots, NOW)] == [sentence]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"not": {"field": "x", "operator": "equals", "value": 5}}, "`x` is 5, and must not."),
        (
            {"not": {"field": "x", "operator": "greater_than", "value": 1}},
            "`x` is 5, which is greater than 1, and must not.",
        ),
        ({"not": {"field": "x", "operator": "exists"}}, "`x` exists, and must not."),
        ({"not": {"all": []}}, "An empty `all` holds."),
        ({"any": []}, "An empty `any` never holds."),
    ],
)
def test_explain_says_what_holds_although_it_must_not(data: Any, sentence: str) -> None:
    assert [failure.sentence for failure in compile_condition(data).explain({"x": 5}, NOW)] == [sentence]


def a_test(operator: str, value: Any, field: str = "x") -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("condition", "note"),
    [
        (a_test("not_contains", "vip", "order.tags"), "order.tags is missing, so `not_contains` holds"),
        (a_test("not_in", "{{order.blocked}}", "order.id"), "order.blocked is missing, so `not_in` holds"),
        (a_test("not_in", "{{order.id}}", "order.id"), "order.id is 7 and no list, so `not_in` holds"),
        (a_test("not_in", ["a"], "order.kind"), "order.kind is missing, so `not_in` holds"),
        ({"not": a_test("contains", "vip", "order.tags")}, "order.tags is missing, so `not` over `contains` holds"),
        ({"not": a_test("in", "{{nope}}", "order.id")}, "nope is missing, so `not` over `in` holds"),
        ({"not": {"any": [a_test("contains", 1, "order.tags")]}}, "order.tags is missing, so `not` over `contains` holds"),
        ({"not": {"not": a_test("not_contains", 1, "a.b")}}, "a.b is missing, so `not_contains` holds"),
        (a_test("not_contains", "vip", "order.flag"), 'order.flag is true, and `contains` cannot compare that with "vip", so `not_contains` holds'),
        (a_test("not_contains", "vip", "order.none"), "order.none is missing, so `not_contains` holds"),
        (a_test("not_equals", "closed", "order.state"), "order.state is missing, so `not_equals` holds"),
        (a_test("not_equals", "true", "order.flag"), 'order.flag is true, which never equals "true", so `not_equals` holds'),
        ({"any": [a_test("greater_than", 5, "order.word"), a_test("equals", 7, "order.id")]}, 'order.word is "abc", which has no order with 5, so `greater_than` does not hold'),
        ({"not": a_test("matches", "x", "order.list")}, 'order.list is an empty list, and `matches` cannot compare that with "x", so `not` over `matches` holds'),
        (a_test("not_in", ["a"], "order.id"), None),
        (a_test("not_equals", "closed", "order.none"), None),
        ({"not": {"field": "order.tags", "operator": "exists"}}, None),
        ({"any": [a_test("contains", "vip", "order.tags"), a_test("equals", 7, "order.id")]}, None),
    ],
)  # fmt: skip
def test_what_holds_because_there_is_nothing_to_compare_says_so(condition: Any, note: str | None) -> None:
    roots: dict[str, Any] = {"order": {"id": 7, "flag": True, "none": None, "word": "abc", "list": []}}
    verdict = compile_condition(condition).judge(roots, NOW)
    assert verdict.holds
    assert verdict.missing == ([] if note is None else [note])


def test_a_verdict_says_why_a_condition_does_not_hold() -> None:
    verdict = compiled("greater_than", 60).judge({"x": 5}, NOW)
    assert (verdict.holds, verdict.why) == (False, "`x` is 5, not greater than 60.")


TEST = {"field": "x", "operator": "equals", "value": 1}


@together(
    ("data", "pointer", "message", "hint"),
    [
        (None, "", "is an object", None),
        ("x", "", "is an object", None),
        ([TEST], "", "is an object", "under `all` or `any`"),
        ({}, "", "needs `field`", None),
        ({"field": "x"}, "", "needs `operator`", None),
        ({"operator": "exists"}, "", "needs `field`", None),
        ({**TEST, "valeu": 1}, "/valeu", "no key `valeu`", "`value`"),
        ({"al": []}, "/al", "no key `al`", "`all`"),
        ({**TEST, "operator": "equal"}, "/operator", "no operator `equal`", "`equals`"),
        ({**TEST, "operator": "greater"}, "/operator", "no operator `greater`", "greater_than"),
        ({**TEST, "operator": "xyz"}, "/operator", "no operator `xyz`", "not_in"),
        ({**TEST, "operator": 5}, "/operator", "no operator `5`", None),
        ({"field": "x", "operator": "equals"}, "", "`equals` needs a `value`", None),
        ({**TEST, "operator": "exists"}, "/value", "`exists` takes no `value`", None),
        ({**TEST, "field": "{{contact.name}} x"}, "/field", "exactly one expression", "nothing around it"),
        ({**TEST, "field": "{{secrets.x}}"}, "/field", "no path", "{{secrets.name}}"),
        ({**TEST, "field": "{% if x %}y{% endif %}"}, "/field", "exactly one expression", None),
        ({**TEST, "operator": "older_than", "value": "4 hours"}, "/value", "no duration", None),
        ({**TEST, "operator": "newer_than", "value": -1}, "/value", "no duration", None),
        ({**TEST, "operator": "during", "value": "nights"}, "/value", "no hours 'nights'", "timeZone"),
        ({**TEST, "operator": "during", "value": "{{x}}"}, "/value", "no hours", "timeZone"),
        ({**TEST, "operator": "during", "value": 5}, "/value", "compares with hours", "timeZone"),
        ({**TEST, "operator": "during", "value": {"timeZone": "Moon"}}, "/value", "no time zone 'Moon'", None),
        ({**TEST, "field": "a | upcase"}, "/field", "no path", "custom_fields"),
        ({**TEST, "field": "'text'"}, "/field", "no path", "custom_fields"),
        ({**TEST, "field": "a..b"}, "/field", "no path", None),
        ({**TEST, "field": "a b"}, "/field", "no path", None),
        ({**TEST, "field": "a}}{{b"}, "/field", "no path", None),
        ({**TEST, "field": "a}} x"}, "/field", "no path", None),
        ({**TEST, "field": "secrets.x"}, "/field", "no path", "{{secrets.name}}"),
        ({**TEST, "field": ""}, "/field", "is a path", None),
        ({**TEST, "field": 5}, "/field", "is a path", None),
        ({**TEST, "value": "{{ a"}, "/value", "never closed", None),
        ({**TEST, "value": ["{{ secrets.x }}"]}, "/value/0", "secret", "{{secrets.name}}"),
        ({**TEST, "operator": "matches", "value": "("}, "/value", "no pattern", "RE2"),
        ({**TEST, "operator": "matches", "value": "(?=x)"}, "/value", "no pattern", "RE2"),
        ({**TEST, "operator": "matches", "value": "x" * 1001}, "/value", "longer than 1,000", None),
        ({**TEST, "operator": "matches", "value": "((x{100}){100}){100}"}, "/value", "no pattern", None),
        ({**TEST, "operator": "matches", "value": r"(\pL+\s?){50}"}, "/value", "too large", None),
        ({**TEST, "operator": "matches", "value": "\ud800"}, "/value", "no pattern", None),
        ({**TEST, "operator": "matches", "value": 5}, "/value", "compares with a text, not with 5", "quotes"),
        ({**TEST, "operator": "starts_with", "value": 421}, "/value", "compares with a text", "quotes"),
        ({**TEST, "operator": "in", "value": "a"}, "/value", "looks into a list", "[a, b]"),
        ({**TEST, "operator": "less_than", "value": True}, "/value", "needs a number", None),
        ({**TEST, "operator": "less_than", "value": None}, "/value", "needs a number", None),
        ({"all": TEST}, "/all", "is a list", "`- `"),
        ({"not": [TEST]}, "/not", "is an object", "under `all` or `any`"),
        ({"all": [], "any": []}, "", "stands alone", None),
        ({"all": [], "field": "x"}, "", "stands alone", None),
        ({"any": [TEST, {"not": {**TEST, "operator": "is"}}]}, "/any/1/not/operator", "no operator `is`", None),
    ],
)
def test_a_wrong_condition_is_refused_with_a_place_and_a_hint(
    data: Any, pointer: str, message: str, hint: str | None
) -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition(data)
    assert caught.value.pointer == pointer
    assert message in caught.value.message == str(caught.value)
    if hint:
        assert hint in str(caught.value.hint)


def test_references_stand_where_they_are_written() -> None:
    data = {
        "all": [
            {"field": "a.b[0]", "operator": "exists"},
            {"not": {"field": "c", "operator": "in", "value": ["{{d.e}}"]}},
        ]
    }
    assert compile_condition(data).references == (
        Reference("/all/0/field", ("a", "b", 0), 0),
        Reference("/all/1/not/field", ("c",), 0),
        Reference("/all/1/not/value/0", ("d", "e"), 0),
    )


NUMBERS = st.one_of(st.integers(-(10**18), 10**18), st.floats(-1e15, 1e15))


@given(NUMBERS, NUMBERS)
def test_numbers_compare_as_numbers_however_they_arrive(a: float, b: float) -> None:
    for x, y in ((a, b), (str(a), b), (a, str(b))):
        assert holds(x, "equals", y) is (a == b)
        assert holds(x, "less_than", y) is (a < b)
        assert holds(x, "greater_than", y) is (a > b)
        assert holds(x, "less_or_equal", y) is (a <= b)
        assert holds(x, "greater_or_equal", y) is (a >= b)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text(max_size=8),
    st.sampled_from(["5", "5.0", "2026-01-01", "2026-01-01T00:00Z"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)


COMPARING = [name for name, one in OPERATORS.items() if one.takes_value and name != DURING]
"""The operators that compare with any value."""


@given(JSON, JSON)
def test_any_two_values_compare_without_an_exception_and_in_one_way_at_most(x: Any, y: Any) -> None:
    roots = {"x": x, "y": y}
    found = {operator: compiled(operator, "{{y}}").holds(roots, NOW) for operator in COMPARING}
    back = {
        operator: compiled(operator, "{{x}}", "y").holds(roots, NOW)
        for operator in ("equals", "less_than", "greater_than")
    }
    assert compiled("equals", "{{x}}").holds(roots, NOW)
    assert found["equals"] is back["equals"] is not found["not_equals"]
    assert found["contains"] is not found["not_contains"]
    assert found["in"] is not found["not_in"]
    assert found["less_than"] is back["greater_than"]
    assert found["greater_than"] is back["less_than"]
    assert found["less_than"] + found["greater_than"] + found["equals"] <= 1
    assert found["less_or_equal"] is (found["less_than"] or (found["less_or_equal"] and found["greater_or_equal"]))
    ages = [operator for operator in AGES if found[operator]]
    assert len(ages) <= 1
    for condition in (
        *(compiled(operator, "{{y}}") for operator in COMPARING),
        *(compiled(operator) for operator, one in OPERATORS.items() if not one.takes_value),
        compiled("during", {"timeZone": "UTC"}),
    ):
        assert (condition.explain(roots, NOW) == []) is condition.holds(roots, NOW)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("operator", "value", "x"),
    [
        ("equals", "{{y}}", nested(900)),
        ("contains", "{{y}}", [nested(90)] * 10_000),
        ("contains", "z", list(range(1_000_000))),
        ("in", "{{y}}", "z"),
        ("contains", "b" + "a" * 100_000, "a" * 1_000_000),
        ("matches", "(a?){300}b", "a" * 1_000_000),
        ("matches", "[a-z ]{1,900}x", "a" * 1_000_000),
        ("matches", "(x+x+)+y", "x" * 1_000_000),
        ("matches", "((a?){30}){30}b", "a" * 10_000),
        ("in", [[{"a": "2026-01-01"}] * 100], [{"a": "2026-01-01T00:00Z"}] * 100),
        ("in", "{{y}}", [{"a": "2026-01-01"}] * 100_000),
        ("greater_than", "a" * 60_000, "a" * 1_000_000),
        ("equals", 1, [10**20_000]),
    ],
)
def test_no_comparison_takes_long(operator: str, value: Any, x: Any) -> None:
    condition = compiled(operator, value)
    started = time.process_time()
    for judge in (condition.holds, condition.explain):
        with contextlib.suppress(TemplateError):
            judge({"x": x, "y": nested(900) if operator == "equals" else [x]}, NOW)
    assert time.process_time() - started < 1


def test_a_pattern_too_costly_for_a_text_is_an_error_and_never_a_silent_no() -> None:
    with pytest.raises(TemplateError, match="too costly for a text of 1,000,000 characters"):
        compiled("matches", "(a?){300}b").holds({"x": "a" * 1_000_000}, NOW)
    assert compiled("matches", r"(?i)\b(refund|money back)\b").holds({"x": "word " * 60_000 + "Money back"}, NOW)


def test_a_condition_is_bounded() -> None:
    deep: Any = TEST
    for _ in range(21):
        deep = {"not": deep}
    with pytest.raises(ConditionError, match="at most 20 deep"):
        compile_condition(deep)
    with pytest.raises(ConditionError, match="at most 1,000"):
        compile_condition({"any": [TEST] * 1_000})
    costly = compile_condition({"all": [{"field": "x", "operator": "matches", "value": "(a?){90}b"}, TEST] * 100})
    with pytest.raises(TemplateError, match="more work"):
        costly.explain({"x": "a" * 60_000}, NOW)


OFFICE = {"office": {"timeZone": "Europe/Berlin", "start": "08:30", "holidays": ["2030-01-08"]}}
MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "older", "newer"),
    [
        ("2030-01-07T05:00:00Z", False, False),
        ("2030-01-07T06:00:00.001+01:00", False, True),
        ("2030-01-07T04:59:59.999Z", True, False),
        ("2030-01-07", True, False),
        ("2031-01-07T09:00:00Z", False, True),
        (int(MONDAY.timestamp()) - 5, False, True),
        (int(MONDAY.timestamp()) - 5 * 3600, True, False),
        ("soon", False, False),
        (None, False, False),
        (True, False, False),
        ([], False, False),
        (10**30, False, False),
    ],
)
def test_ages_are_strict_and_what_is_no_instant_is_neither(field: Any, older: bool, newer: bool) -> None:
    roots = {"x": field, "age": "4h"}
    for value in ("4h", 4 * 3_600_000, "PT4H", "{{age}}"):
        assert compiled("older_than", value).holds(roots, MONDAY) is older
        assert compiled("newer_than", value).holds(roots, MONDAY) is newer
    opposite = compile_condition({"not": {"field": "x", "operator": "older_than", "value": "4h"}})
    assert opposite.holds(roots, MONDAY) is not older


def test_an_age_that_cannot_be_judged_says_why() -> None:
    verdict = compiled("older_than", "{{age}}").judge({"x": "2030-01-07", "age": "soon"}, MONDAY)
    assert verdict.why == '`x` is "2030-01-07", and "soon" is no duration.'
    verdict = compiled("newer_than", "4h").judge({"x": "high"}, MONDAY)
    assert (verdict.why, verdict.missing) == (
        '`x` is "high", which is no instant.',
        ['x is "high", which is no instant, so `newer_than` does not hold'],
    )
    assert compiled("older_than", "1m").may_hold({}, MONDAY)


@pytest.mark.parametrize(
    ("field", "holds"),
    [
        ("2030-01-07T07:30:00Z", True),
        ("2030-01-07T07:29:59.999Z", False),
        ("2030-01-07T15:59:59.999Z", True),
        ("2030-01-07T16:00:00Z", False),
        ("2030-01-08T10:00:00Z", False),
        ("2030-01-06T10:00:00Z", False),
        ("2030-07-08T06:30:00Z", True),
        ("9999-12-31T23:59:59Z", False),
        ("0001-01-01T00:00:00Z", False),
        ("never", False),
        (None, False),
    ],
)
def test_hours_begin_with_their_start_and_end_before_their_end(field: Any, holds: bool) -> None:
    test = {"field": "x", "operator": "during", "value": "office"}
    assert compile_condition(test, OFFICE).holds({"x": field}, MONDAY) is holds
    assert compile_condition({**test, "value": OFFICE["office"]}).holds({"x": field}, MONDAY) is holds
    assert compile_condition({"not": test}, OFFICE).holds({"x": field}, MONDAY) is not holds


def test_the_clock_is_a_field() -> None:
    night = {"field": "now", "operator": "during", "value": {"timeZone": "UTC", "start": "22:00", "end": "06:00"}}
    for hour, holds in ((21, False), (22, True), (5, True), (6, False)):
        at = datetime(2030, 1, 9 if hour < 12 else 8, hour, tzinfo=UTC)
        assert compile_condition(night).holds({"now": "never"}, at) is holds


def test_a_field_may_be_one_expression_and_keeps_its_type() -> None:
    roots = {"x": [1, 2, 3], "name": " Ada "}
    assert compiled("greater_than", 2, "{{x | size}}").holds(roots, NOW)
    assert compiled("equals", [1, 2, 3], "{{ x }}").holds(roots, NOW)
    assert compiled("equals", "ada", "{{name | strip | downcase}}").holds(roots, NOW)
    assert not compiled("exists", ABSENT, "{{y.z}}").holds(roots, NOW)
    assert compiled("is_empty", ABSENT, "{{y | size}}").holds(roots, NOW) is (
        not compiled("exists", ABSENT, "{{y | size}}").holds(roots, NOW)
    )
    verdict = compiled("not_in", [1], "{{y.z}}").judge(roots, NOW)
    assert (verdict.holds, verdict.missing) == (True, ["{{y.z}} is missing, so `not_in` holds"])
    assert [one.path for one in compiled("equals", 1, "{{x | size}}").references] == [("x",)]
