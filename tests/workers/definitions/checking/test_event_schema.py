"""Events judged by the schema of a trigger: what the standard says, and never for long."""

from __future__ import annotations

import asyncio
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from temporalio.client import WorkflowFailureError

from tests.engine import Engine
from tests.starts import examples
from tests.together import together
from tests.workers.actions_sample import SAMPLE
from workers.definitions.automations import Automations
from workers.definitions.checking.event_schema import judge
from workers.definitions.checking.json_schema.document import SchemaError

JSON = dict[str, Any]

QUICK = 1.0
"""Seconds of processor time: ten times what a machine at rest takes."""

LETTERS = "".join("ab"[(number * number // 7 + number // 3) % 2] for number in range(200_000))
"""Text without a period, which keeps patterns busy."""


def doubled(shape: str) -> JSON:
    """Forty definitions, each of which applies the next twice."""

    def twice(reference: str) -> JSON:
        one: Any = {"$ref": reference}
        shapes: dict[str, JSON] = {
            "allOf": {"allOf": [one, one]},
            "anyOf": {"anyOf": [one, one]},
            "oneOf": {"oneOf": [one, one]},
            "not": {"properties": {"a": {"not": one}, "b": {"not": one}}},
            "if": {"if": {"properties": {"a": one}}, "else": {"properties": {"b": one}}},
            "properties": {"properties": {"a": one, "b": one}},
            "patternProperties": {"patternProperties": {"a": one, ".": one}},
            "additionalProperties": {"properties": {"a": one}, "additionalProperties": one},
            "propertyNames": {"propertyNames": one, "properties": {"a": one}},
            "dependentSchemas": {"dependentSchemas": {"a": one, "b": one}},
            "prefixItems": {"prefixItems": [one], "items": one},
            "contains": {"contains": one, "items": one},
            "unevaluatedProperties": {"allOf": [one], "unevaluatedProperties": one},
            "unevaluatedItems": {"anyOf": [one], "unevaluatedItems": one},
            "$dynamicRef": {"allOf": [{"$dynamicRef": reference}, {"$dynamicRef": reference}]},
            "anchors": {"items": {"$ref": reference.replace("/$defs/", "")}, "contains": one},
        }
        return shapes[shape]

    levels = {f"a{n}": {"$anchor": f"a{n}", **twice(f"#/$defs/a{n + 1}")} for n in range(40)}
    return {"$ref": "#/$defs/a0", "$defs": {**levels, "a40": {"$anchor": "a40", "type": "string"}}}


SHAPES = [
    *("allOf", "anyOf", "oneOf", "not", "if", "properties", "patternProperties", "additionalProperties"),
    *("propertyNames", "dependentSchemas", "prefixItems", "contains", "unevaluatedProperties", "unevaluatedItems"),
    *("$dynamicRef", "anchors"),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_unfolds_to_too_much_is_refused_at_once(shape: str) -> None:
    started = time.process_time()
    with pytest.raises(SchemaError, match=r"has (more than )?\d[\d,]{9,} subschemas; at most 10,000") as error:
        judge(doubled(shape))
    assert error.value.path == ()
    assert time.process_time() - started < QUICK


def test_the_problem_names_file_line_and_count(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        textwrap.dedent("""
        name: a
        trigger:
          event: order.paid
          data:
            allOf: [{$ref: "#/$defs/a"}, {$ref: "#/$defs/a"}]
            $defs:
              a: {properties: {%s}}
        actions: [{stop: completed}]
        """)
        % ", ".join(f"p{n}: true" for n in range(5_000))
    )
    (problem,) = Automations(tmp_path, SAMPLE).problems()
    assert (problem.code, problem.file, problem.line) == ("bad-schema", str(tmp_path / "a.yaml"), 6)
    assert "this schema has 10,005 subschemas; at most 10,000 are judged by" in problem.message


@together(
    ("schema", "sentence"),
    [
        ({"$ref": "#"}, "applies itself"),
        ({"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"if": {"$ref": "#"}}}}, "applies itself"),
        ({"dependentSchemas": {"a": {"$dynamicRef": "#me"}}, "$dynamicAnchor": "me"}, "applies itself"),
        (
            {
                "$ref": "#/$defs/a0",
                "$defs": {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(900)} | {"a900": {}},
            },
            "apply each other to the same value; at most 100",
        ),
        ({"allOf": [{}] * 10_000}, "at most 10,000"),
        ({"$defs": {f"a{n}": {} for n in range(10_000)}}, "at most 10,000"),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "refers to no subschema"),
        ({"$ref": "#none"}, "refers to no subschema"),
        ({"$ref": "#/required", "required": []}, "refers to no subschema"),
        ({"$ref": "other.json"}, "another document"),
        ({"$dynamicRef": "https://json-schema.org/draft/2020-12/schema"}, "another document"),
        ({"$id": "https://a.example/b", "$ref": "https://a.example/c"}, "another document"),
        ({"properties": {"a": {"$id": "https://a.example/b"}}}, "only the whole has an"),
        ({"properties": {"a": {"type": "thing"}}}, "`type` takes one or more of"),
        ({"$defs": {"a": {"minimum": "1"}}}, "`minimum` takes a number"),
        ({"items": [{"type": "string"}]}, "`items` takes a schema"),
        ({"required": ["a", "a"]}, "`required` takes a list of names, each once"),
        ({"multipleOf": 0}, "a number above zero"),
        ({"patternProperties": {"(": True}}, "no RE2 expression"),
        ({"pattern": "(?=x)"}, "no RE2 expression"),
        ({"allOf": [{"pattern": f"[ab]{{900}}{n}"} for n in range(100)]}, "too large together"),
    ],
)
def test_what_is_no_schema_to_judge_by(schema: JSON, sentence: str) -> None:
    started = time.process_time()
    with pytest.raises(SchemaError, match=sentence):
        judge(schema)
    assert time.process_time() - started < QUICK


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value, "v": 1}
    return value


def unevaluated(depth: int) -> JSON:
    schema: JSON = {"properties": {"a": True}}
    for _ in range(depth):
        schema = {"allOf": [schema], "unevaluatedProperties": {"type": "integer"}}
    return schema


BOTH_WAYS = {"properties": {"a": {"$ref": "#"}}}


@pytest.mark.parametrize(
    ("schema", "data", "outcome"),
    [
        ({"anyOf": [{**BOTH_WAYS, "required": ["z"]}, BOTH_WAYS]}, nested(60), None),
        ({"allOf": [BOTH_WAYS, BOTH_WAYS, BOTH_WAYS]}, nested(60), "too large"),
        ({"anyOf": [{"allOf": [BOTH_WAYS, False]}, {"allOf": [BOTH_WAYS, False]}]}, nested(60), "too large"),
        ({"items": {"allOf": [{"type": "integer"}] * 9_000}}, [1] * 5_000, "too large"),
        ({"uniqueItems": True}, [{"id": number, "x": [number]} for number in range(4_000)], None),
        ({"uniqueItems": True}, [number * (2**61 - 1) for number in range(20_000)], None),
        ({"uniqueItems": True, "items": {"$ref": "#"}}, [[["a" * 100_000]] * 2] * 2, "twice"),
        ({"items": {"enum": [{"a": n, "b": [n]} for n in range(100)]}}, [{"a": 99, "b": [99]}] * 10_000, None),
        ({"items": {"enum": [{"a": n} for n in range(100)]}}, [{"a": -1}] * 30_000, "is not one of"),
        ({"allOf": [{"const": [0] * 50_000}] * 50}, [0] * 50_000, "too large"),
        (
            {"items": {"required": [str(n) for n in range(5_000)]}},
            [{str(n): 0 for n in range(5_000)}] * 200,
            "too large",
        ),
        (
            {"patternProperties": {f"^k{n}.*z$": {} for n in range(300)}},
            {f"k{n}": 1 for n in range(20_000)},
            "too large",
        ),
        ({"pattern": "(a+)+$"}, LETTERS + "b", "does not match"),
        ({"pattern": "[ab]*a[ab]{900}[cd]"}, LETTERS, "too large"),
        (
            {"items": {"pattern": "[ab]*a[ab]{12}[cd]"}},
            [LETTERS[n * 100 : n * 100 + 100] for n in range(2_000)],
            "not match",
        ),
        ({"items": {"multipleOf": 5e-324}}, [1e308] * 20_000, "too large"),
        ({"items": {"multipleOf": 3}}, [3 * 10**4_000] * 120, None),
        ({"maximum": 1e308}, 10**4_000, "greater than the maximum"),
        (
            {"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "null"}}]},
            [1] * 200_000,
            "not of type|not valid",
        ),
        ({"contains": {"contains": {"contains": {"type": "string"}}}}, [[[1] * 50] * 50] * 50, "too large"),
        (unevaluated(40), {f"k{number}": 1 for number in range(500)}, None),
        ({"type": "string"}, [["x" * 100] * 50] * 500, "is not of type 'string'"),
        ({"additionalProperties": False}, {"y" * 400_000: 1}, "none of the properties"),
    ],
)
def test_no_event_is_judged_for_long(schema: JSON, data: Any, outcome: str | None) -> None:
    say = judge(schema)
    started = time.process_time()
    said = say(data)
    assert time.process_time() - started < QUICK
    if outcome is None:
        assert said is None
    else:
        assert said is not None
        assert any(one in said for one in outcome.split("|")), said
        assert len(said) < 800


def test_a_tree_is_judged_however_deep_an_event_may_be() -> None:
    tree = {
        "$dynamicAnchor": "tree",
        "type": "object",
        "required": ["v"],
        "properties": {"v": {"type": "integer"}, "a": {"anyOf": [{"const": "x"}, {"$dynamicRef": "#tree"}]}},
        "additionalProperties": False,
    }
    assert judge(tree)(nested(98)) is None
    wrong = {"v": 1, "a": {"v": 1, "a": {"v": "one"}}}
    assert (
        judge(tree)(wrong)
        == "The event's data.a.a.v is not what the trigger declares: \"one\" is not of type 'integer'."
    )


@pytest.mark.parametrize(
    ("schema", "data"),
    [({"properties": {"a": {"pattern": "b", "minLength": 9}}}, {"a": "\ud800"}), ({"enum": ["\ud800", 1]}, "\udfff")],
)
def test_half_a_character_is_judged_like_any_other(schema: JSON, data: Any) -> None:
    assert judge(schema)(data) is not None


def test_a_schema_may_refer_to_itself_by_its_own_id() -> None:
    say = judge(
        {"$id": "https://a.example/b", "$ref": "https://a.example/b#/$defs/n", "$defs": {"n": {"type": "null"}}}
    )
    assert say(None) is None
    assert say(1) is not None


NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = (
    st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 1.5, -2, 3, 1e22]) | st.sampled_from(["", "a", "ab", "é"])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner), max_leaves=8)
COUNTS = st.integers(0, 3)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def keywords(inner: st.SearchStrategy[Any]) -> Iterator[tuple[str, st.SearchStrategy[Any]]]:
    yield from (("type", TYPES), ("enum", st.lists(VALUES, max_size=3)), ("const", VALUES), ("pattern", NAMES))
    yield from ((name, COUNTS) for name in ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"))
    yield from ((name, COUNTS) for name in ("minProperties", "maxProperties", "exclusiveMinimum", "exclusiveMaximum"))
    yield from (("uniqueItems", st.booleans()), ("multipleOf", st.sampled_from([1, 2, 0.5])))
    yield from (
        ("required", st.lists(NAMES, unique=True)),
        ("dependentRequired", st.dictionaries(NAMES, st.just(["b"]))),
    )
    yield from ((name, st.lists(inner, min_size=1, max_size=2)) for name in ("allOf", "anyOf", "oneOf", "prefixItems"))
    yield from ((name, inner) for name in ("not", "if", "then", "else", "items", "contains", "additionalProperties"))
    yield from ((name, inner) for name in ("propertyNames", "unevaluatedItems", "unevaluatedProperties"))
    yield from (
        (name, st.dictionaries(NAMES, inner)) for name in ("properties", "patternProperties", "dependentSchemas")
    )
    yield from (("minContains", COUNTS), ("maxContains", COUNTS))


SCHEMAS = st.recursive(
    st.booleans() | st.builds(lambda one: {"type": one}, TYPES) | st.just({"properties": {"a": {"$ref": "#"}}}),
    lambda inner: st.fixed_dictionaries({}, optional=dict(keywords(inner))),
    max_leaves=6,
)


@settings(max_examples=examples(3), deadline=None)
@given(SCHEMAS.filter(lambda schema: isinstance(schema, dict)), VALUES)
def test_it_judges_as_the_reference_implementation_does(schema: JSON, data: Any) -> None:
    assert (judge(schema)(data) is None) == Draft202012Validator(schema).is_valid(data)


async def test_a_worker_stays_at_hand_while_hostile_starts_arrive(engine: Engine) -> None:
    engine.define("name: quick\ntrigger: {event: test.fired}\nactions: [{wait: 1ms}]\n")

    def inline(schema: JSON) -> JSON:
        trigger = {"event": "test.fired", "data": schema}
        return {"name": "hostile", "trigger": trigger, "actions": [{"stop": "completed"}]}

    async def refused(schema: JSON, data: JSON) -> Any:
        handle = await engine.start("inline", {"automation": inline(schema), "event": engine.event(data)})
        with pytest.raises(WorkflowFailureError) as failure:
            await asyncio.wait_for(handle.result(), 10)
        return failure.value.cause

    doubling, large = doubled("allOf"), {"x": [1] * 20_000}
    assert (await refused(doubling, {})).type == "BadAutomation"
    error = await refused({"properties": {"x": {"items": {"allOf": [{"type": "integer"}] * 900}}}}, large)
    assert (error.type, "too large for the schema" in error.message) == ("InvalidEvent", True)
    assert (await engine.run("quick"))["outcome"] == "completed"
