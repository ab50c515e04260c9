"""What schemas say through all their ways, also where they refer to each other without an end."""

from __future__ import annotations

import time

from activities.descriptions.schemas import EVERYTHING, Schemas
from activities.descriptions.validation import Judge


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def test_schemas_that_refer_to_themselves_end() -> None:
    ways = {f"s{n}": {"anyOf": [ref(f"s{(n + 1) % 60}")] * 3, "allOf": [ref(f"s{(n + 2) % 60}")]} for n in range(60)}
    schemas = Schemas(ways)
    began = time.perf_counter()
    assert schemas.types(ref("s0")) == EVERYTHING
    assert schemas.members(ref("s0")) == {}
    assert schemas.required(ref("s0")) == set()
    assert time.perf_counter() - began < 1


def test_types_are_what_all_ways_leave() -> None:
    schemas = Schemas({"id": {"type": ["integer", "null"]}, "word": {"enum": ["a", None]}})
    assert schemas.types({"allOf": [ref("id"), {"type": "integer"}]}) == {"integer"}
    assert schemas.types({"anyOf": [ref("id"), ref("word")]}) == {"integer", "null", "string"}
    assert schemas.types({"type": "number"}) == {"number", "integer"}
    assert schemas.types(True) == EVERYTHING


def test_patterns_that_need_look_around_are_bounded_and_those_of_other_dialects_are_left_out() -> None:
    for pattern, good, bad in (("^(?!x)a+$", "aa", "xa"), (r"^(?<!a)(?>b)$", "b", None), ("[", "anything", None)):
        judge = Judge({"type": "string", "pattern": pattern}, {})
        assert not [*judge.flaws(good, lambda _: False)]
        assert bad is None or [*judge.flaws(bad, lambda _: False)]


def test_a_member_that_only_answers_have_is_not_missed() -> None:
    schema = {"allOf": [ref("base"), {"required": ["id", "name"]}]}
    judge = Judge(schema, {"base": {"properties": {"id": {"type": "string", "readOnly": True}}}})
    assert [flaw.path for flaw in judge.flaws({}, lambda _: False)] == [("name",)]


def test_no_sentence_repeats_a_value() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"enum": ["x"]}, "b": {"maxLength": 3}, "c": {"pattern": "^a"}, "d": {"type": "integer"}},
        "additionalProperties": False,
    }
    said = [flaw.sentence for flaw in Judge(schema, {}).flaws(dict.fromkeys("abcd", "hidden-word"), lambda _: False)]
    assert len(said) == 4
    assert "hidden-word" not in str(said)
